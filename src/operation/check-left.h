/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What operations of qblk have left: nodes and jobs in QEMU that no journal needs, and marks of
 * files that do not exist.
 */
#pragma once

#include "chain/difference.h"

/**
 * Add the nodes for the disk of @chain that are left, and the concluded jobs whose disk only their
 * ids tell.
 *
 * @with_named: add those as well that a journal in @state_dir names, with the path of that; they
 *   are not left
 */
void qblk_check_left(const QblkSnapshot *snapshot, const QblkChain *chain, const char *state_dir,
                     gboolean with_named, GPtrArray *differences);

/**
 * Add the marks beside the images of @chain that are of files which do not exist, or were replaced;
 * and those in the same directories of images that were merged into one of the chain.
 */
void qblk_check_left_marks(const QblkChain *chain, GPtrArray *differences);
