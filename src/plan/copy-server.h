/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The server that a copy is written to: QEMU waits for it in its main loop, so that it must not be
 * QEMU itself.
 */
#pragma once

#include "plan/copy-options.h"

/**
 * Check that the server of the destination is not QEMU, and that a unix socket has a server.
 *
 * @opened: (nullable): what QEMU has open; NULL: it is not known
 *
 * Returns: TRUE, also if nothing is known; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_copy_server_check(const QblkCopyOptions *options, QblkOpenedFiles *opened,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
