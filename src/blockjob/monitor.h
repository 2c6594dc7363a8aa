/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The runner's monitor: the only file in which block jobs talk to a live QEMU.
 *
 * It sends commands, keeps the states of the watched jobs up to date from events, waits for QEMU
 * and the time at once, and connects again once if the connection is lost.  If no command
 * was sent for a while it queries the jobs: that finds a state that no event reported, and a QEMU
 * that does not respond.
 */
#pragma once

#include "blockjob/job-state.h"
#include "graph/snapshot.h"
#include "qmp/client.h"

/** What the caller wants of jobs that are waited for.  It may change it during each wait. */
typedef struct {
    guint stops;           /* how often it asked to stop: first cancel, then detach */
    gboolean is_abandoned; /* it is gone: each wait fails, and so nothing is sent */
} QblkRunControl;

typedef struct {
    QblkClient *client;  /* borrowed; connected again if its connection is lost */
    const char *address; /* to connect to again; NULL: do not */
    int timeout_ms;      /* for connecting, and for each answer */
    int heartbeat_ms;    /* how long to wait before the jobs are queried */
    gint64 query_at;     /* when to query the jobs next, microseconds of the monotonic clock */
    guint unanswered;    /* how many queries in a row were not answered in time */
    guint patience;      /* how many may be: QBLK_LIMIT_UNANSWERED or more */
    const QblkRunControl *control; /* borrowed; NULL: nothing stops it */
    GPtrArray *jobs;               /* of QblkJobState, owned: the watched jobs */
    guint64 next_event;            /* number of the first event that was not handled */
    gboolean keeps_events;         /* the caller takes events itself: leave them to it */
    gboolean has_reconnected;
    gint64 pid, start; /* of the process behind the monitor, when it was connected; 0: not known */
} QblkMonitor;

/**
 * Events that came before are not handled.  @timeout_ms of 0 is the default, @heartbeat_ms of 0 is
 * @timeout_ms.  @address and @control are borrowed (nullable).
 */
void qblk_monitor_init(QblkMonitor *monitor, QblkClient *client, const char *address,
                       int timeout_ms, int heartbeat_ms, const QblkRunControl *control);
void qblk_monitor_clear(QblkMonitor *monitor);

/** Returns: (transfer none): the state of the job @id, which is watched from the first call on. */
QblkJobState *qblk_monitor_job(QblkMonitor *monitor, const char *id);

/** Returns: TRUE if the connection has failed, QEMU left too many queries unanswered, or the caller
 * is gone. */
gboolean qblk_monitor_is_lost(const QblkMonitor *monitor);

/** Execute one command.  Returns: (transfer full): its value, or NULL with @error set. */
QblkJson *qblk_monitor_call(QblkMonitor *monitor, const char *command, const QblkJson *arguments,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** See qblk_client_get_refusal(). */
gboolean qblk_monitor_get_refusal(const QblkMonitor *monitor, const char **error_class,
                                  const char **description);

/** Query the states of all jobs, because events may have been missed. */
gboolean qblk_monitor_query_jobs(QblkMonitor *monitor, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The same if the answer is not needed now: a QEMU that is too busy to answer is no error until
 * the monitor is lost. */
gboolean qblk_monitor_poll(QblkMonitor *monitor, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: how often the caller asked to stop. */
guint qblk_monitor_get_stops(const QblkMonitor *monitor);

/**
 * Wait until QEMU sends something or was queried, the caller wants something, or the monotonic
 * clock is at @deadline (microseconds; 0: none).
 *
 * Returns: FALSE with @error set once the connection is lost
 */
gboolean qblk_monitor_wait(QblkMonitor *monitor, gint64 deadline,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Let the program that drives the operation continue, and cancel it.  FALSE with @error set if it
 * has released the operation. */
gboolean qblk_monitor_give_turn(const QblkMonitor *monitor,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** After the connection has failed with @error: connect again, at most once, and query the jobs.
 * @error is cleared on success. */
gboolean qblk_monitor_reconnect(QblkMonitor *monitor, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if the connection has failed because the process behind the monitor has ended. */
gboolean qblk_monitor_has_ended(const QblkMonitor *monitor);

/** Returns: the process behind the monitor; 0 if it is not known */
gint64 qblk_monitor_get_pid(const QblkMonitor *monitor);

/** Returns: TRUE if another monitor, at @address, accepts a client and answers it. */
gboolean qblk_monitor_try(const QblkMonitor *monitor, const char *address,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): a graph snapshot that was fetched now. */
QblkSnapshot *qblk_monitor_fetch(QblkMonitor *monitor, const QblkSnapshotOptions *options,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
