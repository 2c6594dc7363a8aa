/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Descriptors: opening the connection, and bytes over it.  No call here raises SIGPIPE.
 */
#pragma once

#include "qmp/address.h"

/**
 * Open a connection within @timeout_ms milliseconds: a descriptor that is non-blocking and closed
 * on exec, owned by the caller.
 *
 * For `fd:N` the descriptor itself is returned when it is a connected stream socket, and belongs to
 * the caller from then on; its file status flags are changed, which other processes that share the
 * open socket will see.  On failure it is left as it was.
 *
 * Fails with QBLK_QMP_ERROR_CONNECT, or with QBLK_QMP_ERROR_BUSY where a unix socket's backlog is
 * full: so many clients already wait for the monitor.  Looking up a host name may take longer than
 * the timeout.
 */
int qblk_transport_open(const QblkAddress *address, int timeout_ms,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Send some of @length bytes.  Returns how many, 0 where the socket takes none now, -1 with errno
 * where it will never take any.
 */
gssize qblk_transport_send(int fd, const char *bytes, gsize length) G_GNUC_WARN_UNUSED_RESULT;

typedef enum {
    QBLK_TRANSPORT_BYTES,   /* at least one byte was read */
    QBLK_TRANSPORT_NOTHING, /* there is none now */
    QBLK_TRANSPORT_END,     /* the peer closed the connection, or is gone */
    QBLK_TRANSPORT_FAILED,  /* errno says why */
} QblkTransportResult;

/** Read up to @size bytes into @buffer; sets @length where there are any. */
QblkTransportResult qblk_transport_receive(int fd, char *buffer, gsize size,
                                           gsize *length) G_GNUC_WARN_UNUSED_RESULT;
