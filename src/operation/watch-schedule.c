/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/watch-schedule.h"

/* Fetching takes at most a fifth of the time, and looking a hundredth. */
#define FETCH_FACTOR 4
#define LOOK_FACTOR  100

#define RETRY (1 * G_USEC_PER_SEC)

/* Between attempts to connect, in seconds. */
#define MAX_PAUSE 30

void
qblk_watch_schedule_init(QblkWatchSchedule *schedule, const QblkWatchOptions *options)
{
    *schedule = (QblkWatchSchedule){
        .delay = (gint64)options->delay_ms * 1000,
        .progress = (gint64)options->progress_ms * 1000,
        .look = (gint64)options->look_ms * 1000,
        .fetch_at = -1,
        .progress_at = -1,
        .look_at = -1,
    };
}

void
qblk_watch_schedule_connect(QblkWatchSchedule *schedule, gint64 now)
{
    schedule->fetch_at = now;
    schedule->not_before = now;
    schedule->progress_at = -1;
    schedule->look_at = -1;
}

void
qblk_watch_schedule_change(QblkWatchSchedule *schedule, gint64 now)
{
    if (schedule->fetch_at < 0) {
        schedule->fetch_at = MAX(now + schedule->delay, schedule->not_before);
    }
}

void
qblk_watch_schedule_begin_fetch(QblkWatchSchedule *schedule)
{
    schedule->fetch_at = -1;
}

static gint64
after(gint64 now, gint64 interval)
{
    return interval > 0 ? now + interval : -1;
}

void
qblk_watch_schedule_end_fetch(QblkWatchSchedule *schedule, gint64 begin, gint64 now, gboolean runs)
{
    schedule->not_before = now + (now - begin) * FETCH_FACTOR;
    if (schedule->fetch_at >= 0) {
        schedule->fetch_at = MAX(schedule->fetch_at, schedule->not_before);
    }
    schedule->pause = 0;
    schedule->progress_at = runs ? after(now, schedule->progress) : -1;
    schedule->look_at = after(now, schedule->look);
}

void
qblk_watch_schedule_retry(QblkWatchSchedule *schedule, gint64 now)
{
    schedule->fetch_at = now + RETRY;
    schedule->progress_at = -1;
    schedule->look_at = after(now, schedule->look);
}

void
qblk_watch_schedule_end_progress(QblkWatchSchedule *schedule, gint64 now, gboolean runs)
{
    schedule->progress_at = runs ? after(now, schedule->progress) : -1;
}

void
qblk_watch_schedule_end_look(QblkWatchSchedule *schedule, gint64 begin, gint64 now)
{
    schedule->look_at = after(now, schedule->look);
    if (schedule->look_at >= 0) {
        schedule->look_at = MAX(schedule->look_at, now + (now - begin) * LOOK_FACTOR);
    }
}

/* A silent QEMU is asked in any case, or the watch would not end. */
void
qblk_watch_schedule_fall_silent(QblkWatchSchedule *schedule, gint64 now)
{
    schedule->fetch_at = -1;
    schedule->progress_at = -1;
    schedule->look_at = now + (schedule->look > 0 ? schedule->look : RETRY);
}

QblkWatchAction
qblk_watch_schedule_next(const QblkWatchSchedule *schedule, gint64 now, gint64 *deadline)
{
    const struct {
        QblkWatchAction action;
        gint64 at;
    } due[] = {
        {QBLK_WATCH_FETCH, schedule->fetch_at},
        {QBLK_WATCH_PROGRESS, schedule->progress_at},
        {QBLK_WATCH_LOOK, schedule->look_at},
    };

    *deadline = -1;
    for (gsize i = 0; i < G_N_ELEMENTS(due); i++) {
        if (due[i].at < 0) {
            continue;
        }
        if (due[i].at <= now) {
            return due[i].action;
        }
        *deadline = *deadline < 0 ? due[i].at : MIN(*deadline, due[i].at);
    }
    return QBLK_WATCH_WAIT;
}

guint
qblk_watch_schedule_next_pause(QblkWatchSchedule *schedule)
{
    schedule->pause = CLAMP(schedule->pause * 2, 1, MAX_PAUSE);
    return schedule->pause;
}
