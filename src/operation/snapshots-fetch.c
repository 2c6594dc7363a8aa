/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each VM has a coroutine that connects and fetches as one does for a single VM; its waits return
 * here, where one epoll descriptor waits for all of them. */
#include "base/coroutine.h"
#include "base/waiter.h"
#include "graph/snapshot-options.h"
#include "qmp/client.h"

#include <dirent.h>
#include <errno.h>
#include <qblk/snapshots-fetch.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

/* Descriptors that are left for other uses, such as reading the files of /proc/PID. */
#define SPARE_DESCRIPTORS 32

/* With so many replies to read, no further VM is asked. */
#define BUSY 8

/* Each VM that is asked has two mappings, of the 65530 that Linux permits by default. */
#define MAX_ACTIVE 4096

typedef struct {
    QblkSnapshotsFetch *fetch; /* borrowed */
    guint index;
    guint slot;                   /* in the array of those that are asked */
    char *address;                /* owned */
    QblkSnapshotOptions *options; /* owned, or NULL */
    int timeout_ms;

    QblkCoroutine *coroutine; /* owned; NULL unless the VM is being asked */
    QblkWaiter waiter;
    struct pollfd item; /* of its wait */
    gint64 deadline;    /* of its wait, in microseconds of the monotonic clock; -1: none */
    int wait_result;    /* see qblk_waiter_poll() */
    gboolean is_ready;  /* its descriptor was, in this turn */

    gboolean is_done;
    QblkSnapshot *snapshot; /* owned, until it is delivered */
    GError *error;          /* owned */
} Task;

struct QblkSnapshotsFetch {
    gatomicrefcount references;
    GPtrArray *tasks;             /* of Task, owned */
    GHashTable *used_descriptors; /* their numbers: each is one connection */

    /* While it runs. */
    int epoll_fd;
    GPtrArray *active; /* of Task, borrowed: those that are asked, in any order */
    guint max_active;
    guint next_start, next_delivery; /* indexes of tasks */
    gboolean is_stopped;
    struct epoll_event *events; /* owned: room for all that are asked */
};

static void
task_free(gpointer data)
{
    Task *task = data;
    g_free(task->address);
    g_clear_pointer(&task->options, qblk_snapshot_options_unref);
    qblk_coroutine_free(task->coroutine);
    g_clear_pointer(&task->snapshot, qblk_snapshot_unref);
    g_clear_error(&task->error);
    g_free(task);
}

QblkSnapshotsFetch *
qblk_snapshots_fetch_new(void)
{
    QblkSnapshotsFetch *fetch = g_new0(QblkSnapshotsFetch, 1);
    g_atomic_ref_count_init(&fetch->references);
    fetch->tasks = g_ptr_array_new_with_free_func(task_free);
    fetch->used_descriptors = g_hash_table_new(NULL, NULL);
    fetch->epoll_fd = -1;
    return fetch;
}

QblkSnapshotsFetch *
qblk_snapshots_fetch_ref(QblkSnapshotsFetch *fetch)
{
    g_atomic_ref_count_inc(&fetch->references);
    return fetch;
}

void
qblk_snapshots_fetch_unref(QblkSnapshotsFetch *fetch)
{
    if (fetch == NULL || !g_atomic_ref_count_dec(&fetch->references)) {
        return;
    }

    g_ptr_array_unref(fetch->tasks);
    g_hash_table_unref(fetch->used_descriptors);
    g_free(fetch);
}

/* ---- in the coroutine of a VM ---- */

/* Return to the loop until the wait is over. */
static int
wait_in_loop(struct pollfd *item, int timeout_ms, gpointer user_data)
{
    Task *task = user_data;
    if (task->fetch->is_stopped) {
        return -ECANCELED;
    }
    if (timeout_ms == 0) {
        return qblk_waiter_poll(NULL, item, 0);
    }

    task->item = *item;
    task->deadline = timeout_ms < 0 ? -1 : g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    qblk_coroutine_yield(task->coroutine);
    item->revents = task->item.revents;
    return task->fetch->is_stopped ? -ECANCELED : task->wait_result;
}

static void
set_up_client(QblkClient *client, const QblkSnapshotOptions *options)
{
    if (options == NULL) {
        return;
    }
    qblk_client_set_reply_limit(client, options->reply_limit);
    if (options->logger != NULL) {
        qblk_client_set_logger(client, options->logger, options->logger_data.user_data, NULL);
    }
}

/* A descriptor that was closed with its client may have become that of another VM. */
static gboolean
check_descriptor(Task *task, const QblkAddress *address)
{
    if (address->kind != QBLK_ADDRESS_KIND_FD ||
        g_hash_table_add(task->fetch->used_descriptors, GINT_TO_POINTER(address->fd))) {
        return TRUE;
    }

    g_set_error(&task->error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                "cannot connect to '%s' again: a descriptor is one connection", task->address);
    return FALSE;
}

