/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The descriptors of one client of the mux: a socket, or two pipes, terminals or files.
 */
#pragma once

#include "bridge/loop.h"
#include "bridge/mux.h"

typedef struct QblkConnection QblkConnection;

/**
 * @in, @out: (transfer full): the descriptors, which may be the same; a write to @out must not
 *   raise SIGPIPE, which only a socket prevents by itself
 */
QblkConnection *qblk_connection_new(const QblkLoop *loop, QblkMux *mux, int in, int out,
                                    QblkAccess access);

/** Close the descriptors, and remove the client from the mux. */
void qblk_connection_free(QblkConnection *connection);

/** Read bytes, if a file has any: other descriptors are read by the loop. */
void qblk_connection_poll(QblkConnection *connection);

/** Returns: TRUE if qblk_connection_poll() should be called without waiting */
gboolean qblk_connection_is_ready(const QblkConnection *connection);

/** Send what the mux has for the client.  Returns: TRUE if bytes were sent */
gboolean qblk_connection_flush(QblkConnection *connection);

/** Returns: TRUE if all was sent, or nothing will be */
gboolean qblk_connection_is_flushed(const QblkConnection *connection);

/** Read no more bytes of the client, and let the connection be over when all is sent.  A client
 * that ends its input itself gets the replies to its commands. */
void qblk_connection_close(QblkConnection *connection);

/** Wait for what is possible now. */
void qblk_connection_wait(QblkConnection *connection);

/**
 * @reason: (out) (nullable): set if it returns TRUE: NULL if the client has closed the connection,
 *   else what it did
 *
 * Returns: TRUE if the connection is to be freed
 */
gboolean qblk_connection_is_over(const QblkConnection *connection, const char **reason);

const QblkMuxClient *qblk_connection_get_client(const QblkConnection *connection);
