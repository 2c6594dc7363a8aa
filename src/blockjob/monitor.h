/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The monitor as the runner uses it: the one place where block jobs meet a live QEMU.
 *
 * It sends commands, keeps the states of the jobs that matter up to date from events, waits for
 * QEMU, the user and the time at once, and connects once more where the connection is lost.  Where
 * nothing was asked for a while it asks for the jobs: that finds what events did not tell, and a
 * QEMU that stands still.
 */
#pragma once

#include "blockjob/job-state.h"
#include "graph/snapshot.h"
#include "qmp/client.h"

typedef struct {
    QblkClient **client; /* borrowed; replaced by another one when connected again */
    const char *address; /* to connect to once more, NULL: do not */
    int timeout_ms;      /* for that, and for each answer */
    int heartbeat_ms;    /* how long to wait without having asked */
    gint64 ask_at;       /* when to ask next, microseconds of the monotonic clock */
    guint unanswered;    /* how often in a row QEMU did not answer in time */
    guint patience;      /* how often it may: QBLK_LIMIT_UNANSWERED or more */
    int stop_fd;         /* readable: the user wants to stop; -1: none */
    guint stops;         /* how often that was */
    GPtrArray *jobs;     /* of QblkJobState, owned: those that matter */
    gboolean has_reconnected;
} QblkMonitor;

/** Drops the events that have come before.  @heartbeat_ms of 0 is @timeout_ms, and that of 0 is
 * the default. */
void qblk_monitor_init(QblkMonitor *monitor, QblkClient **client, const char *address,
                       int timeout_ms, int heartbeat_ms, int stop_fd);
void qblk_monitor_clear(QblkMonitor *monitor);

/** What is known of the job @id; from the first call on it is heard of.  Borrowed. */
QblkJobState *qblk_monitor_job(QblkMonitor *monitor, const char *id);

/** The connection has failed, or QEMU has not answered for too long. */
gboolean qblk_monitor_is_lost(const QblkMonitor *monitor);

/** Execute one command and wait for its value, owned by the caller. */
QblkJson *qblk_monitor_call(QblkMonitor *monitor, const char *command, const QblkJson *arguments,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Ask for the states of all jobs, where events may have been missed. */
gboolean qblk_monitor_ask(QblkMonitor *monitor, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The same, where the answer is not needed now: a QEMU that is too busy to give it has not failed
 * before it is lost. */
gboolean qblk_monitor_look(QblkMonitor *monitor, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Look, without waiting, whether the user wants to stop. */
void qblk_monitor_look_at_stop(QblkMonitor *monitor);

/**
 * Wait until QEMU says something or was asked, the user wants to stop, or the monotonic clock is at
 * @deadline (microseconds; 0: none).  FALSE once the connection is lost.
 */
gboolean qblk_monitor_wait(QblkMonitor *monitor, gint64 deadline,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** After the connection has failed: open it once more, and learn where the jobs are.  @error is
 * set, and is cleared on success. */
gboolean qblk_monitor_reconnect(QblkMonitor *monitor, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether another monitor, at @address, takes a client and answers it. */
gboolean qblk_monitor_try(const QblkMonitor *monitor, const char *address,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Fetch a graph snapshot. */
QblkSnapshot *qblk_monitor_fetch(QblkMonitor *monitor, const QblkSnapshotOptions *options,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
