/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/worker-wait.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* How often workers are looked at if the system has no descriptors left to wait for them. */
#define RETRY_US 10000

static void
on_ready(gpointer owner, guint32 events)
{
    QblkWorkerWait *wait = owner;
    wait->is_ready = TRUE;
}

void
qblk_worker_wait_init(QblkWorkerWait *wait, const QblkLoop *loop)
{
    wait->loop = loop;
    wait->source = (QblkLoopSource){.fd = -1, .func = on_ready, .owner = wait};
    wait->items = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
    wait->deadline = -1;
}

static void
close_source(QblkWorkerWait *wait)
{
    qblk_loop_remove(wait->loop, &wait->source);
    if (wait->source.fd >= 0) {
        close(wait->source.fd);
    }
    wait->source.fd = -1;
}

void
qblk_worker_wait_clear(QblkWorkerWait *wait)
{
    close_source(wait);
    g_array_unref(wait->items);
}

void
qblk_worker_wait_dispatch(QblkWorkerWait *wait, gint64 now)
{
    gboolean is_due = wait->deadline >= 0 && wait->deadline <= now;
    if (!wait->is_ready && !wait->has_changed && !is_due) {
        return;
    }

    wait->is_ready = FALSE;
    wait->has_changed = TRUE;
    g_array_set_size(wait->items, 0);
    (void)qblk_workers_prepare(wait->workers, wait->items);
    (void)poll((struct pollfd *)(gpointer)wait->items->data, wait->items->len, 0);
    qblk_workers_dispatch(wait->workers, wait->items, now);
}

/* ---- waiting ---- */

/* Two workers may wait for one descriptor. */
static guint32
events_for(const GArray *items, int fd)
{
    guint32 events = 0;
    for (guint i = 0; i < items->len; i++) {
        const struct pollfd *item = &g_array_index(items, struct pollfd, i);

        /* The values of poll() and of epoll are the same. */
        events |= item->fd == fd ? (guint32)(unsigned short)item->events : 0;
    }
    return events;
}

/* A descriptor that was closed may be another one by now, so all are added anew: it takes a few
 * microseconds.  Returns: FALSE if there are no descriptors left */
static gboolean
open_source(QblkWorkerWait *wait)
{
    wait->source.fd = epoll_create1(EPOLL_CLOEXEC);
    gboolean done = wait->source.fd >= 0;

    for (guint i = 0; i < wait->items->len && done; i++) {
        int fd = g_array_index(wait->items, struct pollfd, i).fd;
        struct epoll_event event = {.events = events_for(wait->items, fd)};
        done =
            fd < 0 || epoll_ctl(wait->source.fd, EPOLL_CTL_ADD, fd, &event) == 0 || errno == EEXIST;
    }
    if (done) {
        qblk_loop_set(wait->loop, &wait->source, EPOLLIN);
    }
    return done && wait->source.is_added;
}

gint64
qblk_worker_wait_prepare(QblkWorkerWait *wait, gint64 now)
{
    if (!wait->has_changed) {
        return wait->deadline;
    }

    wait->has_changed = FALSE;
    close_source(wait);
    g_array_set_size(wait->items, 0);
    wait->deadline = qblk_workers_prepare(wait->workers, wait->items);
    if (wait->items->len > 0 && !open_source(wait)) {
        gint64 retry = now + RETRY_US;
        wait->deadline = wait->deadline < 0 ? retry : MIN(wait->deadline, retry);
        wait->has_changed = TRUE;
    }
    return wait->deadline;
}
