/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/monitor.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

static void
job_free(gpointer data)
{
    qblk_job_state_free(data);
}

void
qblk_monitor_init(QblkMonitor *monitor, QblkClient **client, const char *address, int timeout_ms,
                  int stop_fd)
{
    *monitor = (QblkMonitor){
        .client = client,
        .address = address,
        .timeout_ms = timeout_ms,
        .stop_fd = stop_fd,
        .jobs = g_ptr_array_new_with_free_func(job_free),
    };
    /* They may be of jobs that had the same ids before. */
    for (;;) {
        g_autoptr(QblkJson) event = qblk_client_take_event_json(*client);
        if (event == NULL) {
            return;
        }
    }
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

gboolean
qblk_monitor_is_lost(const QblkMonitor *monitor)
{
    return qblk_client_get_error(*monitor->client) != NULL;
}

static void
hear_all(QblkMonitor *monitor)
{
    for (;;) {
        g_autoptr(QblkJson) event = qblk_client_take_event_json(*monitor->client);
        if (event == NULL) {
            return;
        }
        for (guint i = 0; i < monitor->jobs->len; i++) {
            qblk_job_state_hear(monitor->jobs->pdata[i], event);
        }
    }
}

QblkJson *
qblk_monitor_call(QblkMonitor *monitor, const char *command, const QblkJson *arguments,
                  GError **error)
{
    QblkJson *value = qblk_client_call(*monitor->client, command, arguments, error);
    hear_all(monitor);
    return value;
}

gboolean
qblk_monitor_ask(QblkMonitor *monitor, GError **error)
{
    g_autoptr(QblkJson) jobs = qblk_client_call(*monitor->client, "query-jobs", NULL, error);
    if (jobs == NULL) {
        return FALSE;
    }
    for (guint i = 0; i < monitor->jobs->len; i++) {
        qblk_job_state_see(monitor->jobs->pdata[i], jobs);
    }
    /* The last event that came before the reply says what the reply says, later ones know more. */
    hear_all(monitor);
    return TRUE;
}

/* A signalfd gives a record, and nothing to a buffer smaller than that. */
void
qblk_monitor_look_at_stop(QblkMonitor *monitor)
{
    struct pollfd polled = {monitor->stop_fd, POLLIN, 0};
    char record[256];
    if (poll(&polled, 1, 0) > 0 && read(polled.fd, record, sizeof(record)) > 0) {
        monitor->stops++;
    }
}

static int
milliseconds_until(gint64 when)
{
    return (int)CLAMP((when - g_get_monotonic_time() + 999) / 1000, 0, G_MAXINT);
}

static int
how_long(const QblkMonitor *monitor, gint64 deadline)
{
    /* A connection that is lost has no descriptor that could wake us. */
    int timeout = qblk_monitor_is_lost(monitor) ? 0 : qblk_client_get_timeout(*monitor->client);
    if (deadline == 0) {
        return timeout;
    }
    int left = milliseconds_until(deadline);
    return timeout < 0 ? left : MIN(timeout, left);
}

gboolean
qblk_monitor_wait(QblkMonitor *monitor, gint64 deadline, GError **error)
{
    QblkClient *client = *monitor->client;
    struct pollfd polled[] = {
        {qblk_client_get_fd(client), (short)qblk_client_get_events(client), 0},
        {monitor->stop_fd, POLLIN, 0},
    };
    int ready = poll(polled, G_N_ELEMENTS(polled), how_long(monitor, deadline));
    if (ready < 0 && errno != EINTR) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "cannot wait for QEMU: %s",
                    g_strerror(errno));
        return FALSE;
    }
    qblk_monitor_look_at_stop(monitor);
    gboolean is_alive = qblk_client_process(client, ready > 0 ? polled[0].revents : 0, error);
    hear_all(monitor);
    return is_alive;
}

gboolean
qblk_monitor_reconnect(QblkMonitor *monitor, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (monitor->has_reconnected || monitor->address == NULL) {
        return FALSE;
    }
    monitor->has_reconnected = TRUE;
    QblkClient *next = qblk_client_connect(monitor->address, monitor->timeout_ms, &cause);
    if (next == NULL) {
        g_prefix_error(error, "%s, after: ", cause->message);
        return FALSE;
    }
    g_clear_error(error);
    qblk_client_free(*monitor->client);
    *monitor->client = next;
    return qblk_monitor_ask(monitor, error);
}

gboolean
qblk_monitor_try(const QblkMonitor *monitor, const char *address, GError **error)
{
    g_autoptr(QblkClient) client = qblk_client_connect(address, monitor->timeout_ms, error);
    return client != NULL;
}

QblkSnapshot *
qblk_monitor_fetch(QblkMonitor *monitor, const QblkSnapshotOptions *options, GError **error)
{
    QblkSnapshot *snapshot = qblk_snapshot_fetch(*monitor->client, options, error);
    hear_all(monitor);
    return snapshot;
}
