/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/recovery.h"

#include "cli/exit-code.h"
#include "cli/interrupt.h"
#include "cli/print/output.h"
#include "cli/print/recover-report.h"

#include <qblk/operation.h>
#include <qblk/state-directory.h>
#include <stdio.h>
#include <unistd.h>

void
qblk_recovery_options_add(gpointer data, QblkOptionTable *table)
{
    QblkRecoveryOptions *options = data;
    const GOptionEntry entries[] = {
        {"state-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->state_dir,
         "Read the journals and marks in this directory", "DIRECTORY"},
        {NULL},
    };

    qblk_option_table_add(table, entries);
}

void
qblk_recovery_options_clear(gpointer data)
{
    QblkRecoveryOptions *options = data;

    g_free(options->state_dir);
}

/* "" would be the working directory, which a later `qblk recover` does not search. */
gboolean
qblk_recovery_check_state_dir(const char *state_dir, GError **error)
{
    if (state_dir != NULL && state_dir[0] == '\0') {
        return qblk_usage_error(error, "invalid --state-dir '': use the path of a directory");
    }
    return state_dir == NULL || qblk_state_directory_check(state_dir, error);
}

char *
qblk_recovery_directory(const char *state_dir)
{
    if (state_dir != NULL) {
        return g_canonicalize_filename(state_dir, NULL);
    }

    return qblk_state_directory_default();
}

void
qblk_recovery_tidy_marks(const QblkOutput *output, const char *state_dir, const char *image)
{
    g_auto(GStrv) removed = qblk_state_directory_tidy_marks(state_dir, image);

    qblk_recover_report_removed(output, (const char *const *)removed);
}

QblkRecoverOptions *
qblk_recovery_make_options(const QblkInvocation *invocation, const char *state_dir)
{
    QblkRecoverOptions *options = qblk_recover_options_new();

    qblk_recover_options_set_state_directory(options, state_dir);
    qblk_recover_options_set_snapshot_options(options, invocation->snapshot_options);
    qblk_recover_options_set_timeout(options, invocation->timeout_ms);
    return options;
}

/* ---- recovering ---- */

/* A person who waits longer than this for a job is told so. */
#define SILENCE_US G_USEC_PER_SEC

/* Ctrl-C ends the process while no job is waited for. */
static void
follow_state(QblkOperation *operation, const char *target, QblkPlanState state, gpointer user_data)
{
    QblkInterrupt **interrupt = user_data;
    gboolean has_ended = state >= QBLK_PLAN_STATE_COMPLETED;

    if (has_ended) {
        g_clear_pointer(interrupt, qblk_interrupt_free);
    } else if (*interrupt == NULL) {
        *interrupt = qblk_interrupt_new();
    }
}

static void
report_warning(QblkOperation *operation, const char *message, gpointer user_data)
{
    qblk_output_warn(user_data, message);
}

QblkRecovery *
qblk_recovery_run(QblkClient *client, QblkOutput *output, QblkRecoverOptions *options,
                  GError **error)
{
    g_autoptr(QblkOperation) operation = qblk_operation_start_recovery(client, options, error);
    g_autoptr(QblkInterrupt) interrupt = NULL;
    gint64 begin = g_get_monotonic_time();
    gboolean is_silent = isatty(STDERR_FILENO) && !output->json;
    int revents = 0;
    if (operation == NULL) {
        return NULL;
    }

    qblk_operation_set_state_changed(operation, follow_state, &interrupt, NULL);
    qblk_operation_set_warning(operation, report_warning, output, NULL);
    while (qblk_operation_process(operation, revents)) {
        revents = qblk_interrupt_wait(interrupt, operation, client);
        if (is_silent && interrupt != NULL && g_get_monotonic_time() - begin > SILENCE_US) {
            qblk_output_notice(output, "waiting for the job to end: Ctrl-C cancels it");
            is_silent = FALSE;
        }
    }

    QblkRecovery *recovery = qblk_operation_get_recovery(operation);
    if (recovery != NULL) {
        return qblk_recovery_ref(recovery);
    }
    (void)!qblk_operation_get_result(operation, error);
    return NULL;
}

/* ---- before a change ---- */

/* Returns: (transfer full): what would become of operations that were interrupted, one sentence
 * each; empty if nothing would be changed. */
static GPtrArray *
describe_changes(const QblkRecovery *recovery)
{
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; recovery != NULL && i < qblk_recovery_get_n_results(recovery); i++) {
        const QblkRecoverResult *result = qblk_recovery_get_result(recovery, i);
        if (qblk_recover_result_would_change(result)) {
            g_ptr_array_add(texts, qblk_recover_result_to_text(result));
        }
    }
    return texts;
}

