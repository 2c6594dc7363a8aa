/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * When a watch queries QEMU, as a state machine without a clock: times are in microseconds of any
 * clock, and are passed in.
 */
#pragma once

#include "operation/watch-options.h"

typedef enum {
    QBLK_WATCH_WAIT,     /* for an event, or up to the deadline */
    QBLK_WATCH_FETCH,    /* a snapshot */
    QBLK_WATCH_PROGRESS, /* the jobs only */
    QBLK_WATCH_LOOK,     /* if QEMU responds and the graph is the same */
} QblkWatchAction;

typedef struct {
    gint64 delay, progress, look;          /* intervals; the last two: 0 for never */
    gint64 fetch_at, progress_at, look_at; /* -1: not due */
    gint64 not_before;                     /* the next fetch */
    guint pause;                           /* before the next attempt to connect, in seconds */
} QblkWatchSchedule;

void qblk_watch_schedule_init(QblkWatchSchedule *schedule, const QblkWatchOptions *options);

/** A connection is made at @now: a snapshot is due at once. */
void qblk_watch_schedule_connect(QblkWatchSchedule *schedule, gint64 now);

/** Something has changed: a snapshot is due after the delay, which further changes do not prolong.
 */
void qblk_watch_schedule_change(QblkWatchSchedule *schedule, gint64 now);

/** A fetch begins: changes after it need another one. */
void qblk_watch_schedule_begin_fetch(QblkWatchSchedule *schedule);

/** The fetch that began at @begin has ended. @runs: TRUE if a job runs */
void qblk_watch_schedule_end_fetch(QblkWatchSchedule *schedule, gint64 begin, gint64 now,
                                   gboolean runs);

/** The graph changed during the fetch, or cannot be read now: it is fetched again after a second.
 */
void qblk_watch_schedule_retry(QblkWatchSchedule *schedule, gint64 now);

/** The progress was queried. */
void qblk_watch_schedule_end_progress(QblkWatchSchedule *schedule, gint64 now, gboolean runs);

/** The look that began at @begin has ended. */
void qblk_watch_schedule_end_look(QblkWatchSchedule *schedule, gint64 begin, gint64 now);

/** QEMU has not replied in time: only look if it responds again. */
void qblk_watch_schedule_fall_silent(QblkWatchSchedule *schedule, gint64 now);

/** @deadline: (out): of the wait; -1: none */
QblkWatchAction qblk_watch_schedule_next(const QblkWatchSchedule *schedule, gint64 now,
                                         gint64 *deadline);

/** Returns: the seconds to wait before the next attempt to connect: 1, 2, 4 ... 30 */
guint qblk_watch_schedule_next_pause(QblkWatchSchedule *schedule);
