/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-ended.h"

#include "image/opened-files.h"

#include <sys/stat.h>

static gboolean
is_open(const QblkOpenedFiles *opened, const GPtrArray *layers)
{
    const QblkExpectation *top = layers->len == 0 ? NULL : layers->pdata[0];
    struct stat status;
    if (top == NULL) {
        return FALSE;
    }
    if (qblk_opened_files_find(opened, &top->file) != NULL) {
        return TRUE;
    }
    if (top->path == NULL || stat(top->path, &status) != 0) {
        return FALSE;
    }

    const QblkFileIdentity file = qblk_file_identity(&status);
    return qblk_opened_files_find(opened, &file) != NULL;
}

gboolean
qblk_run_ended_is_qemu(const QblkRun *run)
{
    g_autoptr(QblkOpenedFiles) opened = qblk_opened_files_new(run->monitor.pid);

    for (guint i = 0; i < run->tasks->len; i++) {
        const QblkRunTask *task = run->tasks->pdata[i];
        if (is_open(opened, task->plan->before) || is_open(opened, task->plan->after)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Returns: (nullable): the task to report: one that is neither complete nor rolled back, else one
 * whose chain was not verified. */
static const QblkRunTask *
find_open(const QblkRun *run)
{
    const QblkRunTask *complete = NULL;

    for (guint i = 0; i < run->tasks->len; i++) {
        const QblkRunTask *task = run->tasks->pdata[i];
        gboolean is_complete = task->state == QBLK_RUN_COMPLETED;
        if (!is_complete && task->state != QBLK_RUN_ROLLED_BACK) {
            return task;
        }
        if (is_complete && complete == NULL) {
            complete = task;
        }
    }
    return complete;
}

static char *
describe(const QblkRunTask *task)
{
    const QblkPlan *plan = task->plan;
    gboolean has_succeeded =
        qblk_run_state_has_succeeded(task->state) || qblk_run_state_has_succeeded(task->failed_in);

    if (has_succeeded && qblk_plan_changes_chain(plan)) {
        return g_strdup_printf("QEMU has ended after it had changed the chain of '%s' as planned",
                               plan->target);
    }
    if (has_succeeded) {
        return g_strdup_printf("QEMU has ended after job '%s' had ended", plan->job);
    }
    if (qblk_run_state_is_committed(task->failed_in) && qblk_plan_changes_chain(plan)) {
        return g_strdup_printf("QEMU has ended while it changed the chain of '%s'", plan->target);
    }
    if (!qblk_plan_has_job(plan)) {
        return g_strdup_printf("QEMU has ended before the %s of '%s' had ended", plan->kind,
                               plan->target);
    }
    if (task->job->state == NULL) {
        return g_strdup_printf("QEMU has ended, and job '%s' had not started", plan->job);
    }
    return g_strdup_printf("QEMU has ended, and job '%s' with it", plan->job);
}

void
qblk_run_ended_replace_error(const QblkRun *run, GError **error)
{
    const QblkRunTask *task = find_open(run);
    gboolean is_known = task != NULL && run->is_qemu && qblk_monitor_has_ended(&run->monitor);
    if (!is_known || error == NULL) {
        return;
    }

    g_autofree char *end = describe(task);
    gboolean has_reason = task->error != NULL && task->error->domain != QBLK_QMP_ERROR;
    g_clear_error(error);
    if (has_reason) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ENDED, "%s; before that: %s", end,
                    task->error->message);
    } else {
        g_set_error_literal(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ENDED, end);
    }
}
