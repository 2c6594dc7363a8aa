/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Following a VM: its chains, its jobs and its events, as they change.
 *
 * A watch has no thread and no loop.  A program waits for qblk_watch_get_events() on
 * qblk_watch_get_fd(), for qblk_watch_get_timeout() milliseconds at most, and calls
 * qblk_watch_process(), which calls the functions that were set.  Several watches can be in one
 * poll(), and a source for GLib's main loop does the same.
 *
 * A watch stays connected.  It fetches a snapshot after each change that QEMU or a bridge reports,
 * queries the progress once a second while a job runs, and otherwise only asks every few seconds if
 * QEMU responds and if the graph is the same.  If the connection is lost it connects again, after
 * 1, 2, 4 ... 30 seconds.  Events are passed on and not kept.
 *
 * A monitor serves one client: other programs wait while a VM is followed at a monitor of QEMU
 * itself.  At the socket of a bridge any number of clients can do so.
 *
 * A watch belongs to one thread at a time.
 */
#pragma once

#include <qblk/snapshot.h>
#include <qblk/watch-event.h>
#include <qblk/watch-options.h>

G_BEGIN_DECLS

/**
 * QblkWatch:
 *
 * A VM that is followed.
 *
 * It belongs to one thread at a time.
 *
 * Since: 0.1.0
 */
typedef struct QblkWatch QblkWatch;

/**
 * QblkWatchState:
 * @QBLK_WATCH_STATE_CONNECTING: it connects, and fetches the first snapshot
 * @QBLK_WATCH_STATE_CONNECTED: QEMU responds
 * @QBLK_WATCH_STATE_SILENT: connected, but QEMU has not replied in time
 * @QBLK_WATCH_STATE_LOST: not connected; it will connect again
 * @QBLK_WATCH_STATE_ENDED: it is at its end
 *
 * The state of a watch.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_WATCH_STATE_CONNECTING,
    QBLK_WATCH_STATE_CONNECTED,
    QBLK_WATCH_STATE_SILENT,
    QBLK_WATCH_STATE_LOST,
    QBLK_WATCH_STATE_ENDED,
} QblkWatchState;

/**
 * qblk_watch_state_name:
 * @state: a state
 *
 * Returns: its name, such as `connected`
 *
 * Since: 0.1.0
 */
const char *qblk_watch_state_name(QblkWatchState state);

/**
 * qblk_watch_new:
 * @address: a monitor, as for qblk_client_connect(); one that is a descriptor is connected once
 * @options: (nullable): the options, which are copied; NULL: the defaults
 *
 * Start to follow a VM.  Nothing is sent before qblk_watch_process() is called.
 *
 * Returns: (transfer full): the watch; NULL with QBLK_QMP_ERROR_ARGUMENT if @address is not the
 *   address of a monitor, and with QBLK_QMP_ERROR_CONNECT if there is not enough memory
 *
 * Since: 0.1.0
 */
