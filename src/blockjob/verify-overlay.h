/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Checking a new overlay right before it is put over its disk.
 */
#pragma once

#include "plan/plan.h"

/**
 * Check that the disk of @plan and its overlay in @snapshot still fit together: that the chain is
 * the one before, the overlay has the size of the disk, its name leads to its file, and its header
 * names the active image and its format.  The guest would lose data in an overlay of another size,
 * and its next start needs the right header.  An overlay whose node is gone is left to QEMU, which
 * refuses it.
 *
 * @is_local: the names of files are those of this machine
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_verify_overlay(const QblkPlan *plan, const QblkSnapshot *snapshot, gboolean is_local,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
