/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/jobs-watch.h"

#include "base/text.h"
#include "cli/interrupt.h"
#include "cli/print/jobs-table.h"
#include "cli/print/output.h"
#include "cli/vm.h"

#include <poll.h>
#include <qblk/client-async.h>
#include <qblk/snapshot-fetch.h>
#include <unistd.h>

/* How often the progress is printed on a terminal. */
#define PROGRESS_MS 1000

typedef struct {
    QblkOutput *output;
    QblkClient *client;
    int stop_fd;
    gboolean has_stopped; /* by Ctrl-C */
    gboolean is_terminal;
    int turn_ms;         /* the time limit for an event, after which QEMU is queried */
    GHashTable *printed; /* job id -> last text, both owned */
} Watch;

/* ---- printing ---- */

/* "vda: commit 'job0' is running, 12 %: No space left on device". */
static char *
describe_job(const QblkJob *job)
{
    const char *target = qblk_job_get_target(job);
    const char *error = qblk_job_get_error(job);
    int percent = qblk_text_percent(qblk_job_get_progress(job), qblk_job_get_total(job));
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%s: %s '%s' is %s", target == NULL ? "-" : target,
                           qblk_job_get_kind_name(job), qblk_job_get_id(job),
                           qblk_job_get_state(job));
    if (percent >= 0) {
        g_string_append_printf(text, ", %d %%", percent);
    }
    if (error != NULL) {
        g_string_append_printf(text, ": %s", error);
    }

    return g_string_free(text, FALSE);
}

static void
print_line(const Watch *watch, const char *text)
{
    g_autofree char *safe = qblk_output_escape(text);

    if (!watch->output->json) {
        qblk_output_print(watch->output, "%s\n", safe);
    }
}

/* Print the jobs that were printed before and no longer exist.  Returns: TRUE if there are any. */
static gboolean
print_gone(const Watch *watch, const QblkSnapshot *snapshot)
{
    gboolean has_changed = FALSE;
    GHashTableIter at;
    gpointer id;

    g_hash_table_iter_init(&at, watch->printed);
    while (g_hash_table_iter_next(&at, &id, NULL)) {
        if (qblk_snapshot_find_job(snapshot, id) != NULL) {
            continue;
        }

        g_autofree char *text = g_strdup_printf("job '%s' is gone", (const char *)id);
        print_line(watch, text);
        g_hash_table_iter_remove(&at);
        has_changed = TRUE;
    }

    return has_changed;
}

/* Print the jobs whose text has changed.  Returns: TRUE if there are any. */
static gboolean
print_changed(const Watch *watch, const QblkSnapshot *snapshot)
{
    gboolean has_changed = FALSE;

    for (guint i = 0; i < qblk_snapshot_get_n_jobs(snapshot); i++) {
        const QblkJob *job = qblk_snapshot_get_job(snapshot, i);
        const char *id = qblk_job_get_id(job);
        g_autofree char *text = describe_job(job);

        if (g_strcmp0(g_hash_table_lookup(watch->printed, id), text) != 0) {
            print_line(watch, text);
            g_hash_table_replace(watch->printed, g_strdup(id), g_steal_pointer(&text));
            has_changed = TRUE;
        }
    }

    return has_changed;
}

static gboolean
print_changes(const Watch *watch, const QblkSnapshot *snapshot, GError **error)
{
    gboolean are_gone = print_gone(watch, snapshot);
    gboolean have_changed = print_changed(watch, snapshot);

    if (watch->output->json && (are_gone || have_changed)) {
        QblkJson *result = qblk_json_new_object();
        qblk_json_set(result, "jobs", qblk_jobs_table_json(snapshot));
        qblk_output_json(watch->output, result);
    }

    return qblk_output_flush(watch->output, error);
}

/* ---- waiting ---- */

static gboolean
is_of_job(const char *text)
{
    g_autoptr(QblkJson) event = qblk_json_parse_printed(text);
    const char *name = qblk_json_get_string(event, "event");

    return name != NULL && (g_str_has_prefix(name, "JOB_") || g_str_has_prefix(name, "BLOCK_JOB_"));
}

