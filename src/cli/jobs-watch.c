/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/jobs-watch.h"

#include "base/text.h"
#include "cli/interrupt.h"
#include "cli/print/jobs-table.h"
#include "cli/print/output.h"
#include "cli/vm.h"

#include <poll.h>
#include <qblk/watch.h>
#include <unistd.h>

/* How often the progress is printed on a terminal. */
#define PROGRESS_MS 1000

typedef struct {
    QblkOutput *output;
    GHashTable *printed; /* job id -> last text, both owned */
    gboolean has_ended;  /* no jobs remain, or the output cannot be written */
    int stop_fd;         /* borrowed: readable after Ctrl-C */
    gboolean is_stopped; /* in the middle of the output */
    GError *error;       /* owned: of the output */
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

static void
print_changes(Watch *watch, const QblkSnapshot *snapshot)
{
    gboolean are_gone = print_gone(watch, snapshot);
    gboolean have_changed = print_changed(watch, snapshot);

    if (watch->output->json && (are_gone || have_changed)) {
        QblkJson *result = qblk_json_new_object();
        qblk_json_set(result, "jobs", qblk_jobs_table_json(snapshot));
        qblk_output_json(watch->output, result);
    }

    if (watch->error == NULL && !qblk_output_flush_until(watch->output, watch->stop_fd,
                                                         &watch->is_stopped, &watch->error)) {
        watch->has_ended = TRUE;
    }
}

/* ---- following ---- */

static void
handle_snapshot(QblkWatch *followed, gpointer user_data)
{
    Watch *watch = user_data;
    const QblkSnapshot *snapshot = qblk_watch_get_snapshot(followed);

    print_changes(watch, snapshot);
    watch->has_ended |= qblk_snapshot_get_n_jobs(snapshot) == 0;
}

static void
handle_progress(QblkWatch *followed, gpointer user_data)
{
    print_changes(user_data, qblk_watch_get_jobs(followed));
}

/* The first failure ends it: a script must not wait for a QEMU that is not there. */
static QblkWatch *
follow(const QblkInvocation *invocation, Watch *watch, gboolean is_terminal, GError **error)
{
    g_autoptr(QblkWatchOptions) options = qblk_watch_options_new();
    guint turn_ms = is_terminal ? PROGRESS_MS : (guint)MAX(invocation->timeout_ms, 1);

    qblk_watch_options_set_snapshot_options(options, invocation->snapshot_options);
    qblk_watch_options_set_timeout(options, invocation->timeout_ms);
    qblk_watch_options_set_delay(options, 0);
    qblk_watch_options_set_progress_interval(options, turn_ms);
    qblk_watch_options_set_look_interval(options, turn_ms);
    qblk_watch_options_set_reconnect(options, FALSE);

    QblkWatch *followed =
        qblk_watch_new(qblk_address_get_text(invocation->address), options, error);
    if (followed != NULL) {
        qblk_watch_set_snapshot_changed(followed, handle_snapshot, watch, NULL);
        qblk_watch_set_progress(followed, is_terminal ? handle_progress : NULL, watch, NULL);
    }
    return followed;
}

/* Returns: FALSE after Ctrl-C */
static gboolean
wait_for_change(const QblkWatch *followed, int stop_fd, int *revents)
{
    struct pollfd polled[] = {
        {qblk_watch_get_fd(followed), (short)qblk_watch_get_events(followed), 0},
        {stop_fd, POLLIN, 0},
    };
    int ready = poll(polled, G_N_ELEMENTS(polled), qblk_watch_get_timeout(followed));
    *revents = ready > 0 ? polled[0].revents : 0;
    return ready <= 0 || polled[1].revents == 0;
}

gboolean
qblk_jobs_watch(QblkInvocation *invocation, GError **error)
{
    if (!qblk_vm_check_monitor(invocation, error)) {
        return FALSE;
    }
    qblk_vm_set_up_options(invocation);

    g_autoptr(GHashTable) printed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    Watch watch = {.output = &invocation->output, .printed = printed};
    g_autoptr(QblkWatch) followed = follow(invocation, &watch, isatty(STDOUT_FILENO) != 0, error);
    if (followed == NULL) {
        return FALSE;
    }

    g_autoptr(QblkInterrupt) interrupt = qblk_interrupt_new();
    int revents = 0;
    watch.stop_fd = qblk_interrupt_get_fd(interrupt);
    while (qblk_watch_process(followed, revents) && !watch.has_ended) {
        if (watch.is_stopped || !wait_for_change(followed, watch.stop_fd, &revents)) {
            return TRUE;
        }
    }

    if (watch.error == NULL && !watch.has_ended) {
        watch.error = g_error_copy(qblk_watch_get_problem(followed));
    }
    if (watch.error != NULL) {
        g_propagate_error(error, watch.error);
        return FALSE;
    }
    return TRUE;
}
