/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What the bridge does itself: straight-line code on a stack of its own, which talks to QEMU as one
 * more client of the mux.  A blocking call of the library in it returns to the loop of the bridge.
 */
#pragma once

#include "bridge/mux.h"
#include "qmp/client.h"

#include <qblk/operation.h>

typedef struct QblkWorkers QblkWorkers;
typedef struct QblkWorker QblkWorker;

/** Runs in a coroutine. */
typedef void (*QblkWorkerFunc)(QblkWorker *worker, gpointer user_data);

/** What workers need of the loop. */
typedef struct {
    /** Returns: a connected socket to a new client of the mux; -1 with errno */
    int (*open_client)(QblkAccess access, gpointer user_data);
    /** The descriptors or the time that workers wait for have changed. */
    void (*changed)(gpointer user_data);
    gpointer user_data;
} QblkWorkerLoop;

QblkWorkers *qblk_workers_new(QblkMux *mux, const QblkWorkerLoop *loop);
/** All workers end: each wait of them fails with -ECANCELED. */
void qblk_workers_free(QblkWorkers *workers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkWorkers, qblk_workers_free)

/**
 * Run @func in a worker: up to its first wait at once.
 *
 * It runs in any case, because it may have to answer a request: after qblk_workers_cancel(), or if
 * there is no memory for a stack, each wait in it fails with -ECANCELED.
 *
 * @destroy: (nullable): frees @user_data when @func has returned
 */
void qblk_workers_start(QblkWorkers *workers, QblkWorkerFunc func, gpointer user_data,
                        GDestroyNotify destroy);

/** Let all workers end: each wait of them, and of those that are started later, fails with
 * -ECANCELED.  The worker that calls this, and one that it runs in, ends by itself. */
void qblk_workers_cancel(QblkWorkers *workers);

/** Returns: the number of workers that have not ended */
guint qblk_workers_count(const QblkWorkers *workers);

/* ---- for the loop ---- */

/** Add what each worker waits for to @items (of struct pollfd), in the order of the workers.
 * Returns: the time at which one wait ends, in microseconds of the monotonic clock; -1 if no wait
 * has a limit */
gint64 qblk_workers_prepare(const QblkWorkers *workers, GArray *items);

/** Continue the workers whose wait has ended. @items: of the last qblk_workers_prepare(), with
 * their revents */
void qblk_workers_dispatch(QblkWorkers *workers, const GArray *items, gint64 now);

/* ---- in a worker ---- */

QblkMux *qblk_worker_mux(const QblkWorker *worker);
const QblkWaiter *qblk_worker_waiter(const QblkWorker *worker);

/** Set what the client of @worker may do, before the first call of qblk_worker_client().  The
 * default is QBLK_ACCESS_INTERNAL. */
void qblk_worker_set_access(QblkWorker *worker, QblkAccess access);

/** Returns: (transfer none): the client of this worker, which is connected with the first call;
 * NULL with QBLK_QMP_ERROR */
QblkClient *qblk_worker_client(QblkWorker *worker, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if workers are to end: each wait fails */
gboolean qblk_worker_is_canceled(const QblkWorker *worker);

/** Wait until qblk_worker_wake() is called, or until @deadline (-1: no limit), in microseconds of
 * the monotonic clock.  Returns: FALSE after the deadline, or if workers are to end */
gboolean qblk_worker_sleep(QblkWorker *worker, gint64 deadline);

/** End qblk_worker_sleep() of @worker, or its next one.  @worker continues in
 * qblk_workers_dispatch(), so this may be called in hooks of the mux. */
void qblk_worker_wake(QblkWorker *worker);

/**
 * Run @operation until its end; qblk_operation_run() would block the loop.
 *
 * qblk_worker_wake() lets it look at once whether the operation was cancelled or detached.  If
 * workers are to end, the result is QBLK_BLOCKJOB_ERROR_RUNNING; the last reference to @operation
 * then cancels its waits, and its journal stays.
 *
 * Returns: as qblk_operation_run()
 */
gboolean qblk_worker_run(QblkWorker *worker, QblkOperation *operation,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