/* A program that reads JSON is not asked.  Returns: TRUE if a user at a terminal agrees. */
static gboolean
ask_user(const QblkOutput *output, const GPtrArray *texts)
{
    char answer[16];
    if (output->json || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        return FALSE;
    }

    for (guint i = 0; i < texts->len; i++) {
        g_autofree char *safe = qblk_output_escape(texts->pdata[i]);
        fprintf(stderr, "qblk: %s\n", safe);
    }
    fprintf(stderr, "qblk: do this first, and continue? [y/N] ");
    if (fgets(answer, sizeof(answer), stdin) == NULL) {
        fputc('\n', stderr);
        return FALSE;
    }
    return g_ascii_strcasecmp(answer, "y\n") == 0 || g_ascii_strcasecmp(answer, "yes\n") == 0;
}

static void
refuse(QblkInvocation *invocation, const QblkRecoveryRequest *request, const GPtrArray *texts,
       GError **error)
{
    g_autofree char *vm = qblk_output_shell_word(invocation->arguments[0]);
    GString *list = g_string_new(NULL);

    for (guint i = 0; i < texts->len; i++) {
        g_string_append_printf(list, "%s%s", i == 0 ? "" : "; ", (const char *)texts->pdata[i]);
    }
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                "interrupted operations have to be recovered first, with --recover or 'qblk "
                "recover': %s",
                list->str);
    g_string_free(list, TRUE);
    if (request->state_dir == NULL) {
        qblk_output_add_hint(&invocation->output, "to recover: qblk recover %s", vm);
    } else {
        g_autofree char *directory = qblk_output_shell_word(request->state_dir);
        qblk_output_add_hint(&invocation->output, "to recover: qblk recover %s --state-dir %s", vm,
                             directory);
    }
}

static void
warn_of_changes(const QblkOutput *output, const GPtrArray *texts)
{
    for (guint i = 0; i < texts->len; i++) {
        qblk_output_warn(output, texts->pdata[i]);
    }
}

/* Find out by queries what would be changed first, and if the user allows that.  What fails is
 * reported by the attempt, after it has resumed the others. */
static gboolean
check_allowed(QblkClient *client, QblkInvocation *invocation, const QblkRecoveryRequest *request,
              const char *disk, GError **error)
{
    g_autoptr(QblkRecoverOptions) options =
        qblk_recovery_make_options(invocation, request->state_dir);
    qblk_recover_options_set_dry_run(options, TRUE);

    g_autoptr(QblkRecovery) recovery =
        qblk_recover_before(client, disk, request->purpose, options, NULL);
    g_autoptr(GPtrArray) texts = describe_changes(recovery);
    if (texts->len == 0) {
        return TRUE;
    }
    if (request->is_allowed) {
        warn_of_changes(&invocation->output, texts);
        return TRUE;
    }
    if (!request->dry_run && ask_user(&invocation->output, texts)) {
        return TRUE;
    }

    refuse(invocation, request, texts, error);
    return FALSE;
}

/* The failures of other disks are not in the way. */
static void
warn_of_failure(const QblkOutput *output, const QblkRecovery *recovery)
{
    for (guint i = 0; i < qblk_recovery_get_n_results(recovery); i++) {
        const GError *error = qblk_recover_result_get_error(qblk_recovery_get_result(recovery, i));
        if (error != NULL) {
            qblk_output_warn(output, error->message);
            return;
        }
    }
}

gboolean
qblk_recovery_before_change(QblkClient *client, QblkInvocation *invocation,
                            const QblkRecoveryRequest *request, QblkRecovery **recovery,
                            GError **error)
{
    const char *disk = invocation->count > 1 ? invocation->arguments[1] : NULL;
    gboolean is_checked = request->is_allowed && !request->dry_run;
    if (!is_checked && !check_allowed(client, invocation, request, disk, error)) {
        return FALSE;
    }
    if (request->dry_run) {
        return TRUE;
    }

    g_autoptr(QblkRecoverOptions) options =
        qblk_recovery_make_options(invocation, request->state_dir);
    qblk_recover_options_set_purpose(options, request->purpose, disk);
    g_autoptr(QblkRecovery) done = qblk_recovery_run(client, &invocation->output, options, error);
    if (done == NULL) {
        return FALSE;
    }

    qblk_recover_report_notices(&invocation->output, done);
    if (!qblk_recovery_propagate_error(done, error)) {
        return FALSE;
    }
    warn_of_failure(&invocation->output, done);
    *recovery = g_steal_pointer(&done);
    return TRUE;
}