static void
fetch_one(QblkCoroutine *coroutine, gpointer user_data)
{
    Task *task = user_data;
    g_autoptr(QblkAddress) address = qblk_address_parse(task->address, &task->error);
    if (address == NULL || !check_descriptor(task, address)) {
        return;
    }

    g_autoptr(QblkClient) client =
        qblk_client_start_with(address, task->timeout_ms, &task->waiter, &task->error);
    if (client == NULL) {
        return;
    }

    set_up_client(client, task->options);
    task->snapshot = qblk_snapshot_fetch(client, task->options, &task->error);
}

/* ---- the loop ---- */

/* Returns: how many descriptors this process has open */
static guint
count_descriptors(void)
{
    guint count = 0;
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL) {
        return 0;
    }

    while (readdir(directory) != NULL) {
        count++;
    }
    closedir(directory);
    return count;
}

static guint
choose_max_active(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > MAX_ACTIVE * 2) {
        return MAX_ACTIVE;
    }

    gint64 left = (gint64)limit.rlim_cur - count_descriptors() - SPARE_DESCRIPTORS;
    return (guint)CLAMP(left, 1, MAX_ACTIVE);
}

static void
end_task(Task *task)
{
    g_clear_pointer(&task->coroutine, qblk_coroutine_free);
    task->is_done = TRUE;

    GPtrArray *active = task->fetch->active;
    Task *last = active->pdata[active->len - 1];
    last->slot = task->slot;
    g_ptr_array_remove_index_fast(active, task->slot);
}

/* Continue @task, whose wait has ended with @result, until it waits again. */
static void
resume(Task *task, int result)
{
    int epoll_fd = task->fetch->epoll_fd;
    task->wait_result = result;
    /* The descriptor may be closed by the time it waits again. */
    if (task->item.fd >= 0) {
        (void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, task->item.fd, NULL);
    }
    task->item.fd = -1;

    while (qblk_coroutine_resume(task->coroutine)) {
        /* The bits of EPOLLIN and the others are those of POLLIN. */
        struct epoll_event event = {.events = (guint32)task->item.events, .data.ptr = task};
        int fd = task->item.fd;
        if (fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0) {
            return;
        }

        task->wait_result = -errno;
        task->item.fd = -1;
    }
    end_task(task);
}

/* Returns: FALSE if no VM can be asked now, in addition to the others. */
static gboolean
start_next(QblkSnapshotsFetch *fetch)
{
    Task *task = fetch->tasks->pdata[fetch->next_start];
    task->coroutine = qblk_coroutine_new(fetch_one, task);
    if (task->coroutine == NULL && fetch->active->len > 0) {
        return FALSE;
    }

    fetch->next_start++;
    task->slot = fetch->active->len;
    g_ptr_array_add(fetch->active, task);
    if (task->coroutine == NULL) {
        g_set_error(&task->error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                    "cannot connect to '%s': %s", task->address, g_strerror(errno));
        end_task(task);
        return TRUE;
    }
    resume(task, 0);
    return TRUE;
}

/* Returns: the time until the first deadline, for epoll_wait() */
static int
next_timeout(const QblkSnapshotsFetch *fetch)
{
    gint64 first = G_MAXINT64;
    for (guint i = 0; i < fetch->active->len; i++) {
        const Task *task = fetch->active->pdata[i];
        if (task->deadline >= 0) {
            first = MIN(first, task->deadline);
        }
    }
    if (first == G_MAXINT64) {
        return -1;
    }
    return (int)CLAMP((first - g_get_monotonic_time() + 999) / 1000, 0, G_MAXINT);
}

/* Continue the tasks in @fetch->events. */
static void
resume_ready(QblkSnapshotsFetch *fetch, int count)
{
    for (int i = 0; i < count; i++) {
        Task *task = fetch->events[i].data.ptr;
        task->item.revents = (short)fetch->events[i].events;
        resume(task, 1);
    }
}

/* Continue the tasks whose deadline had passed at @now, when their descriptors were not ready. */
static void
resume_expired(QblkSnapshotsFetch *fetch, gint64 now)
{
    g_autoptr(GPtrArray) expired = g_ptr_array_new();
    for (guint i = 0; i < fetch->active->len; i++) {
        Task *task = fetch->active->pdata[i];
        if (!task->is_ready && task->deadline >= 0 && task->deadline <= now) {
            g_ptr_array_add(expired, task);
        }
    }

    for (guint i = 0; i < expired->len; i++) {
        Task *task = expired->pdata[i];
        task->item.revents = 0;
        resume(task, 0);
    }
}

/* Wait once for the VMs that are asked.  @may_wait: FALSE: only look what is ready.
 * Returns: the number of VMs that were; -1 with errno */
