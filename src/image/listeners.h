/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Where a process of this machine waits for connections, as /proc shows it: nothing is connected
 * to, as a server may serve one client only.
 */
#pragma once

#include <glib.h>

typedef struct QblkListeners QblkListeners;

/**
 * List the sockets on which the process @pid listens.
 *
 * Returns: (transfer full): the sockets; empty if the process may not be inspected
 */
QblkListeners *qblk_listeners_find(gint64 pid) G_GNUC_WARN_UNUSED_RESULT;

QblkListeners *qblk_listeners_new(void) G_GNUC_WARN_UNUSED_RESULT;
void qblk_listeners_free(QblkListeners *listeners);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkListeners, qblk_listeners_free)

/**
 * Add the sockets of a table of the kernel that listen: of /proc/PID/net/unix, of
 * /proc/PID/net/tcp or tcp6.
 *
 * @own: the names of the sockets of the process: "socket:[12]"
 */
void qblk_listeners_add_unix(QblkListeners *listeners, const char *table, GHashTable *own);
void qblk_listeners_add_tcp(QblkListeners *listeners, const char *table, GHashTable *own);

/** Returns: (transfer none): the names to which its unix sockets are bound, of char: a path that
 * may be relative to the directory of the process; after "@" a name that is no path */
const GPtrArray *qblk_listeners_paths(const QblkListeners *listeners);

/**
 * Find out whether a connection to @port (a number or the name of a service) of @host reaches one
 * of the TCP sockets.  No name is looked up on the network: @host is an address, "localhost", empty
 * or the name of this machine.
 */
gboolean qblk_listeners_has_address(const QblkListeners *listeners, const char *host,
                                    const char *port);

/**
 * Find out whether a unix socket at @path accepts connections, without connecting: the kernel looks
 * for the socket before it notices that datagrams cannot be sent to it.
 *
 * Returns: 0, also if that is not known; ENOENT if nothing is there, ECONNREFUSED if it is not a
 * socket or no process has it
 */
int qblk_listeners_probe(const char *path);

/**
 * Find the process that listens on the unix socket at @path.  The function connects for a moment:
 * use it only if a connection has been accepted there already.
 *
 * Returns: 0 if it is not known
 */
gint64 qblk_listeners_server(const char *path);
