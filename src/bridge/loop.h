/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The descriptors of a bridge in one epoll instance, which is itself a descriptor that a program
 * waits for.
 */
#pragma once

#include <glib.h>
#include <sys/epoll.h>

/** Bytes of the buffer that all connections share, so that an idle one needs no memory: what the
 * kernel keeps of a unix socket by default. */
#define QBLK_LOOP_BUFFER_BYTES (208 * 1024)

typedef struct {
    int epoll_fd;
    char *buffer; /* owned, QBLK_LOOP_BUFFER_BYTES: for one call of a function */
} QblkLoop;

typedef struct QblkLoopSource QblkLoopSource;

/** @events: EPOLLIN and others.  It must not free a source. */
typedef void (*QblkLoopFunc)(gpointer owner, guint32 events);

/** A descriptor of the loop; its memory must not move. */
struct QblkLoopSource {
    int fd; /* borrowed, or -1 */
    QblkLoopFunc func;
    gpointer owner;         /* passed to @func */
    gboolean is_added;      /* to the epoll instance */
    gboolean is_unwaitable; /* a file, which is always ready */
    guint32 events;         /* that are waited for */
};

/** Returns: FALSE with QBLK_BRIDGE_ERROR_SOCKET */
gboolean qblk_loop_init(QblkLoop *loop, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_loop_clear(QblkLoop *loop);

/** Wait for @events of @source from now on; for 0 only the end of a connection is reported. */
void qblk_loop_set(const QblkLoop *loop, QblkLoopSource *source, guint32 events);

/** Stop waiting for @source. */
void qblk_loop_remove(const QblkLoop *loop, QblkLoopSource *source);

/** Call the functions of the sources that are ready, without waiting. */
void qblk_loop_dispatch(const QblkLoop *loop);
