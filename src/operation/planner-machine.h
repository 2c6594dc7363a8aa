/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Whether the paths of this machine are those of QEMU, before a file is created.
 */
#pragma once

#include "chain/chain.h"

/**
 * Check that the QEMU of @snapshot runs on this machine, if the process behind its monitor is known
 * not to be QEMU.  That may be a relay to another machine, on which a file of the same name would
 * be overwritten.
 *
 * @chain: of the disk; if another process here has its active image locked, that is QEMU
 * @path: of the new image
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_planner_machine_check(const QblkSnapshot *snapshot, const QblkChain *chain,
                                    const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