static int
take_turn(QblkSnapshotsFetch *fetch, gboolean may_wait)
{
    int count = epoll_wait(fetch->epoll_fd, fetch->events, (int)fetch->max_active,
                           may_wait ? next_timeout(fetch) : 0);
    if (count < 0) {
        return errno == EINTR ? 0 : -1;
    }

    gint64 now = g_get_monotonic_time();
    for (int i = 0; i < count; i++) {
        Task *task = fetch->events[i].data.ptr;
        task->is_ready = TRUE;
    }
    resume_expired(fetch, now);
    for (int i = 0; i < count; i++) {
        Task *task = fetch->events[i].data.ptr;
        task->is_ready = FALSE;
    }
    resume_ready(fetch, count);
    return count;
}

/* All that is known, in order.  Returns: FALSE if the program wants no more. */
static gboolean
deliver(QblkSnapshotsFetch *fetch, QblkSnapshotsDone func, gpointer user_data)
{
    while (fetch->next_delivery < fetch->tasks->len) {
        Task *task = fetch->tasks->pdata[fetch->next_delivery];
        if (!task->is_done) {
            return TRUE;
        }

        fetch->next_delivery++;
        gboolean goes_on = func(task->index, task->snapshot, task->error, user_data);
        g_clear_pointer(&task->snapshot, qblk_snapshot_unref);
        if (!goes_on) {
            return FALSE;
        }
    }
    return TRUE;
}

/* One connection is made in each turn that has few replies to read: meanwhile the other QEMUs
 * answer, and their deadlines do not pass while the replies of very many are read. */
static gboolean
run_loop(QblkSnapshotsFetch *fetch, QblkSnapshotsDone func, gpointer user_data)
{
    gboolean can_start = TRUE;
    while (deliver(fetch, func, user_data) && fetch->next_delivery < fetch->tasks->len) {
        gboolean has_more = fetch->next_start < fetch->tasks->len;
        gboolean may_start = can_start && has_more && fetch->active->len < fetch->max_active;
        int count = fetch->active->len == 0 ? 0 : take_turn(fetch, !may_start);
        if (count < 0) {
            return FALSE;
        }

        /* If there was no memory, some is free when another one has ended. */
        can_start = !may_start || count >= BUSY || start_next(fetch);
    }
    return TRUE;
}

/* In the middle, each wait fails from now on, and the coroutines end. */
static void
stop_all(QblkSnapshotsFetch *fetch)
{
    fetch->is_stopped = TRUE;
    while (fetch->active->len > 0) {
        resume(fetch->active->pdata[fetch->active->len - 1], -ECANCELED);
    }
    fetch->is_stopped = FALSE;
}

static void
reset_tasks(QblkSnapshotsFetch *fetch)
{
    for (guint i = 0; i < fetch->tasks->len; i++) {
        Task *task = fetch->tasks->pdata[i];
        task->is_done = FALSE;
        g_clear_pointer(&task->snapshot, qblk_snapshot_unref);
        g_clear_error(&task->error);
    }
    fetch->next_start = 0;
    fetch->next_delivery = 0;
}

gboolean
qblk_snapshots_fetch_run(QblkSnapshotsFetch *fetch, QblkSnapshotsDone func, gpointer user_data,
                         GError **error)
{
    g_return_val_if_fail(fetch->epoll_fd < 0, TRUE);
    fetch->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (fetch->epoll_fd < 0) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                    "cannot wait for several connections: %s", g_strerror(errno));
        return FALSE;
    }

    qblk_snapshots_fetch_ref(fetch); /* the function of the program may release it */
    reset_tasks(fetch);
    fetch->max_active = choose_max_active();
    fetch->events = g_new0(struct epoll_event, fetch->max_active);
    fetch->active = g_ptr_array_new();
    gboolean done = run_loop(fetch, func, user_data);
    int cause = errno;
    stop_all(fetch);

    g_clear_pointer(&fetch->active, g_ptr_array_unref);
    g_clear_pointer(&fetch->events, g_free);
    close(fetch->epoll_fd);
    fetch->epoll_fd = -1;
    qblk_snapshots_fetch_unref(fetch);
    if (!done) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                    "cannot wait for several connections: %s", g_strerror(cause));
    }
    return done;
}

void
qblk_snapshots_fetch_add(QblkSnapshotsFetch *fetch, const char *address,
                         QblkSnapshotOptions *options, int timeout_ms)
{
    Task *task = g_new0(Task, 1);
    task->fetch = fetch;
    task->index = fetch->tasks->len;
    task->address = g_strdup(address);
    task->options = options == NULL ? NULL : qblk_snapshot_options_ref(options);
    task->timeout_ms = timeout_ms;
    task->waiter = (QblkWaiter){.poll = wait_in_loop, .user_data = task};
    task->item.fd = -1;
    task->deadline = -1;
    g_ptr_array_add(fetch->tasks, task);
}
