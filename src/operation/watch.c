/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/const-cast.h"
#include "base/enum.h"
#include "operation/watch-body.h"

#include <errno.h>
#include <qblk/address.h>

const char *
qblk_watch_state_name(QblkWatchState state)
{
    static const char *const names[] = {
        [QBLK_WATCH_STATE_CONNECTING] = "connecting", [QBLK_WATCH_STATE_CONNECTED] = "connected",
        [QBLK_WATCH_STATE_SILENT] = "silent",         [QBLK_WATCH_STATE_LOST] = "lost",
        [QBLK_WATCH_STATE_ENDED] = "ended",
    };
    return qblk_enum_name(names, G_N_ELEMENTS(names), (int)state);
}

/* ---- in the coroutine ---- */

/* Let the program wait. */
static int
wait_in_program(struct pollfd *item, int timeout_ms, gpointer user_data)
{
    QblkWatch *watch = user_data;
    QblkWatchWait *wait = &watch->wait;
    if (watch->is_abandoned) {
        return -ECANCELED;
    }
    if (timeout_ms == 0) {
        return qblk_waiter_poll(NULL, item, 0);
    }

    qblk_watch_body_take_events(watch);
    *wait = (QblkWatchWait){
        .item = *item,
        .deadline = timeout_ms < 0 ? -1 : g_get_monotonic_time() + (gint64)timeout_ms * 1000,
    };
    qblk_coroutine_yield(watch->coroutine);
    item->revents = wait->item.revents;
    return watch->is_abandoned ? -ECANCELED : wait->result;
}

static void
run_body(QblkCoroutine *coroutine, gpointer user_data)
{
    qblk_watch_body_run(user_data);
}

static void
resume(QblkWatch *watch)
{
    watch->has_begun = TRUE;
    if (!qblk_coroutine_resume(watch->coroutine)) {
        g_clear_pointer(&watch->coroutine, qblk_coroutine_free);
    }
}

/* ---- starting and ending ---- */

static void
free_notice(gpointer data)
{
    qblk_watch_notice_free(data);
}

static gboolean
check_address(const char *text, GError **error)
{
    g_autoptr(QblkAddress) address = qblk_address_parse(text, error);
    if (address == NULL) {
        return FALSE;
    }
    if (!qblk_address_has_monitor(address)) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "cannot watch '%s': it is not a QMP monitor", text);
        return FALSE;
    }
    return TRUE;
}

QblkWatch *
qblk_watch_new(const char *address, const QblkWatchOptions *options, GError **error)
{
    if (!check_address(address, error)) {
        return NULL;
    }

    g_autoptr(QblkWatch) watch = g_new0(QblkWatch, 1);
    g_atomic_ref_count_init(&watch->references);
    g_queue_init(&watch->notices);
    watch->address = g_strdup(address);
    watch->options = qblk_watch_options_copy(options);
    watch->rates = qblk_watch_rates_new();
    watch->waiter = (QblkWaiter){.poll = wait_in_program, .user_data = watch};
    watch->wait.item.fd = -1;
    qblk_watch_schedule_init(&watch->schedule, watch->options);

    watch->coroutine = qblk_coroutine_new(run_body, watch);
    if (watch->coroutine == NULL) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, "cannot watch '%s': %s", address,
                    g_strerror(errno));
        return NULL;
    }
    return g_steal_pointer(&watch);
}

QblkWatch *
qblk_watch_ref(QblkWatch *watch)
{
    g_atomic_ref_count_inc(&watch->references);
    return watch;
}

static void
set_function(QblkWatch *watch, QblkWatchNoticeKind kind, QblkWatchAnyFunc func, gpointer user_data,
             GDestroyNotify destroy)
{
    const QblkWatchFunction old = watch->functions[kind];
    watch->functions[kind] = (QblkWatchFunction){func, user_data, destroy};
    if (old.destroy != NULL) {
        old.destroy(old.user_data);
    }
}

void
qblk_watch_unref(QblkWatch *watch)
{
    if (watch == NULL || !g_atomic_ref_count_dec(&watch->references)) {
        return;
    }

    /* In the middle, each wait fails from now on, and the coroutine ends. */
    watch->is_abandoned = TRUE;
    if (watch->coroutine != NULL && watch->has_begun) {
        resume(watch);
    }
    g_clear_pointer(&watch->coroutine, qblk_coroutine_free);

    for (guint kind = 0; kind < QBLK_WATCH_NOTICES; kind++) {
        set_function(watch, (QblkWatchNoticeKind)kind, NULL, NULL, NULL);
    }
    g_queue_clear_full(&watch->notices, free_notice);
    g_clear_pointer(&watch->names, g_hash_table_unref);
    qblk_snapshot_unref(watch->fetched);
    qblk_snapshot_unref(watch->snapshot);
    qblk_snapshot_unref(watch->jobs);
    qblk_watch_rates_free(watch->rates);
    qblk_watch_options_unref(watch->options);
    g_clear_error(&watch->problem);
    g_free(watch->mark);
    g_free(watch->address);
    g_free(watch);
}

/* ---- driving it ---- */

int
qblk_watch_get_fd(const QblkWatch *watch)
{
    return watch->coroutine == NULL ? -1 : watch->wait.item.fd;
}

int
qblk_watch_get_events(const QblkWatch *watch)
{
    return watch->coroutine == NULL ? 0 : watch->wait.item.events;
}

