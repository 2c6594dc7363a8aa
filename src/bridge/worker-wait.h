/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What workers wait for, as a source of the loop.
 */
#pragma once

#include "bridge/loop.h"
#include "bridge/worker.h"

typedef struct {
    const QblkLoop *loop;  /* borrowed */
    QblkWorkers *workers;  /* borrowed; set by the owner */
    QblkLoopSource source; /* owns an epoll instance of what they wait for; -1: nothing */
    GArray *items;         /* of struct pollfd, owned: see qblk_workers_prepare() */
    gboolean is_ready;     /* a descriptor is ready */
    gboolean has_changed;  /* they wait for something else */
    gint64 deadline;       /* see qblk_workers_prepare() */
} QblkWorkerWait;

void qblk_worker_wait_init(QblkWorkerWait *wait, const QblkLoop *loop);
void qblk_worker_wait_clear(QblkWorkerWait *wait);

/** Continue the workers whose wait has ended. */
void qblk_worker_wait_dispatch(QblkWorkerWait *wait, gint64 now);

/** Let the loop wait for what the workers wait for.  Returns: the time at which one wait ends, in
 * microseconds of the monotonic clock; -1: no such time */
gint64 qblk_worker_wait_prepare(QblkWorkerWait *wait, gint64 now);
