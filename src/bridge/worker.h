/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What the bridge does itself: straight-line code on a stack of its own, which talks to QEMU as one
 * more client of the mux.  A blocking call of the library in it returns to the loop of the bridge.
 */
#pragma once

#include "bridge/mux.h"
#include "qmp/client.h"

typedef struct QblkWorkers QblkWorkers;
typedef struct QblkWorker QblkWorker;

/** Runs in a coroutine. */
typedef void (*QblkWorkerFunc)(QblkWorker *worker, gpointer user_data);

/** What workers need of the loop. */
typedef struct {
    /** Returns: a connected socket to a new internal client of the mux; -1 with errno */
    int (*open_client)(gpointer user_data);
    /** The descriptors or the time that workers wait for have changed. */
    void (*changed)(gpointer user_data);
    gpointer user_data;
} QblkWorkerLoop;

QblkWorkers *qblk_workers_new(QblkMux *mux, const QblkWorkerLoop *loop);
/** All workers end: each wait of them fails with -ECANCELED. */
void qblk_workers_free(QblkWorkers *workers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkWorkers, qblk_workers_free)

/** Run @func in a worker: up to its first wait at once.  @destroy (nullable) frees @user_data. */
void qblk_workers_start(QblkWorkers *workers, QblkWorkerFunc func, gpointer user_data,
                        GDestroyNotify destroy);

/** Let all workers end, and start no others: each wait of them fails with -ECANCELED. */
void qblk_workers_cancel(QblkWorkers *workers);

/** Returns: the number of workers that have not ended */
guint qblk_workers_count(const QblkWorkers *workers);

/* ---- for the loop ---- */

/** Add what each worker waits for to @items (of struct pollfd), in the order of the workers.
 * Returns: the time at which one wait ends, in microseconds of the monotonic clock; -1 for none */
gint64 qblk_workers_prepare(const QblkWorkers *workers, GArray *items);

/** Continue the workers whose wait has ended. @items: of the last qblk_workers_prepare(), with
 * their revents */
void qblk_workers_dispatch(QblkWorkers *workers, const GArray *items, gint64 now);

/* ---- in a worker ---- */

QblkMux *qblk_worker_mux(const QblkWorker *worker);
const QblkWaiter *qblk_worker_waiter(const QblkWorker *worker);

/** Returns: (transfer none): the client of this worker, which is connected with the first call;
 * NULL with QBLK_QMP_ERROR */
QblkClient *qblk_worker_client(QblkWorker *worker, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Wait until qblk_worker_wake() is called, or until @deadline (-1: none).  Returns: FALSE after
 * the deadline, or if workers are to end */
gboolean qblk_worker_sleep(QblkWorker *worker, gint64 deadline);
void qblk_worker_wake(QblkWorker *worker);
