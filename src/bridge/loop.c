/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/loop.h"

#include <errno.h>
#include <qblk/error.h>
#include <unistd.h>

/* Sources that are dispatched in one turn.  The kernel returns those that wait longest first. */
#define TURN_SOURCES 64

gboolean
qblk_loop_init(QblkLoop *loop, GError **error)
{
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0) {
        g_set_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_SOCKET,
                    "cannot wait for sockets: %s", g_strerror(errno));
        return FALSE;
    }

    loop->buffer = g_malloc(QBLK_LOOP_BUFFER_BYTES);
    return TRUE;
}

void
qblk_loop_clear(QblkLoop *loop)
{
    if (loop->epoll_fd >= 0) {
        close(loop->epoll_fd);
    }
    g_free(loop->buffer);
}

void
qblk_loop_set(const QblkLoop *loop, QblkLoopSource *source, guint32 events)
{
    struct epoll_event event = {.events = events, .data = {.ptr = source}};
    if (source->fd < 0 || source->is_unwaitable || (source->is_added && source->events == events)) {
        source->events = events;
        return;
    }

    int operation = source->is_added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    source->events = events;
    source->is_added = epoll_ctl(loop->epoll_fd, operation, source->fd, &event) == 0;
    source->is_unwaitable = !source->is_added && errno == EPERM;
}

void
qblk_loop_remove(const QblkLoop *loop, QblkLoopSource *source)
{
    if (source->is_added) {
        (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
    }
    source->is_added = FALSE;
    source->events = 0;
}

void
qblk_loop_dispatch(const QblkLoop *loop)
{
    struct epoll_event events[TURN_SOURCES];
    int count = epoll_wait(loop->epoll_fd, events, TURN_SOURCES, 0);

    for (int i = 0; i < count; i++) {
        QblkLoopSource *source = events[i].data.ptr;

        /* A function before it may have removed it. */
        if (source->is_added) {
            source->func(source->owner, events[i].events);
        }
    }
}
