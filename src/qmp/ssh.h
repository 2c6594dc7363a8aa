/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * An ssh that forwards the QMP socket of another machine to a socket in a private directory.
 *
 * The program is that of the environment variable QBLK_SSH, by default "ssh".  It asks for
 * passwords on the terminal as usual; without a terminal it asks nothing.  It ends with the thread
 * that started it.
 */
#pragma once

#include "base/waiter.h"
#include "qmp/address.h"

typedef struct QblkSsh QblkSsh;

/**
 * Start ssh, and wait until it listens on the socket.
 *
 * @timeout_ms: the time limit in milliseconds, for reaching the host and exchanging keys; then, if
 *   a person can be asked, authentication has none, otherwise the limit includes it
 * @waiter: (nullable): waits for ssh
 *
 * Returns: (transfer full): the process; NULL with QBLK_QMP_ERROR_CONNECT, or with
 * QBLK_QMP_ERROR_TIMEOUT
 */
QblkSsh *qblk_ssh_start(const QblkAddress *address, int timeout_ms, const QblkWaiter *waiter,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: the path of the socket to connect to */
const char *qblk_ssh_get_socket(const QblkSsh *ssh);

/** Remove the socket and its directory: a connection stays. */
void qblk_ssh_remove_socket(QblkSsh *ssh);

/** End @ssh, to whose socket no connection can be made, and set @error to the reason that it has
 * reported. */
void qblk_ssh_end(QblkSsh *ssh, GError **error);

/** Returns: (transfer full) (nullable): why @ssh has closed the connection, if it reported that */
char *qblk_ssh_explain(const QblkSsh *ssh) G_GNUC_WARN_UNUSED_RESULT;

/** End the process, wait for it, and remove what it has left. */
void qblk_ssh_free(QblkSsh *ssh);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkSsh, qblk_ssh_free)
