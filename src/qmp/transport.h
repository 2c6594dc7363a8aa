/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Descriptors: opening the connection, and bytes over it.  No function raises SIGPIPE.
 */
#pragma once

#include "base/waiter.h"
#include "qmp/address.h"
#include "qmp/ssh.h"

#include <sys/un.h>

/** The address of a unix socket. */
typedef struct {
    struct sockaddr_un address;
    int directory; /* owned; -1: @address does not need it */
} QblkUnixName;

#define QBLK_UNIX_NAME_INIT                                                                        \
    {                                                                                              \
        .directory = -1                                                                            \
    }

/**
 * Set @name, which is QBLK_UNIX_NAME_INIT, to the address of @path.  A path that is too long for an
 * address is reached through its directory.
 *
 * Returns: 0 or errno
 */
int qblk_unix_name_set(QblkUnixName *name, const char *path) G_GNUC_WARN_UNUSED_RESULT;
void qblk_unix_name_clear(QblkUnixName *name);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkUnixName, qblk_unix_name_clear)

/**
 * Open a connection.  Looking up a host name may take longer than the time limit, and so may ssh
 * while it asks a person: see qblk_ssh_start().
 *
 * For a descriptor, that one is returned if it is a connected stream socket.  Its file status flags
 * are changed, which affects other processes that share the open socket.
 *
 * @timeout_ms: the time limit in milliseconds
 * @waiter: (nullable): waits for the peer; a host name is looked up without it
 * @ssh: (out) (transfer full) (nullable): the ssh that forwards the connection, or NULL; free it
 *   after the descriptor was closed
 *
 * Returns: (transfer full): a descriptor that is non-blocking and closed on exec; -1 with
 * QBLK_QMP_ERROR_CONNECT, with QBLK_QMP_ERROR_BUSY if the backlog of a unix socket is full, because
 * that many clients wait for the monitor, or with QBLK_QMP_ERROR_ARGUMENT if @address is not one of
 * a monitor.  On failure a given descriptor is not changed.
 */
int qblk_transport_open(const QblkAddress *address, int timeout_ms, const QblkWaiter *waiter,
                        QblkSsh **ssh, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Send some of @length bytes.
 *
 * Returns: how many; 0 if the socket accepts no byte at the moment; -1 with errno if it never will
 */
gssize qblk_transport_send(int fd, const char *bytes, gsize length) G_GNUC_WARN_UNUSED_RESULT;

typedef enum {
    QBLK_TRANSPORT_BYTES,   /* at least one byte was read */
    QBLK_TRANSPORT_NOTHING, /* no byte is available at the moment */
    QBLK_TRANSPORT_END,     /* the peer closed the connection, or does not exist any longer */
    QBLK_TRANSPORT_FAILED,  /* errno is set */
} QblkTransportResult;

/** Read up to @size bytes into @buffer; @length is set for QBLK_TRANSPORT_BYTES. */
QblkTransportResult qblk_transport_receive(int fd, char *buffer, gsize size,
                                           gsize *length) G_GNUC_WARN_UNUSED_RESULT;