/* Returns: TRUE if an event of a job was received. */
static gboolean
handle_events(const Watch *watch)
{
    gboolean has_changed = FALSE;

    for (;;) {
        g_autofree char *event = qblk_client_take_event(watch->client);
        if (event == NULL) {
            return has_changed;
        }

        has_changed = has_changed || is_of_job(event);
    }
}

/* Wait for an event of a job, but not longer than a turn.  @has_changed: (out): there was one */
static gboolean
wait_for_change(Watch *watch, gboolean *has_changed, GError **error)
{
    gint64 end = g_get_monotonic_time() + (gint64)watch->turn_ms * 1000;

    for (;;) {
        *has_changed = handle_events(watch);

        gint64 left_ms = (end - g_get_monotonic_time()) / 1000;
        if (*has_changed || left_ms <= 0) {
            return TRUE;
        }

        struct pollfd polled[] = {
            {qblk_client_get_fd(watch->client), (short)qblk_client_get_events(watch->client), 0},
            {watch->stop_fd, POLLIN, 0},
        };
        int ready = poll(polled, G_N_ELEMENTS(polled), (int)left_ms);
        if (ready > 0 && polled[1].revents != 0) {
            watch->has_stopped = TRUE;
            return TRUE;
        }
        if (!qblk_client_process(watch->client, ready > 0 ? polled[0].revents : 0, error)) {
            return FALSE;
        }
    }
}

/* Ask for the progress only: the graph has not changed as long as there was no event. */
static gboolean
print_progress(const Watch *watch, const QblkSnapshot *known, GError **error)
{
    g_autoptr(QblkSnapshot) jobs = qblk_snapshot_fetch_jobs(watch->client, known, error);

    return jobs != NULL && print_changes(watch, jobs, error);
}

/* A QEMU that hangs sends no events and keeps the connection open. */
static gboolean
check_alive(const Watch *watch, GError **error)
{
    g_autofree char *jobs = qblk_client_execute(watch->client, "query-jobs", NULL, 0, error);

    return jobs != NULL;
}

/* Return after an event of a job, or Ctrl-C. */
static gboolean
watch_jobs(Watch *watch, const QblkSnapshot *snapshot, GError **error)
{
    for (;;) {
        gboolean has_changed;
        if (!wait_for_change(watch, &has_changed, error)) {
            return FALSE;
        }
        if (has_changed || watch->has_stopped) {
            return TRUE;
        }

        gboolean is_alive =
            watch->is_terminal ? print_progress(watch, snapshot, error) : check_alive(watch, error);
        if (!is_alive) {
            return FALSE;
        }
    }
}

static gboolean
watch_vm(Watch *watch, const QblkSnapshotOptions *options, GError **error)
{
    while (!watch->has_stopped) {
        g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_fetch(watch->client, options, error);
        if (snapshot == NULL) {
            return FALSE;
        }

        gboolean is_printed = print_changes(watch, snapshot, error);
        if (!is_printed) {
            return FALSE;
        }

        if (qblk_snapshot_get_n_jobs(snapshot) == 0) {
            return TRUE;
        }

        if (!watch_jobs(watch, snapshot, error)) {
            return FALSE;
        }
    }

    return TRUE;
}

gboolean
qblk_jobs_watch(QblkInvocation *invocation, GError **error)
{
    g_autoptr(QblkClient) client = qblk_vm_connect(invocation, error);
    if (client == NULL) {
        return FALSE;
    }
    qblk_vm_log(client, invocation);

    gboolean is_terminal = isatty(STDOUT_FILENO) != 0;
    g_autoptr(QblkInterrupt) interrupt = qblk_interrupt_new();
    g_autoptr(GHashTable) printed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    Watch watch = {
        .output = &invocation->output,
        .client = client,
        .stop_fd = qblk_interrupt_get_fd(interrupt),
        .is_terminal = is_terminal,
        .turn_ms = is_terminal ? PROGRESS_MS : invocation->timeout_ms,
        .printed = printed,
    };
    return watch_vm(&watch, invocation->snapshot_options, error);
}