QblkWatch *qblk_watch_new(const char *address, const QblkWatchOptions *options,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_watch_ref:
 * @watch: the watch
 *
 * Returns: (transfer full): a further reference to @watch
 *
 * Since: 0.1.0
 */
QblkWatch *qblk_watch_ref(QblkWatch *watch);

/**
 * qblk_watch_unref:
 * @watch: (nullable) (transfer full): the watch
 *
 * Release a reference; the last one closes the connection.
 *
 * Since: 0.1.0
 */
void qblk_watch_unref(QblkWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkWatch, qblk_watch_unref)

/* ---- driving it ---- */

/**
 * qblk_watch_get_fd:
 * @watch: the watch
 *
 * Returns: the descriptor to wait for, which may change with each call of qblk_watch_process(); -1
 *   to wait for the time only
 *
 * Since: 0.1.0
 */
int qblk_watch_get_fd(const QblkWatch *watch);

/**
 * qblk_watch_get_events:
 * @watch: the watch
 *
 * Returns: the events to wait for, as in poll(2)
 *
 * Since: 0.1.0
 */
int qblk_watch_get_events(const QblkWatch *watch);

/**
 * qblk_watch_get_timeout:
 * @watch: the watch
 *
 * Returns: the longest time to wait, in milliseconds; 0 if qblk_watch_process() is to be called at
 *   once; -1 for no limit
 *
 * Since: 0.1.0
 */
int qblk_watch_get_timeout(const QblkWatch *watch);

/**
 * qblk_watch_process:
 * @watch: the watch
 * @revents: the events that poll(2) returned; 0 after a timeout
 *
 * Continue until the next wait.  Functions that were set are called in here, after the watch has
 * continued; they may release it, but not call this function.
 *
 * Host names are looked up without a wait.
 *
 * Returns: TRUE while the watch is not at its end
 *
 * Since: 0.1.0
 */
gboolean qblk_watch_process(QblkWatch *watch, int revents);

/**
 * qblk_watch_source_new: (skip)
 * @watch: the watch, of which the source keeps a reference
 *
 * Make a source that drives @watch, and removes itself at its end.  It needs no callback.
 *
 * Returns: (transfer full): the source
 *
 * Since: 0.1.0
 */
GSource *qblk_watch_source_new(QblkWatch *watch) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_watch_attach:
 * @watch: the watch, of which a reference is kept until its end
 *
 * Drive @watch in the thread's default main context.
 *
 * Returns: the id of the source, for g_source_remove()
 *
 * Since: 0.1.0
 */
guint qblk_watch_attach(QblkWatch *watch);

/* ---- what is known ---- */

/**
 * qblk_watch_get_address:
 * @watch: the watch
 *
 * Returns: the address of the monitor
 *
 * Since: 0.1.0
 */
const char *qblk_watch_get_address(const QblkWatch *watch);

/**
 * qblk_watch_get_state:
 * @watch: the watch
 *
 * Returns: its state
 *
 * Since: 0.1.0
 */
QblkWatchState qblk_watch_get_state(const QblkWatch *watch);

/**
 * qblk_watch_get_problem:
 * @watch: the watch
 *
 * Returns: (transfer none) (nullable): the reason of the states SILENT, LOST and ENDED:
 *   QBLK_QMP_ERROR_ENDED if QEMU has shut down, or else an error of qblk_client_connect(); in the
 *   state CONNECTED why the graph cannot be read, an error of qblk_snapshot_fetch(), or NULL; in
 *   the state CONNECTING NULL, or the reason of the state before
 *
 * Since: 0.1.0
 */
const GError *qblk_watch_get_problem(const QblkWatch *watch);

/**
 * qblk_watch_get_pause:
 * @watch: the watch
 *
 * Returns: in the state LOST, the number of seconds between the failure and the next attempt; 0
 *   in other states
 *
 * Since: 0.1.0
 */
guint qblk_watch_get_pause(const QblkWatch *watch);

/**
 * qblk_watch_get_snapshot:
 * @watch: the watch
 *
 * Returns: (transfer none) (nullable): the last snapshot, which stays while the connection is lost;
 *   NULL before the first one
 *
 * Since: 0.1.0
 */
const QblkSnapshot *qblk_watch_get_snapshot(const QblkWatch *watch);

/**
 * qblk_watch_get_jobs:
 * @watch: the watch
 *
 * Returns: (transfer none) (nullable): the last snapshot, or a later one with jobs only: see
 *   qblk_snapshot_fetch_jobs(); NULL before the first one
 *
 * Since: 0.1.0
 */
const QblkSnapshot *qblk_watch_get_jobs(const QblkWatch *watch);

/**
 * qblk_watch_get_job_rate:
 * @watch: the watch
 * @id: of a job
 *
 * Returns: the bytes that the job has processed per second during the last ten seconds; -1 if it is
 *   not known
 *
 * Since: 0.1.0
 */
gint64 qblk_watch_get_job_rate(const QblkWatch *watch, const char *id);

/**
 * qblk_watch_get_job_seconds_left:
 * @watch: the watch
 * @id: of a job
 *
 * Returns: the seconds to the end of the job at that rate; -1 if it is not known
 *
 * Since: 0.1.0
 */
gint64 qblk_watch_get_job_seconds_left(const QblkWatch *watch, const char *id);

/* ---- what happens meanwhile ---- */

/**
 * QblkWatchChanged:
 * @watch: the watch
 * @user_data: passed to the function
 *
 * Called when something of @watch has changed, which its getters return.
 *
 * Since: 0.1.0
 */
typedef void (*QblkWatchChanged)(QblkWatch *watch, gpointer user_data);

/**
 * QblkWatchEventFunc:
 * @watch: the watch
 * @event: the event, to which the function may take a reference
 * @user_data: passed to the function
 *
 * Called for each event of QEMU.
 *
 * Since: 0.1.0
 */
typedef void (*QblkWatchEventFunc)(QblkWatch *watch, const QblkWatchEvent *event,
                                   gpointer user_data);

/**
 * qblk_watch_set_state_changed:
 * @watch: the watch
 * @func: (nullable) (scope notified) (closure user_data) (destroy destroy): called for each state,
 *   in their order, and for each new reason; qblk_watch_get_state() then returns that state
 * @user_data: passed to @func
 * @destroy: (nullable): frees @user_data with the watch
 *
 * Since: 0.1.0
 */
void qblk_watch_set_state_changed(QblkWatch *watch, QblkWatchChanged func, gpointer user_data,
                                  GDestroyNotify destroy);

/**
 * qblk_watch_set_snapshot_changed:
 * @watch: the watch
 * @func: (nullable) (scope notified) (closure user_data) (destroy destroy): called for each
 *   snapshot that was fetched
 * @user_data: passed to @func
 * @destroy: (nullable): frees @user_data with the watch
 *
 * Since: 0.1.0
 */
void qblk_watch_set_snapshot_changed(QblkWatch *watch, QblkWatchChanged func, gpointer user_data,
                                     GDestroyNotify destroy);

/**
 * qblk_watch_set_progress:
 * @watch: the watch
 * @func: (nullable) (scope notified) (closure user_data) (destroy destroy): called each time the
 *   progress of the jobs was queried
 * @user_data: passed to @func
 * @destroy: (nullable): frees @user_data with the watch
 *
 * Since: 0.1.0
 */
void qblk_watch_set_progress(QblkWatch *watch, QblkWatchChanged func, gpointer user_data,
                             GDestroyNotify destroy);

/**
 * qblk_watch_set_event:
 * @watch: the watch
 * @func: (nullable) (scope notified) (closure user_data) (destroy destroy): called for each event
 * @user_data: passed to @func
 * @destroy: (nullable): frees @user_data with the watch
 *
 * Since: 0.1.0
 */
void qblk_watch_set_event(QblkWatch *watch, QblkWatchEventFunc func, gpointer user_data,
                          GDestroyNotify destroy);

G_END_DECLS
