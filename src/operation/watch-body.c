/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/watch-body.h"

#include "graph/snapshot-fetch.h"

/* ---- notices ---- */

void
qblk_watch_notice_free(QblkWatchNotice *notice)
{
    g_clear_error(&notice->problem);
    qblk_snapshot_unref(notice->snapshot);
    qblk_watch_event_unref(notice->event);
    g_free(notice);
}

static QblkWatchNotice *
add_notice(QblkWatch *watch, QblkWatchNoticeKind kind)
{
    QblkWatchNotice *notice = g_new0(QblkWatchNotice, 1);
    notice->kind = kind;
    g_queue_push_tail(&watch->notices, notice);
    return notice;
}

/* @problem: (transfer full) (nullable) */
static void
set_state(QblkWatch *watch, QblkWatchState state, GError *problem, guint pause)
{
    QblkWatchNotice *notice = add_notice(watch, QBLK_WATCH_NOTICE_STATE);
    notice->state = state;
    notice->problem = problem;
    notice->pause = pause;
    watch->current = state;
}

void
qblk_watch_body_take_events(QblkWatch *watch)
{
    while (watch->client != NULL) {
        g_autoptr(QblkJson) json = qblk_client_take_event_json(watch->client);
        if (json == NULL) {
            return;
        }

        QblkWatchEvent *event = qblk_watch_event_new(json, watch->names, g_get_real_time());
        if (qblk_watch_event_is_change(event)) {
            qblk_watch_schedule_change(&watch->schedule, g_get_monotonic_time());
        }
        watch->has_shut_down |= qblk_watch_event_is_end(event);
        add_notice(watch, QBLK_WATCH_NOTICE_EVENT)->event = event;
    }
}

/* ---- what is queried ---- */

/* A job that is paused, or waits for a client, makes no progress. */
static gboolean
has_running_job(const QblkSnapshot *snapshot)
{
    for (guint i = 0; i < qblk_snapshot_get_n_jobs(snapshot); i++) {
        const char *state = qblk_job_get_state(qblk_snapshot_get_job(snapshot, i));
        if (g_str_equal(state, "running") || g_str_equal(state, "ready")) {
            return TRUE;
        }
    }
    return FALSE;
}

/* QEMU responds. */
static void
set_connected(QblkWatch *watch)
{
    if (watch->current != QBLK_WATCH_STATE_CONNECTED || watch->cannot_be_read) {
        set_state(watch, QBLK_WATCH_STATE_CONNECTED, NULL, 0);
    }
    watch->cannot_be_read = FALSE;
}

/* The mark is read first: what changes after it is seen by the next look. */
static gboolean
fetch(QblkWatch *watch, GError **error)
{
    gint64 begin = g_get_monotonic_time();
    qblk_watch_schedule_begin_fetch(&watch->schedule);
    g_autofree char *mark = NULL;
    if (watch->options->look_ms > 0 && !qblk_snapshot_fetch_mark(watch->client, &mark, error)) {
        return FALSE;
    }

    QblkSnapshot *snapshot = qblk_snapshot_fetch(watch->client, watch->options->snapshot, error);
    if (snapshot == NULL) {
        return FALSE;
    }

    g_clear_pointer(&watch->names, g_hash_table_unref);
    watch->names = qblk_watch_event_names(snapshot, watch->fetched);
    qblk_snapshot_unref(watch->fetched);
    watch->fetched = qblk_snapshot_ref(snapshot);
    g_free(watch->mark);
    watch->mark = g_steal_pointer(&mark);

    set_connected(watch);
    add_notice(watch, QBLK_WATCH_NOTICE_SNAPSHOT)->snapshot = snapshot;
    qblk_watch_schedule_end_fetch(&watch->schedule, begin, g_get_monotonic_time(),
                                  has_running_job(snapshot));
    return TRUE;
}

static gboolean
query_progress(QblkWatch *watch, GError **error)
{
    QblkSnapshot *jobs = qblk_snapshot_fetch_jobs(watch->client, watch->fetched, error);
    if (jobs == NULL) {
        return FALSE;
    }

    qblk_watch_schedule_end_progress(&watch->schedule, g_get_monotonic_time(),
                                     has_running_job(jobs));
    add_notice(watch, QBLK_WATCH_NOTICE_PROGRESS)->snapshot = jobs;
    return TRUE;
}

