/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/worker.h"

#include "base/coroutine.h"

#include <errno.h>
#include <unistd.h>

/* The time limit of a command.  Others wait for QEMU without any limit: this one only bounds how
 * long a worker keeps their commands waiting if QEMU has hung. */
#define COMMAND_TIMEOUT_MS 60000

/* No item of the last qblk_workers_prepare() is of this worker. */
#define NO_ITEM G_MAXUINT

struct QblkWorker {
    QblkWorkers *workers; /* borrowed */
    QblkWorkerFunc func;
    gpointer user_data;
    GDestroyNotify destroy; /* (nullable) */

    QblkCoroutine *coroutine; /* owned; NULL: each wait fails */
    gboolean is_running;
    gboolean is_done;
    QblkWaiter waiter;
    QblkClient *client; /* owned; NULL until it is asked for */
    QblkAccess access;  /* of the client */

    struct pollfd item; /* of its wait; the fd is -1 without one */
    guint slot;         /* of the item among those of the loop */
    gint64 deadline;    /* of its wait, in microseconds of the monotonic clock; -1: no limit */
    gboolean can_wake;  /* qblk_worker_wake() ends its wait */
    gboolean is_woken;
    int result; /* of the wait, see qblk_waiter_poll() */
};

struct QblkWorkers {
    QblkMux *mux; /* borrowed */
    QblkWorkerLoop loop;
    GPtrArray *all; /* of QblkWorker, owned */
    guint count;    /* of those that have not ended */
    guint depth;    /* of the loops over all of them: they stay meanwhile */
    gboolean is_canceled;
};

static void
worker_free(gpointer data)
{
    QblkWorker *worker = data;
    g_assert(worker->is_done);
    g_clear_pointer(&worker->client, qblk_client_unref);
    qblk_coroutine_free(worker->coroutine);
    g_free(worker);
}

QblkWorkers *
qblk_workers_new(QblkMux *mux, const QblkWorkerLoop *loop)
{
    QblkWorkers *workers = g_new0(QblkWorkers, 1);
    workers->mux = mux;
    workers->loop = *loop;
    workers->all = g_ptr_array_new_with_free_func(worker_free);
    return workers;
}

guint
qblk_workers_count(const QblkWorkers *workers)
{
    return workers->count;
}

static void
tell_loop(const QblkWorkers *workers)
{
    if (workers->loop.changed != NULL) {
        workers->loop.changed(workers->loop.user_data);
    }
}

/* ---- running ---- */

static void
run_func(QblkWorker *worker)
{
    worker->is_running = TRUE;
    worker->func(worker, worker->user_data);
    g_clear_pointer(&worker->client, qblk_client_unref);
    if (worker->destroy != NULL) {
        worker->destroy(worker->user_data);
    }
    worker->is_done = TRUE;
    worker->workers->count--;
}

static void
run_in_coroutine(QblkCoroutine *coroutine, gpointer user_data)
{
    run_func(user_data);
}

/* Continue @worker, whose wait has ended with @result, until it waits again. */
static void
resume(QblkWorker *worker, int result)
{
    worker->result = result;
    worker->item.fd = -1;
    worker->slot = NO_ITEM;
    worker->is_running = TRUE;
    qblk_coroutine_resume(worker->coroutine);
    worker->is_running = FALSE;
}

/* Begin a loop over all workers, to which it may add others. */
static void
enter(QblkWorkers *workers)
{
    workers->depth++;
}

static void
leave(QblkWorkers *workers)
{
    if (--workers->depth > 0) {
        return;
    }
    for (guint i = workers->all->len; i > 0; i--) {
        const QblkWorker *worker = workers->all->pdata[i - 1];
        if (worker->is_done) {
            g_ptr_array_remove_index(workers->all, i - 1);
        }
    }
}

static int wait_in_loop(struct pollfd *item, int timeout_ms, gpointer user_data);

void
qblk_workers_start(QblkWorkers *workers, QblkWorkerFunc func, gpointer user_data,
                   GDestroyNotify destroy)
{
    QblkWorker *worker = g_new0(QblkWorker, 1);
    worker->access = QBLK_ACCESS_INTERNAL;
    worker->workers = workers;
    worker->func = func;
    worker->user_data = user_data;
    worker->destroy = destroy;
    worker->waiter = (QblkWaiter){.poll = wait_in_loop, .user_data = worker};
    worker->item.fd = -1;
    worker->slot = NO_ITEM;
    worker->deadline = -1;

    enter(workers);
    g_ptr_array_add(workers->all, worker);
    workers->count++;
    if (!workers->is_canceled) {
        worker->coroutine = qblk_coroutine_new(run_in_coroutine, worker);
    }

    /* The function has to run in any case: it answers a request. */
    if (worker->coroutine == NULL) {
        run_func(worker);
    } else {
        resume(worker, 0);
    }
    leave(workers);
    tell_loop(workers);
}

void
qblk_workers_cancel(QblkWorkers *workers)
{
    workers->is_canceled = TRUE;
    enter(workers);
    for (guint i = 0; i < workers->all->len; i++) {
        QblkWorker *worker = workers->all->pdata[i];
        if (!worker->is_done && !worker->is_running) {
            resume(worker, -ECANCELED);
        }
    }
    leave(workers);
}

void
qblk_workers_free(QblkWorkers *workers)
{
    if (workers == NULL) {
        return;
    }
    qblk_workers_cancel(workers);
    g_ptr_array_unref(workers->all);
    g_free(workers);
}

