/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/jobs-watch.h"

#include "base/limits.h"
#include "cli/interrupt.h"
#include "cli/print/jobs-table.h"
#include "cli/print/output.h"
#include "cli/print/report.h"
#include "cli/vm.h"
#include "graph/snapshot-jobs.h"
#include "qmp/client.h"

#include <poll.h>
#include <unistd.h>

#define TURN_MS 1000

typedef struct {
    QblkInvocation *invocation;
    QblkClient *client;
    int stop_fd;
    gboolean has_stopped;
    gboolean is_terminal;
    GHashTable *seen; /* job id -> text that was printed, owned */
} Watch;

static char *
describe(const QblkJob *job)
{
    int percent = qblk_report_percent(job);
    g_autofree char *done = percent < 0 ? g_strdup("") : g_strdup_printf(", %d %%", percent);
    return g_strdup_printf("%s: %s '%s' is %s%s%s%s", job->target == NULL ? "-" : job->target,
                           qblk_snapshot_jobs_kind(job), job->id, job->status, done,
                           job->error == NULL ? "" : ": ", job->error == NULL ? "" : job->error);
}

static void
print_line(const Watch *watch, const char *text)
{
    g_autofree char *safe = qblk_output_escape(text);
    qblk_output_print(&watch->invocation->output, "%s\n", safe);
}

static const QblkJob *
find(const GPtrArray *jobs, const char *id)
{
    for (guint i = 0; i < jobs->len; i++) {
        const QblkJob *job = jobs->pdata[i];
        if (g_str_equal(job->id, id)) {
            return job;
        }
    }
    return NULL;
}

/* Those that were there and are not any more. */
static gboolean
print_gone(const Watch *watch, const GPtrArray *jobs)
{
    gboolean has_changed = FALSE;
    GHashTableIter at;
    gpointer id;
    g_hash_table_iter_init(&at, watch->seen);
    while (g_hash_table_iter_next(&at, &id, NULL)) {
        if (find(jobs, id) == NULL) {
            g_autofree char *text = g_strdup_printf("job '%s' is gone", (const char *)id);
            if (!watch->invocation->output.json) {
                print_line(watch, text);
            }
            g_hash_table_iter_remove(&at);
            has_changed = TRUE;
        }
    }
    return has_changed;
}

static gboolean
print_changes(const Watch *watch, const GPtrArray *jobs, GError **error)
{
    QblkInvocation *invocation = watch->invocation;
    gboolean has_changed = print_gone(watch, jobs);
    for (guint i = 0; i < jobs->len; i++) {
        const QblkJob *job = jobs->pdata[i];
        char *text = describe(job);
        if (g_strcmp0(g_hash_table_lookup(watch->seen, job->id), text) == 0) {
            g_free(text);
            continue;
        }
        if (!invocation->output.json) {
            print_line(watch, text);
        }
        g_hash_table_replace(watch->seen, g_strdup(job->id), text);
        has_changed = TRUE;
    }
    if (invocation->output.json && has_changed) {
        QblkJson *result = qblk_json_new_object();
        qblk_json_set(result, "jobs", qblk_jobs_table_json(jobs));
        qblk_output_json(&invocation->output, result);
    }
    return qblk_output_flush(&invocation->output, error);
}

/* Whether an event said that a job is in another state. */
static gboolean
hear(const Watch *watch)
{
    gboolean has_changed = FALSE;
    for (;;) {
        g_autoptr(QblkJson) event = qblk_client_take_event_json(watch->client);
        if (event == NULL) {
            return has_changed;
        }
        const char *name = qblk_json_get_string(event, "event");
        has_changed = has_changed || g_str_has_prefix(name == NULL ? "" : name, "JOB_") ||
                      g_str_has_prefix(name == NULL ? "" : name, "BLOCK_JOB_");
    }
}