static gboolean
look(QblkWatch *watch, GError **error)
{
    gint64 begin = g_get_monotonic_time();
    g_autofree char *mark = NULL;
    if (!qblk_snapshot_fetch_mark(watch->client, &mark, error)) {
        return FALSE;
    }

    gint64 now = g_get_monotonic_time();
    qblk_watch_schedule_end_look(&watch->schedule, begin, now);
    if (watch->current == QBLK_WATCH_STATE_SILENT || g_strcmp0(mark, watch->mark) != 0) {
        qblk_watch_schedule_change(&watch->schedule, now);
    }
    return TRUE;
}

/* ---- a connection ---- */

/* @error: (transfer full): a failure.  Returns: TRUE if the connection is kept */
static gboolean
survive(QblkWatch *watch, GError *error)
{
    gint64 now = g_get_monotonic_time();
    gboolean is_connected = qblk_client_is_ready(watch->client);
    if (!watch->options->reconnects || !is_connected || watch->is_abandoned) {
        return FALSE;
    }

    if (g_error_matches(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT)) {
        qblk_watch_schedule_fall_silent(&watch->schedule, now);
        set_state(watch, QBLK_WATCH_STATE_SILENT, g_error_copy(error), 0);
        return TRUE;
    }

    /* QEMU responds, and a program can see why there is no snapshot. */
    qblk_watch_schedule_retry(&watch->schedule, now);
    if (!watch->cannot_be_read || watch->current != QBLK_WATCH_STATE_CONNECTED) {
        set_state(watch, QBLK_WATCH_STATE_CONNECTED, g_error_copy(error), 0);
    }
    watch->cannot_be_read = TRUE;
    return TRUE;
}

static gboolean
take_turn(QblkWatch *watch, GError **error)
{
    gint64 deadline;
    qblk_watch_body_take_events(watch);

    switch (qblk_watch_schedule_next(&watch->schedule, g_get_monotonic_time(), &deadline)) {
    case QBLK_WATCH_FETCH:
        return fetch(watch, error);
    case QBLK_WATCH_PROGRESS:
        return query_progress(watch, error);
    case QBLK_WATCH_LOOK:
        return look(watch, error);
    case QBLK_WATCH_WAIT:
        break;
    }
    return qblk_client_wait_turn(watch->client, deadline, error);
}

static QblkClient *
start_client(QblkWatch *watch, GError **error)
{
    const QblkSnapshotOptions *options = watch->options->snapshot;
    g_autoptr(QblkAddress) address = qblk_address_parse(watch->address, error);
    if (address == NULL) {
        return NULL;
    }

    QblkClient *client =
        qblk_client_start_with(address, watch->options->timeout_ms, &watch->waiter, error);
    if (client != NULL && options != NULL) {
        qblk_client_set_reply_limit(client, options->reply_limit);
        qblk_client_set_logger(client, options->logger, options->logger_data.user_data, NULL);
    }
    return client;
}

/* Returns: (transfer full): why the connection has ended */
static GError *
follow(QblkWatch *watch)
{
    GError *error = NULL;
    watch->has_shut_down = FALSE;
    watch->client = start_client(watch, &error);
    if (watch->client == NULL) {
        return error;
    }

    qblk_watch_schedule_connect(&watch->schedule, g_get_monotonic_time());
    while (take_turn(watch, &error) || survive(watch, error)) {
        g_clear_error(&error);
    }
    qblk_watch_body_take_events(watch); /* those before the end */
    g_clear_pointer(&watch->client, qblk_client_unref);

    if (watch->has_shut_down) {
        g_clear_error(&error);
        g_set_error_literal(&error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ENDED, "QEMU has ended");
    }
    return error;
}

static gboolean
can_reconnect(const QblkWatch *watch)
{
    g_autoptr(QblkAddress) address = qblk_address_parse(watch->address, NULL);
    return watch->options->reconnects && address != NULL && qblk_address_can_reconnect(address);
}

void
qblk_watch_body_run(QblkWatch *watch)
{
    set_state(watch, QBLK_WATCH_STATE_CONNECTING, NULL, 0);
    for (;;) {
        g_autoptr(GError) problem = follow(watch);
        if (watch->is_abandoned) {
            return;
        }
        if (!can_reconnect(watch)) {
            set_state(watch, QBLK_WATCH_STATE_ENDED, g_steal_pointer(&problem), 0);
            return;
        }

        guint pause = qblk_watch_schedule_next_pause(&watch->schedule);
        struct pollfd nothing = {.fd = -1};
        set_state(watch, QBLK_WATCH_STATE_LOST, g_error_copy(problem), pause);
        if (qblk_waiter_poll(&watch->waiter, &nothing, (int)pause * 1000) < 0) {
            return;
        }
        set_state(watch, QBLK_WATCH_STATE_CONNECTING, g_steal_pointer(&problem), 0);
    }
}
