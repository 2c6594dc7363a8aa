/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The sockets of a network namespace, as the tables of the kernel show them: /proc/PID/net/unix,
 * /proc/PID/net/tcp and tcp6.
 */
#pragma once

#include <glib.h>
#include <netinet/in.h>

typedef enum {
    QBLK_SOCKET_LISTENS,
    QBLK_SOCKET_CONNECTED,
    QBLK_SOCKET_WAITS, /* a client has connected, and the process has not accepted it yet */
    QBLK_SOCKET_OTHER,
} QblkSocketState;

typedef struct {
    QblkSocketState state;
    char *name; /* owned: as in a link of /proc/PID/fd: "socket:[12]" */
    char *path; /* owned: unix, the name to which it is bound, which may be relative to the
                 * directory of its process; after "@" a name that is no path; NULL: none */
    struct in6_addr address; /* tcp: its own address; one of IPv4 is mapped into one of IPv6 */
    guint16 port;            /* tcp */
} QblkSocket;

/** Returns: (transfer full): the unix sockets with a name, or the TCP sockets, of QblkSocket */
GPtrArray *qblk_socket_table_read_unix(const char *table) G_GNUC_WARN_UNUSED_RESULT;
GPtrArray *qblk_socket_table_read_tcp(const char *table) G_GNUC_WARN_UNUSED_RESULT;

/** Set @address to the IPv4 address whose @bytes are in network order. */
void qblk_socket_table_map_ipv4(struct in6_addr *address, const void *bytes);

/**
 * Find the sockets that a process has.
 *
 * @directory: /proc/PID/fd
 *
 * Returns: (transfer full) (nullable): the names of its sockets, as a set; NULL if the directory
 * cannot be read
 */
GHashTable *qblk_socket_table_find_own(const char *directory) G_GNUC_WARN_UNUSED_RESULT;
