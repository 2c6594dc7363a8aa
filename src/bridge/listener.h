/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A unix socket that listens: it has its mode and group before a client can connect, never takes
 * the place of one that is in use, and is removed at the end if it is still the same.
 *
 * Bridges that make or remove sockets in one directory take turns: each locks the directory.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

typedef struct QblkListener QblkListener;

/** The permissions of a socket that a bridge makes. */
typedef struct {
    mode_t mode;
    gid_t group; /* (gid_t)-1: that of the process */
} QblkListenerAccess;

/**
 * Make a socket at @path.  A socket there to which nothing listens is replaced.
 *
 * Returns: (transfer full): the listener; NULL with QBLK_BRIDGE_ERROR_IN_USE if another process
 * listens there, or if there is another file; or with QBLK_BRIDGE_ERROR_SOCKET
 */
QblkListener *qblk_listener_new(const char *path, const QblkListenerAccess *access,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Take over @fd, which another program has made, and which is not removed at the end.
 *
 * Returns: (transfer full): the listener, which owns @fd; NULL with QBLK_BRIDGE_ERROR_SOCKET if it
 * is not a unix stream socket that listens: @fd is still the caller's
 */
QblkListener *qblk_listener_new_fd(int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Close and remove the socket. */
void qblk_listener_free(QblkListener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkListener, qblk_listener_free)

int qblk_listener_get_fd(const QblkListener *listener);

/** Returns: its absolute path, or that of the socket that was taken over */
const char *qblk_listener_get_path(const QblkListener *listener);

/**
 * Find a group by its name or its number.
 *
 * Returns: FALSE with QBLK_BRIDGE_ERROR_ARGUMENT if there is no such group
 */
gboolean qblk_listener_find_group(const char *name, gid_t *group,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