/* ---- for the loop ---- */

gint64
qblk_workers_prepare(const QblkWorkers *workers, GArray *items)
{
    gint64 first = -1;
    for (guint i = 0; i < workers->all->len; i++) {
        QblkWorker *worker = workers->all->pdata[i];
        worker->slot = items->len;
        g_array_append_val(items, worker->item);
        gint64 deadline = worker->can_wake && worker->is_woken ? 0 : worker->deadline;
        if (deadline >= 0 && (first < 0 || deadline < first)) {
            first = deadline;
        }
    }
    return first;
}

static short
ready_events(const QblkWorker *worker, const GArray *items)
{
    gboolean has_item = worker->item.fd >= 0 && worker->slot < items->len;
    return (short)(has_item ? g_array_index(items, struct pollfd, worker->slot).revents : 0);
}

void
qblk_workers_dispatch(QblkWorkers *workers, const GArray *items, gint64 now)
{
    enter(workers);
    for (guint i = 0; i < workers->all->len; i++) {
        QblkWorker *worker = workers->all->pdata[i];
        if (worker->is_done || worker->is_running || worker->slot == NO_ITEM) {
            continue;
        }

        worker->item.revents = ready_events(worker, items);
        if (worker->item.revents != 0) {
            resume(worker, 1);
        } else if (worker->can_wake && worker->is_woken) {
            resume(worker, -EINTR);
        } else if (worker->deadline >= 0 && worker->deadline <= now) {
            resume(worker, 0);
        }
    }
    leave(workers);
}

/* ---- in a worker ---- */

/* Return to the loop until the wait is over.  @deadline: -1: no limit.
 * Returns: see qblk_waiter_poll(); -EINTR if it was woken and @can_wake */
static int
wait_for(QblkWorker *worker, struct pollfd *item, gint64 deadline, gboolean can_wake)
{
    item->revents = 0;
    if (worker->workers->is_canceled || worker->coroutine == NULL) {
        return -ECANCELED;
    }

    worker->item = *item;
    worker->deadline = deadline;
    worker->can_wake = can_wake;
    if (!can_wake || !worker->is_woken) {
        tell_loop(worker->workers);
        qblk_coroutine_yield(worker->coroutine);
        item->revents = worker->item.revents;
    } else {
        worker->result = -EINTR;
    }

    if (can_wake) {
        worker->is_woken = FALSE;
    }
    return worker->workers->is_canceled ? -ECANCELED : worker->result;
}

static gint64
to_deadline(int timeout_ms)
{
    return timeout_ms < 0 ? -1 : g_get_monotonic_time() + (gint64)timeout_ms * 1000;
}

static int
wait_in_loop(struct pollfd *item, int timeout_ms, gpointer user_data)
{
    QblkWorker *worker = user_data;
    if (timeout_ms == 0 && !worker->workers->is_canceled) {
        return qblk_waiter_poll(NULL, item, 0);
    }
    return wait_for(worker, item, to_deadline(timeout_ms), FALSE);
}

QblkMux *
qblk_worker_mux(const QblkWorker *worker)
{
    return worker->workers->mux;
}

const QblkWaiter *
qblk_worker_waiter(const QblkWorker *worker)
{
    return &worker->waiter;
}

gboolean
qblk_worker_is_canceled(const QblkWorker *worker)
{
    return worker->workers->is_canceled || worker->coroutine == NULL;
}

void
qblk_worker_set_access(QblkWorker *worker, QblkAccess access)
{
    worker->access = access;
}

QblkClient *
qblk_worker_client(QblkWorker *worker, GError **error)
{
    if (worker->client != NULL) {
        return worker->client;
    }
    if (qblk_worker_is_canceled(worker)) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, "the bridge is about to end");
        return NULL;
    }

    const QblkWorkerLoop *loop = &worker->workers->loop;
    int fd = loop->open_client(worker->access, loop->user_data);
    if (fd < 0) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                    "the bridge cannot connect to itself: %s", g_strerror(errno));
        return NULL;
    }

    g_autofree char *text = g_strdup_printf("fd:%d", fd);
    g_autoptr(QblkAddress) address = qblk_address_parse(text, error);
    QblkClient *client = address == NULL ? NULL
                                         : qblk_client_start_with(address, COMMAND_TIMEOUT_MS,
                                                                  &worker->waiter, error);
    if (client == NULL) {
        close(fd);
    }
    worker->client = client;
    return client;
}

gboolean
qblk_worker_sleep(QblkWorker *worker, gint64 deadline)
{
    struct pollfd nothing = {.fd = -1};
    return wait_for(worker, &nothing, deadline, TRUE) == -EINTR;
}

void
qblk_worker_wake(QblkWorker *worker)
{
    worker->is_woken = TRUE;
    tell_loop(worker->workers);
}

gboolean
qblk_worker_run(QblkWorker *worker, QblkOperation *operation, GError **error)
{
    int revents = 0;
    while (qblk_operation_process(operation, revents)) {
        struct pollfd item = {.fd = qblk_operation_get_fd(operation),
                              .events = (short)qblk_operation_get_events(operation)};
        gint64 deadline = to_deadline(qblk_operation_get_timeout(operation));
        int ready = wait_for(worker, &item, deadline, TRUE);
        if (ready == -ECANCELED) {
            break;
        }
        revents = ready > 0 ? item.revents : 0;
    }
    return qblk_operation_get_result(operation, error);
}
