/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/change-run.h"

#include "cli/interrupt.h"
#include "cli/print/progress.h"

#include <qblk/operation.h>
#include <qblk/redact.h>

/* ---- hints ---- */

/* The images of a QEMU that has ended show what became of its jobs. */
static void
add_image_hints(QblkOutput *output, const QblkChangeReport *report, const QblkPlans *plans,
                gboolean has_ended)
{
    for (guint i = 0; i < qblk_plans_get_n_plans(plans); i++) {
        g_autofree char *command =
            qblk_change_report_recover_image(report, qblk_plans_get_plan(plans, i));
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
add_hints(QblkOutput *output, const QblkChangeReport *report, const QblkPlans *plans,
          gboolean has_journal, const GError *error)
{
    gboolean is_detached =
        g_error_matches(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_DETACHED);

    /* The daemon of an image ends with this process, and its jobs with it. */
    gboolean is_image = g_str_has_prefix(report->vm, "image:");
    if (g_error_matches(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ENDED) && !is_image) {
        add_image_hints(output, report, plans, TRUE);
        return;
    }
    if (has_journal) {
        g_autofree char *command = qblk_change_report_recover(report);
        qblk_output_add_hint(output, "to resume the operation: %s", command);
    }
    if (is_image) {
        if (is_detached) {
            qblk_output_add_hint(output, "no job goes on: the jobs end with this command");
        }
        return;
    }
    if (has_journal && error->domain == QBLK_QMP_ERROR) {
        add_image_hints(output, report, plans, FALSE);
    }

    if (!is_detached && error->domain != QBLK_QMP_ERROR) {
        return;
    }

    for (guint i = 0; i < qblk_plans_get_n_plans(plans); i++) {
        const QblkPlan *plan = qblk_plans_get_plan(plans, i);
        if (qblk_plan_has_job(plan)) {
            g_autofree char *command = qblk_change_report_command(report, plan, "--info");
            qblk_output_add_hint(output, "to show the job: %s", command);
        }
    }
}

/* ---- running ---- */

void
qblk_change_run_warn(const QblkChange *change, const char *message)
{
    qblk_output_warn(&change->invocation->output, message);
    g_ptr_array_add(change->warnings, qblk_redact_text(message));
}

typedef struct {
    const QblkChange *change;
    QblkProgress *progress; /* or NULL */
} Running;

static void
report_warning(QblkOperation *operation, const char *message, gpointer user_data)
{
    const Running *running = user_data;

    qblk_progress_hide(running->progress);
    qblk_change_run_warn(running->change, message);
}

/* 0 would be no limit. */
static gint64
to_milliseconds(double seconds)
{
    gint64 whole = (gint64)(seconds * 1000);
    return seconds > 0 ? MAX(whole, 1) : 0;
}

static QblkOperationOptions *
make_options(const QblkChange *change)
{
    QblkOperationOptions *options = qblk_operation_options_new();
    qblk_operation_options_set_snapshot_options(options, change->invocation->snapshot_options);
    qblk_operation_options_set_time_limit(options, to_milliseconds(change->options->time_limit));
    qblk_operation_options_set_detached(options, change->options->detach);
    /* The graph was read for the plans, and nothing was waited for since. */
    qblk_operation_options_set_check_chain(options, FALSE);
    qblk_operation_options_set_recovery(options, change->recovery);
    return options;
}

/* Returns: (transfer full): the plans of @operation at its end, without the disks that were
 * skipped */
static QblkPlans *
get_outcome(const QblkOperation *operation)
{
    QblkPlans *plans = qblk_plans_new();
    const QblkPlan *plan = NULL;
    for (guint i = 0; (plan = qblk_operation_get_plan(operation, i)) != NULL; i++) {
        qblk_plans_add(plans, plan);
    }
    return plans;
}

QblkPlans *
qblk_change_run_plans(QblkChange *change, QblkPlans *plans, const QblkChangeReport *report,
                      GError **error)
{
    QblkInvocation *invocation = change->invocation;
    const QblkChangeOptions *options = change->options;
    /* Before the journals, so that Ctrl-C does not leave one without an operation. */
    g_autoptr(QblkInterrupt) interrupt = qblk_interrupt_new();
    g_autoptr(QblkOperationOptions) how = make_options(change);
    g_autoptr(QblkOperation) operation = qblk_operation_start(change->client, plans, how, error);
    if (operation == NULL) {
        return NULL;
    }

    g_autoptr(QblkProgress) progress =
        qblk_progress_new(plans, &invocation->output, !invocation->verbose, options->progress);
    Running running = {change, progress};
    if (progress != NULL) {
        qblk_operation_set_progress(operation, qblk_progress_report, progress, NULL);
    }
    qblk_operation_set_warning(operation, report_warning, &running, NULL);

    qblk_interrupt_run(interrupt, operation, change->client);
    gboolean done = qblk_operation_get_result(operation, error);
    if (options->detach) {
        qblk_progress_hide(progress);
    } else {
        qblk_progress_end(progress, done);
    }
    if (!done) {
        add_hints(&invocation->output, report, plans, qblk_operation_has_journal(operation),
                  *error);
    }
    return done ? get_outcome(operation) : NULL;
}
