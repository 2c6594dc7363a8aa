/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/change-run.h"

#include "blockjob/merged-mark-plan.h"
#include "blockjob/run.h"
#include "cli/interrupt.h"
#include "cli/print/progress.h"
#include "cli/print/recover-report.h"
#include "cli/recovery.h"
#include "operation/plans.h"
#include "qmp/client.h"
#include "recover/recovery.h"

#include <string.h>
#include <unistd.h>

#define REPORT_MS 500

/* ---- marks ---- */

/* TRUE if the files that all plans name are those of this machine. */
static gboolean
has_local_files(const GPtrArray *plans)
{
    for (guint i = 0; i < plans->len; i++) {
        const QblkPlan *plan = plans->pdata[i];
        if (!plan->is_local) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Refuse plans after which an image is stale that cannot be marked.  Marks of earlier files of the
 * names are removed before. */
static gboolean
prepare_marks(const QblkChange *change, const GPtrArray *plans, GError **error)
{
    gboolean is_local =
        has_local_files(plans) && qblk_address_is_local(change->invocation->address);
    g_autofree char *directory = qblk_recovery_directory(change->options->state_dir);
    g_autoptr(QblkMergedMarks) marks = qblk_merged_marks_load(directory);
    g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_free);

    qblk_merged_marks_tidy(marks, removed);
    for (guint i = 0; i < plans->len && is_local; i++) {
        qblk_merged_mark_tidy_plan(plans->pdata[i], removed);
    }
    g_ptr_array_add(removed, NULL);
    qblk_recover_report_removed((const char *const *)removed->pdata);

    for (guint i = 0; i < plans->len && is_local; i++) {
        const QblkMergedImages images = qblk_merged_mark_of_plan(plans->pdata[i]);
        if (!qblk_merged_mark_find_place(&images, directory, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- journals ---- */

/* A journal that is still in the list at the end is of an operation that did not end. */
typedef struct {
    QblkJournal **list; /* one for each plan, or NULL, and a NULL at the end; owned */
    guint count;
} Journals;

static void
journals_clear(Journals *journals)
{
    for (guint i = 0; i < journals->count; i++) {
        qblk_journal_leave(journals->list[i]);
    }
    g_free(journals->list);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Journals, journals_clear)

static gboolean
has_journals(const Journals *journals)
{
    for (guint i = 0; i < journals->count; i++) {
        if (journals->list[i] != NULL) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Nothing is lost if a plan that only sends a command to an existing job is interrupted. */
static gboolean
begin_journals(Journals *journals, const QblkChange *change, const GPtrArray *plans, GError **error)
{
    g_autofree char *directory = qblk_recovery_directory(change->options->state_dir);

    journals->list = g_new0(QblkJournal *, plans->len + 1);
    journals->count = plans->len;

    for (guint i = 0; i < plans->len; i++) {
        if (qblk_plan_keeps_job(plans->pdata[i])) {
            continue;
        }

        journals->list[i] = qblk_recovery_begin_journal(change->recovery, directory, &change->vm,
                                                        plans->pdata[i], error);
        if (journals->list[i] == NULL) {
            for (guint j = 0; j < i; j++) {
                qblk_journal_end(g_steal_pointer(&journals->list[j]));
            }
            return FALSE;
        }
    }

    return TRUE;
}

/* ---- running ---- */

/* The images of a QEMU that has ended show what became of its jobs. */
static void
add_image_hints(QblkOutput *output, const QblkChangeReport *report, const GPtrArray *plans,
                gboolean has_ended)
{
    for (guint i = 0; i < plans->len; i++) {
        g_autofree char *command = qblk_change_report_recover_image(report, plans->pdata[i]);
        if (command != NULL && has_ended) {
            qblk_output_add_hint(output, "to find the image to boot from: %s", command);
        } else if (command != NULL) {
            qblk_output_add_hint(output, "if QEMU has ended: %s", command);
        }
    }
}

/* A journal that stays needs a command that resumes its operation, and a job that runs without qblk
 * one that shows it. */
static void
add_hints(QblkOutput *output, const QblkChangeReport *report, const GPtrArray *plans,
          gboolean has_journal, const GError *error)
{
    gboolean is_detached =
        g_error_matches(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_DETACHED);

    if (g_error_matches(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ENDED)) {
        add_image_hints(output, report, plans, TRUE);
        return;
    }
    if (has_journal) {
        g_autofree char *command = qblk_change_report_recover(report);
        qblk_output_add_hint(output, "to resume the operation: %s", command);
    }
    if (has_journal && error->domain == QBLK_QMP_ERROR) {
        add_image_hints(output, report, plans, FALSE);
    }

    if (!is_detached && error->domain != QBLK_QMP_ERROR) {
        return;
    }

    for (guint i = 0; i < plans->len; i++) {
        g_autofree char *command = qblk_change_report_command(report, plans->pdata[i], "--info");
        qblk_output_add_hint(output, "to show the job: %s", command);
    }
}

static gboolean
run_plans(QblkChange *change, const GPtrArray *plans, const QblkChangeReport *report,
          GError **error)
{
    QblkInvocation *invocation = change->invocation;
    const QblkChangeOptions *options = change->options;
    const QblkAddress *address = invocation->address;
    /* Before the journals, so that Ctrl-C does not leave one without an operation. */
    g_autoptr(QblkInterrupt) interrupt = qblk_interrupt_new();
    g_auto(Journals) journals = {0};
    g_autofree char *state_dir = qblk_recovery_directory(options->state_dir);

    if (!begin_journals(&journals, change, plans, error)) {
        return FALSE;
    }
    qblk_recovery_end_journals(change->recovery);

    gboolean is_terminal = isatty(STDERR_FILENO) && !invocation->verbose;
    g_autoptr(QblkProgress) progress = qblk_progress_new(plans, is_terminal, options->verbose);
    const QblkRunOptions run = {
        .snapshot = invocation->snapshot_options,
        .address = qblk_address_can_reconnect(address) ? address->text : NULL,
        .timeout_ms = invocation->timeout_ms,
        .time_limit_ms = (gint64)(options->time_limit * 1000),
        .stop_fd = qblk_interrupt_get_fd(interrupt),
        .report_ms = progress == NULL || options->detach ? 0 : REPORT_MS,
        .report = qblk_progress_report,
        .user_data = progress,
        .is_local = has_local_files(plans),
        .state_dir = state_dir,
        .is_detached = options->detach,
        .journals = journals.list,
    };

    gboolean done = qblk_run_plans(change->client, plans, &run, error);
    if (!options->detach) {
        qblk_progress_end(progress, done);
    }
    if (!done) {
        add_hints(&invocation->output, report, plans, has_journals(&journals), *error);
    }
    return done;
}

gboolean
qblk_change_run_plans(QblkChange *change, QblkPlans *all, const QblkChangeReport *report,
                      GError **error)
{
    const GPtrArray *plans = all->plans;
    if (!prepare_marks(change, plans, error)) {
        return FALSE;
    }
    return plans->len == 0 || run_plans(change, plans, report, error);
}