int
qblk_watch_get_timeout(const QblkWatch *watch)
{
    if (watch->coroutine == NULL) {
        return -1;
    }
    if (!watch->has_begun) {
        return 0;
    }

    gint64 deadline = watch->wait.deadline;
    gint64 left = (deadline - g_get_monotonic_time() + 999) / 1000;
    return deadline < 0 ? -1 : (int)CLAMP(left, 0, G_MAXINT);
}

/* Set the result of the wait.  FALSE if it goes on. */
static gboolean
end_wait(QblkWatch *watch, int revents)
{
    QblkWatchWait *wait = &watch->wait;
    int wanted = revents & (wait->item.events | POLLERR | POLLHUP | POLLNVAL);
    gboolean is_late = wait->deadline >= 0 && g_get_monotonic_time() >= wait->deadline;
    wait->item.revents = (short)wanted;
    wait->result = wanted != 0 ? 1 : 0;
    return wanted != 0 || is_late;
}

/* What the getters return from now on. */
static void
apply(QblkWatch *watch, QblkWatchNotice *notice)
{
    if (notice->kind == QBLK_WATCH_NOTICE_STATE) {
        watch->state = notice->state;
        watch->pause = notice->pause;
        g_clear_error(&watch->problem);
        watch->problem = g_steal_pointer(&notice->problem);
    }
    if (notice->snapshot == NULL) {
        return;
    }

    qblk_watch_rates_add(watch->rates, notice->snapshot, g_get_monotonic_time());
    qblk_snapshot_unref(watch->jobs);
    watch->jobs = qblk_snapshot_ref(notice->snapshot);
    if (notice->kind == QBLK_WATCH_NOTICE_SNAPSHOT) {
        qblk_snapshot_unref(watch->snapshot);
        watch->snapshot = qblk_snapshot_ref(notice->snapshot);
    }
}

static void
deliver(QblkWatch *watch)
{
    while (!g_queue_is_empty(&watch->notices)) {
        QblkWatchNotice *notice = g_queue_pop_head(&watch->notices);
        const QblkWatchFunction *function = &watch->functions[notice->kind];
        apply(watch, notice);
        if (function->func != NULL && notice->kind == QBLK_WATCH_NOTICE_EVENT) {
            ((QblkWatchEventFunc)function->func)(watch, notice->event, function->user_data);
        } else if (function->func != NULL) {
            ((QblkWatchChanged)function->func)(watch, function->user_data);
        }
        qblk_watch_notice_free(notice);
    }
}

gboolean
qblk_watch_process(QblkWatch *watch, int revents)
{
    g_return_val_if_fail(!watch->is_processing, TRUE);
    if (watch->coroutine == NULL) {
        return FALSE;
    }
    if (watch->has_begun && !end_wait(watch, revents)) {
        return TRUE;
    }

    /* The functions of the program may release it. */
    qblk_watch_ref(watch);
    watch->is_processing = TRUE;
    resume(watch);
    deliver(watch);
    watch->is_processing = FALSE;
    gboolean is_running = watch->coroutine != NULL;
    qblk_watch_unref(watch);
    return is_running;
}

/* ---- what is known ---- */

const char *
qblk_watch_get_address(const QblkWatch *watch)
{
    return watch->address;
}

QblkWatchState
qblk_watch_get_state(const QblkWatch *watch)
{
    return watch->state;
}

const GError *
qblk_watch_get_problem(const QblkWatch *watch)
{
    return watch->problem;
}

guint
qblk_watch_get_pause(const QblkWatch *watch)
{
    return watch->pause;
}

const QblkSnapshot *
qblk_watch_get_snapshot(const QblkWatch *watch)
{
    return watch->snapshot;
}

const QblkSnapshot *
qblk_watch_get_jobs(const QblkWatch *watch)
{
    return watch->jobs;
}

gint64
qblk_watch_get_job_rate(const QblkWatch *watch, const char *id)
{
    return qblk_watch_rates_get(watch->rates, id);
}

gint64
qblk_watch_get_job_seconds_left(const QblkWatch *watch, const char *id)
{
    return qblk_watch_rates_get_seconds_left(watch->rates, id);
}

/* ---- the functions of the program ---- */

void
qblk_watch_set_state_changed(QblkWatch *watch, QblkWatchChanged func, gpointer user_data,
                             GDestroyNotify destroy)
{
    set_function(watch, QBLK_WATCH_NOTICE_STATE, (QblkWatchAnyFunc)func, user_data, destroy);
}

void
qblk_watch_set_snapshot_changed(QblkWatch *watch, QblkWatchChanged func, gpointer user_data,
                                GDestroyNotify destroy)
{
    set_function(watch, QBLK_WATCH_NOTICE_SNAPSHOT, (QblkWatchAnyFunc)func, user_data, destroy);
}

void
qblk_watch_set_progress(QblkWatch *watch, QblkWatchChanged func, gpointer user_data,
                        GDestroyNotify destroy)
{
    set_function(watch, QBLK_WATCH_NOTICE_PROGRESS, (QblkWatchAnyFunc)func, user_data, destroy);
}

void
qblk_watch_set_event(QblkWatch *watch, QblkWatchEventFunc func, gpointer user_data,
                     GDestroyNotify destroy)
{
    set_function(watch, QBLK_WATCH_NOTICE_EVENT, (QblkWatchAnyFunc)func, user_data, destroy);
}
