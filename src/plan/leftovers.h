/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What operations of qblk may have left in QEMU: nodes of copies and overlays that nothing uses,
 * and jobs that have concluded.  They are found by the names that qblk gives, which prove nothing:
 * other clients can use them, and an operation of another qblk may be about to use its node.
 */
#pragma once

#include "chain/difference.h"

/** Returns: TRUE if @id is one that qblk gives to a job of the disk @target. */
gboolean qblk_leftovers_is_job(const char *id, const char *target);

/**
 * Add the nodes for the disk of @chain that nothing uses, in the order in which they can be
 * deleted.
 *
 * @differences: of QblkDifference
 */
void qblk_leftovers_add_nodes(const QblkSnapshot *snapshot, const QblkChain *chain,
                              GPtrArray *differences);
