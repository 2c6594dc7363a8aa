/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The protocols of a service manager: sockets that it has opened for a service (sd_listen_fds(3)),
 * and what it is told of the state of the service (sd_notify(3)).
 */
#pragma once

#include <glib.h>

/** A socket that the service manager has opened. */
typedef struct {
    int fd;
    gboolean is_read_only; /* its name is "read-only" */
} QblkActivatedSocket;

/**
 * Read LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES.
 *
 * @environment: (array zero-terminated=1): of the process, NAME=VALUE each
 * @pid: of the process
 *
 * Returns: (transfer full) (element-type QblkActivatedSocket): the sockets; NULL with
 * QBLK_BRIDGE_ERROR_ARGUMENT if a socket has another name than "qmp" or "read-only", or a variable
 * is not valid
 */
GArray *qblk_activation_read(const char *const *environment, gint64 pid,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Send @message, such as "READY=1", to the service manager.
 *
 * @socket_path: (nullable): the value of NOTIFY_SOCKET, with '@' in front of an abstract name; NULL
 *   if there is no service manager
 *
 * Returns: TRUE if it was sent; a service manager that does not take it is no reason to fail
 */
gboolean qblk_activation_notify(const char *socket_path, const char *message);
