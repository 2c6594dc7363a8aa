/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The connection of the mux to QEMU: connected by a worker, so that the loop never waits.
 */
#pragma once

#include "bridge/loop.h"
#include "bridge/message-log.h"
#include "bridge/mux.h"
#include "bridge/worker.h"

#include <qblk/address.h>

typedef enum {
    QBLK_QEMU_LINK_CONNECTING,
    QBLK_QEMU_LINK_GREETING, /* connected: QEMU does not accept commands yet */
    QBLK_QEMU_LINK_READY,
    QBLK_QEMU_LINK_ENDED, /* with or without an error */
} QblkQemuLinkState;

typedef struct QblkQemuLink QblkQemuLink;

typedef struct {
    const QblkAddress *address; /* borrowed */
    int timeout_ms;             /* of connecting, and of the handshake */
    int pause_ms;               /* before the first attempt */
    gboolean waits;             /* connecting is repeated until it succeeds, and the greeting has
                                 * no time limit */
    QblkMessageLog *log;        /* borrowed */
} QblkQemuLinkOptions;

/** Begin to connect. */
QblkQemuLink *qblk_qemu_link_new(const QblkLoop *loop, QblkMux *mux, QblkWorkers *workers,
                                 const QblkQemuLinkOptions *options);

/** Close the connection.  A worker that still connects ends by itself. */
void qblk_qemu_link_free(QblkQemuLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkQemuLink, qblk_qemu_link_free)

QblkQemuLinkState qblk_qemu_link_get_state(const QblkQemuLink *link);

/** Returns: (nullable): why the last attempt to connect has failed, or NULL */
const char *qblk_qemu_link_get_reason(const QblkQemuLink *link);

/** Returns: (transfer full) (nullable): why the connection has ended; NULL if QEMU has closed it
 * between two messages */
GError *qblk_qemu_link_take_error(QblkQemuLink *link);

/** Send what the mux has for QEMU.  Returns: TRUE if bytes were sent */
gboolean qblk_qemu_link_flush(QblkQemuLink *link);

/** See if the worker has connected, and if the time of the handshake is over. */
void qblk_qemu_link_check(QblkQemuLink *link, gint64 now);

/** Wait for what is possible now.  Returns: the time at which qblk_qemu_link_check() is needed, in
 * microseconds of the monotonic clock; -1: no such time */
gint64 qblk_qemu_link_wait(QblkQemuLink *link);

/** Returns: the connected descriptor; -1 without one */
int qblk_qemu_link_get_fd(const QblkQemuLink *link);