/* How long to wait for an event: for what a terminal shows, or else to see whether QEMU lives. */
static int
turn_ms(const Watch *watch)
{
    int timeout = watch->invocation->timeout_ms;
    return watch->is_terminal ? TURN_MS : timeout > 0 ? timeout : QBLK_DEFAULT_TIMEOUT_MS;
}

/* Wait for a change, not longer than a turn. */
static gboolean
wait_for_change(Watch *watch, gboolean *has_changed, GError **error)
{
    gint64 end = g_get_monotonic_time() + (gint64)turn_ms(watch) * 1000;
    while (!(*has_changed = hear(watch))) {
        struct pollfd polled[] = {
            {qblk_client_get_fd(watch->client), (short)qblk_client_get_events(watch->client), 0},
            {watch->stop_fd, POLLIN, 0},
        };
        gint64 left = (end - g_get_monotonic_time()) / 1000;
        if (left <= 0) {
            return TRUE;
        }
        int ready = poll(polled, G_N_ELEMENTS(polled), (int)left);
        if (ready > 0 && polled[1].revents != 0) {
            watch->has_stopped = TRUE;
            return TRUE;
        }
        if (!qblk_client_process(watch->client, ready > 0 ? polled[0].revents : 0, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* How far they are, without asking for the graph again: it is the same while no event came. */
static gboolean
print_progress(const Watch *watch, const GPtrArray *known, GError **error)
{
    static const char *const commands[] = {"query-jobs", "query-block-jobs"};
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        QblkJson *value = qblk_client_call(watch->client, commands[i], NULL, error);
        if (value == NULL) {
            return FALSE;
        }
        (void)qblk_replies_add(replies, commands[i], NULL, value, NULL);
    }
    g_autoptr(GPtrArray) jobs = qblk_job_load_all(replies, error);
    for (guint i = 0; jobs != NULL && i < jobs->len; i++) {
        QblkJob *job = jobs->pdata[i];
        const QblkJob *before = find(known, job->id);
        job->target = before == NULL ? NULL : g_strdup(before->target);
    }
    return jobs != NULL && print_changes(watch, jobs, error);
}

/* A QEMU that stands still has no events to send, and keeps the connection. */
static gboolean
lives(const Watch *watch, GError **error)
{
    g_autoptr(QblkJson) jobs = qblk_client_call(watch->client, "query-jobs", NULL, error);
    return jobs != NULL;
}

/* Until an event says that there is something new. */
static gboolean
watch_progress(Watch *watch, const GPtrArray *jobs, GError **error)
{
    for (;;) {
        gboolean has_changed;
        if (!wait_for_change(watch, &has_changed, error)) {
            return FALSE;
        }
        if (has_changed || watch->has_stopped) {
            return TRUE;
        }
        if (!(watch->is_terminal ? print_progress(watch, jobs, error) : lives(watch, error))) {
            return FALSE;
        }
    }
}

static gboolean
run(Watch *watch, GError **error)
{
    for (;;) {
        g_autoptr(QblkSnapshot) snapshot =
            qblk_snapshot_fetch(watch->client, watch->invocation->snapshot_options, error);
        if (snapshot == NULL || !print_changes(watch, snapshot->jobs, error)) {
            return FALSE;
        }
        if (snapshot->jobs->len == 0) {
            return TRUE;
        }
        if (!watch_progress(watch, snapshot->jobs, error)) {
            return FALSE;
        }
        if (watch->has_stopped) {
            return TRUE;
        }
    }
}

gboolean
qblk_jobs_watch(QblkInvocation *invocation, GError **error)
{
    g_autoptr(QblkClient) client = qblk_vm_connect(invocation, error);
    if (client == NULL) {
        return FALSE;
    }
    qblk_vm_log(client, invocation);
    g_autoptr(QblkInterrupt) interrupt = qblk_interrupt_new();
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    Watch watch = {
        .invocation = invocation,
        .client = client,
        .stop_fd = qblk_interrupt_get_fd(interrupt),
        .is_terminal = isatty(STDOUT_FILENO) != 0,
        .seen = seen,
    };
    return run(&watch, error);
}
