/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/monitor.h"

#include "base/limits.h"
#include "image/image-client.h"

static void
job_free(gpointer data)
{
    qblk_job_state_free(data);
}

static void
postpone(QblkMonitor *monitor)
{
    monitor->query_at = g_get_monotonic_time() + (gint64)monitor->heartbeat_ms * 1000;
}

void
qblk_monitor_init(QblkMonitor *monitor, QblkClient *client, const char *address, int timeout_ms,
                  int heartbeat_ms, const QblkRunControl *control)
{
    int timeout = timeout_ms > 0 ? timeout_ms : QBLK_DEFAULT_TIMEOUT_MS;
    *monitor = (QblkMonitor){
        .client = client,
        .address = address,
        .timeout_ms = timeout,
        .heartbeat_ms = heartbeat_ms > 0 ? heartbeat_ms : timeout,
        .patience = QBLK_LIMIT_UNANSWERED,
        .control = control,
        .jobs = g_ptr_array_new_with_free_func(job_free),
    };
    /* Earlier events may be those of other jobs that had the same ids. */
    monitor->next_event = qblk_client_next_event(client);
    monitor->pid = qblk_monitor_get_pid(monitor);
    monitor->start = monitor->pid == 0 ? 0 : qblk_process_start(monitor->pid);
    postpone(monitor);
}

void
qblk_monitor_clear(QblkMonitor *monitor)
{
    g_clear_pointer(&monitor->jobs, g_ptr_array_unref);
}

QblkJobState *
qblk_monitor_job(QblkMonitor *monitor, const char *id)
{
    for (guint i = 0; i < monitor->jobs->len; i++) {
        QblkJobState *job = monitor->jobs->pdata[i];
        if (g_str_equal(job->id, id)) {
            return job;
        }
    }

    QblkJobState *job = qblk_job_state_new(id);
    g_ptr_array_add(monitor->jobs, job);
    return job;
}

static gboolean
has_failed(const QblkMonitor *monitor)
{
    return qblk_client_get_error(monitor->client) != NULL;
}

gboolean
qblk_monitor_is_lost(const QblkMonitor *monitor)
{
    gboolean is_abandoned = monitor->control != NULL && monitor->control->is_abandoned;
    return has_failed(monitor) || is_abandoned || monitor->unanswered >= monitor->patience;
}

/* Drop the events, if the caller does not take them: a full queue would end the connection. */
static void
drop_events(QblkMonitor *monitor)
{
    for (;;) {
        g_autoptr(QblkJson) event = qblk_client_take_event_json(monitor->client);
        if (event == NULL) {
            return;
        }
    }
}

static void
handle_events(QblkMonitor *monitor)
{
    const QblkJson *event;
    while ((event = qblk_client_peek_event(monitor->client, &monitor->next_event)) != NULL) {
        for (guint i = 0; i < monitor->jobs->len; i++) {
            qblk_job_state_handle_event(monitor->jobs->pdata[i], event);
        }
    }

    if (!monitor->keeps_events) {
        drop_events(monitor);
    }
}

static QblkAnswer *
execute(QblkMonitor *monitor, const char *command, const QblkJson *arguments, GError **error)
{
    QblkClient *client = monitor->client;
    guint64 id = qblk_client_submit_json(client, command, arguments, monitor->timeout_ms);
    return qblk_client_wait_answer(client, id, error);
}

QblkJson *
qblk_monitor_call(QblkMonitor *monitor, const char *command, const QblkJson *arguments,
                  GError **error)
{
    g_autoptr(QblkAnswer) answer = execute(monitor, command, arguments, error);
    gboolean has_value = answer != NULL && qblk_answer_check(answer, command, error);
    handle_events(monitor);
    return has_value ? qblk_json_ref(qblk_answer_value(answer)) : NULL;
}

gboolean
qblk_monitor_get_refusal(const QblkMonitor *monitor, const char **error_class,
                         const char **description)
{
    return qblk_client_get_refusal(monitor->client, error_class, description);
}

/* A query that was not answered is sent again at once, and counted. */
static QblkAnswer *
execute_query_jobs(QblkMonitor *monitor, GError **error)
{
    g_autoptr(QblkAnswer) answer = execute(monitor, "query-jobs", NULL, error);
    if (answer != NULL) {
        monitor->unanswered = 0;
        postpone(monitor);
    } else if (!has_failed(monitor) && ++monitor->unanswered >= monitor->patience) {
        g_prefix_error(error, "QEMU does not respond: ");
    }

    return g_steal_pointer(&answer);
}

gboolean
qblk_monitor_query_jobs(QblkMonitor *monitor, GError **error)
{
    g_autoptr(QblkAnswer) answer = execute_query_jobs(monitor, error);
    if (answer == NULL || !qblk_answer_check(answer, "query-jobs", error) ||
        !qblk_job_state_check(qblk_answer_value(answer), error)) {
        return FALSE;
    }

    for (guint i = 0; i < monitor->jobs->len; i++) {
        qblk_job_state_update(monitor->jobs->pdata[i], qblk_answer_value(answer));
    }

    /* The reply is as new as the last event before it; later events are newer. */
    handle_events(monitor);
    return TRUE;
}

gboolean
qblk_monitor_poll(QblkMonitor *monitor, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (qblk_monitor_query_jobs(monitor, &cause)) {
        return TRUE;
    }

    if (!qblk_monitor_is_lost(monitor) &&
        g_error_matches(cause, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT)) {
        return TRUE;
    }

    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}

guint
qblk_monitor_get_stops(const QblkMonitor *monitor)
{
    return monitor->control == NULL ? 0 : monitor->control->stops;
}

gboolean
qblk_monitor_wait(QblkMonitor *monitor, gint64 deadline, GError **error)
{
    gint64 end = deadline == 0 ? monitor->query_at : MIN(deadline, monitor->query_at);
    gboolean is_alive = qblk_client_wait_turn(monitor->client, end, error);
    handle_events(monitor);
    if (is_alive && g_get_monotonic_time() >= monitor->query_at) {
        is_alive = qblk_monitor_poll(monitor, error);
    }

    return is_alive;
}

gboolean
qblk_monitor_give_turn(const QblkMonitor *monitor, GError **error)
{
    int result = qblk_waiter_turn(qblk_client_get_waiter(monitor->client));
    if (result < 0) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "cannot wait for QEMU: %s",
                    g_strerror(-result));
    }
    return result == 0;
}

gboolean
qblk_monitor_reconnect(QblkMonitor *monitor, GError **error)
{
    g_autoptr(GError) cause = NULL;
    /* A QEMU that does not respond would not greet a new client either. */
    if (monitor->has_reconnected || monitor->address == NULL || !has_failed(monitor)) {
        return FALSE;
    }

    monitor->has_reconnected = TRUE;
    handle_events(monitor);
    if (!qblk_client_reconnect_to(monitor->client, monitor->address, monitor->timeout_ms, &cause)) {
        g_prefix_error(error, "cannot connect again (%s): ", cause->message);
        return FALSE;
    }

    g_clear_error(error);
    return qblk_monitor_query_jobs(monitor, error);
}

gboolean
qblk_monitor_try(const QblkMonitor *monitor, const char *address, GError **error)
{
    const QblkWaiter *waiter = qblk_client_get_waiter(monitor->client);
    g_autoptr(QblkClient) client =
        qblk_client_connect_with(address, monitor->timeout_ms, waiter, error);
    return client != NULL;
}

QblkSnapshot *
qblk_monitor_fetch(QblkMonitor *monitor, const QblkSnapshotOptions *options, GError **error)
{
    QblkSnapshot *snapshot = qblk_snapshot_fetch(monitor->client, options, error);
    handle_events(monitor);
    return snapshot;
}

gboolean
qblk_monitor_has_ended(const QblkMonitor *monitor)
{
    const QblkWaiter *waiter = qblk_client_get_waiter(monitor->client);
    return has_failed(monitor) &&
           qblk_process_wait_end(monitor->pid, monitor->start, QBLK_LIMIT_PROCESS_END_MS, waiter);
}

gint64
qblk_monitor_get_pid(const QblkMonitor *monitor)
{
    return qblk_client_get_process(monitor->client);
}
