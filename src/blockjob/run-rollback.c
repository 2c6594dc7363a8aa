/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-rollback.h"

#include "blockjob/delete-created.h"
#include "blockjob/run-files.h"
#include "blockjob/run-journal.h"
#include "blockjob/run-space.h"
#include "blockjob/run-step.h"
#include "blockjob/run-verify.h"
#include "image/lock-holder.h"

/* ---- one plan ---- */

/* Returns: TRUE if @step has nothing to undo. */
static gboolean
is_undone(const QblkRunTask *task, const QblkStep *step)
{
    if (step->job == NULL) {
        return FALSE;
    }

    const QblkJobState *job = qblk_monitor_job(&task->run->monitor, step->job);
    if (!qblk_job_state_is_there(job)) {
        return TRUE;
    }

    if (task->plan->existing_job) { /* it is only dismissed, and only once it has concluded */
        return !qblk_job_state_has_reached(job, "concluded");
    }

    return step->until != NULL && qblk_job_state_has_reached(job, step->until);
}

/* A step that fails because the job has concluded by itself meanwhile has not failed. */
static gboolean
carry_out(QblkRunTask *task, const QblkStep *step, GError **error)
{
    QblkMonitor *monitor = &task->run->monitor;
    g_autoptr(GError) cause = NULL;
    if (is_undone(task, step) || qblk_run_step_carry_out(task, step, &cause)) {
        return TRUE;
    }

    gboolean is_known = !qblk_monitor_is_lost(monitor) && qblk_monitor_query_jobs(monitor, NULL);
    if (is_known && is_undone(task, step)) {
        return TRUE;
    }

    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}

/* If the final step was not answered, an error of the job shows that the chain was not changed;
 * it is gone once the job is dismissed. */
static void
see_conclusion(QblkRunTask *task)
{
    gboolean is_open = task->state == QBLK_RUN_ROLLING_BACK_UNANSWERED &&
                       qblk_job_state_is(task->job, "concluded");
    if (!is_open || !qblk_monitor_query_jobs(&task->run->monitor, NULL)) {
        return;
    }

    if (task->job->error != NULL) {
        qblk_run_task_apply(task, QBLK_RUN_JOB_FAILED);
        qblk_run_journal_not_changed(task);
    }
}

static gboolean
undo_steps(QblkRunTask *task, GError **error)
{
    for (guint i = task->taken; i-- > 0;) {
        const QblkStep *step = task->plan->steps->pdata[i];
        for (guint j = 0; j < step->undo->len; j++) {
            see_conclusion(task);
            if (!carry_out(task, step->undo->pdata[j], error)) {
                return FALSE;
            }
        }
    }

    return TRUE;
}

/* Nothing undoes what was done to a job that existed; one that has concluded is dismissed, as
 * planned. */
static gboolean
dismiss_existing_job(QblkRunTask *task, GError **error)
{
    for (guint i = 0; task->plan->existing_job && i < task->plan->steps->len; i++) {
        const QblkStep *step = task->plan->steps->pdata[i];
        gboolean is_dismiss = g_strcmp0(step->command, "job-dismiss") == 0;
        if (is_dismiss && !carry_out(task, step, error)) {
            return FALSE;
        }
    }

    return TRUE;
}

/* A job that has concluded has opened its files, and closed its filter. */
static gboolean
check_can_end(const QblkRunTask *task, GError **error)
{
    if (!qblk_job_state_is_there(task->job) || qblk_job_state_has_reached(task->job, "concluded")) {
        return TRUE;
    }
    return qblk_run_files_check_end(task->plan, error) &&
           qblk_run_verify_check_crash_at_end(task, error);
}

/* FALSE if the step that creates the new image was not sent: a file of its name is another one. */
static gboolean
has_created(const QblkRunTask *task)
{
    for (guint i = task->taken; i < task->plan->steps->len; i++) {
        if (qblk_run_files_created(task->plan->steps->pdata[i]) != NULL) {
            return FALSE;
        }
    }
    return TRUE;
}

/* The new images, if the plan has no job that could still write to one. */
static gboolean
delete_created(QblkRunTask *task, GError **error)
{
    const char *node = qblk_run_verify_find_open_node(task);
    if (node != NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                    "QEMU did not delete the node '%s', which is in use", node);
        return FALSE;
    }

    /* The chain was not changed, and the new nodes are gone.  From here on a file that is missing
     * is no sign of the contrary. */
    qblk_run_journal_not_changed(task);
    if (!has_created(task)) {
        return TRUE;
    }
    g_free(task->kept);
    task->kept = qblk_delete_created_delete(task->plan, qblk_monitor_get_pid(&task->run->monitor),
                                            task->run->options->is_local);
    return TRUE;
}

static gboolean
undo(QblkRunTask *task, GError **error)
{
    QblkMonitor *monitor = &task->run->monitor;
    if (task->state == QBLK_RUN_ROLLING_BACK) {
        qblk_run_journal_not_changed(task);
    }

    gboolean is_reached = qblk_monitor_query_jobs(monitor, error);
    if (!is_reached && qblk_monitor_is_lost(monitor)) {
        is_reached = qblk_monitor_reconnect(monitor, error);
    }

    if (!is_reached) {
        return FALSE;
    }

    if (!check_can_end(task, error) || !undo_steps(task, error)) {
        return FALSE;
    }
    if (!dismiss_existing_job(task, error)) {
        return FALSE;
    }
    if (!qblk_run_journal_undone(task, error)) {
        return FALSE;
    }

    return qblk_plan_has_job(task->plan) || delete_created(task, error);
}

/* What has done nothing has no steps to undo.  But the first step for a job that existed may be the
 * one that changes the chain, and the mark is written before it is sent. */
static gboolean
undo_record(QblkRunTask *task, GError **error)
{
    gboolean may_be_marked =
        task->recorded >= QBLK_STAGE_PIVOTING || task->failed_in == QBLK_RUN_RECORDING;
    if (!may_be_marked) {
        return TRUE;
    }

    if (task->state == QBLK_RUN_ROLLING_BACK) {
        qblk_run_journal_not_changed(task);
    }
    return qblk_run_journal_undone(task, error);
}

gboolean
qblk_run_rollback_task(QblkRunTask *task, GError **error)
{
    gboolean is_undone = task->taken == 0 ? undo_record(task, error) : undo(task, error);
    qblk_run_task_apply(task, is_undone ? QBLK_RUN_UNDONE : QBLK_RUN_NOT_UNDONE);
    return is_undone;
}

/* ---- all plans ---- */

/* Roll back the newest step first. The rollback continues after a failure. Returns: (nullable): the
 * first task that could not be rolled back, with its error in @error. */
static const QblkRunTask *
roll_back_all(QblkRun *run, GError **error)
{
    const QblkRunTask *first = NULL;
    for (guint i = run->tasks->len; i-- > 0;) {
        QblkRunTask *task = run->tasks->pdata[i];
        if (task->action != QBLK_RUN_UNDO) {
            continue;
        }
        if (!qblk_run_rollback_task(task, first == NULL ? error : NULL) && first == NULL) {
            first = task;
        }
    }

    return first;
}

/* A job that was to be cancelled, and was not, continues or waits. */
static void
set_not_rolled_back(const QblkRunTask *task, const GError *failure, const GError *reason,
                    const char *locks, GError **error)
{
    gboolean is_cancelled =
        g_error_matches(reason, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED);
    int code = is_cancelled ? QBLK_BLOCKJOB_ERROR_DETACHED : reason->code;
    const QblkPlan *plan = task->plan;

    if (qblk_plan_has_job(plan)) {
        g_set_error(error, reason->domain, code, "job '%s' could not be rolled back (%s): %s%s",
                    plan->job, failure->message, reason->message, locks);
    } else {
        g_set_error(error, reason->domain, code,
                    "the %s of '%s' could not be rolled back (%s): %s%s", plan->kind, plan->target,
                    failure->message, reason->message, locks);
    }
}

/* Set the error of a run that was rolled back. */
static void
set_rolled_back(const QblkRunTask *failed, const char *more, GError **error)
{
    const GError *reason = failed->error;
    gboolean is_cancelled =
        g_error_matches(reason, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED);

    if (is_cancelled && !qblk_plan_has_job(failed->plan)) {
        g_set_error(error, reason->domain, reason->code, "the %s of '%s' was rolled back: %s%s",
                    failed->plan->kind, failed->plan->target, reason->message, more);
    } else if (is_cancelled && failed->job->state == NULL) {
        g_set_error(error, reason->domain, reason->code, "job '%s' was not started: %s%s",
                    failed->plan->job, reason->message, more);
    } else if (is_cancelled) {
        g_set_error(error, reason->domain, reason->code, "job '%s' was cancelled: %s%s",
                    failed->plan->job, reason->message, more);
    } else {
        g_set_error(error, reason->domain, reason->code, "%s%s", reason->message, more);
    }
}

static void
tell_others(const QblkRun *run, const QblkRunTask *failed, QblkRunEvent event)
{
    for (guint i = 0; i < run->tasks->len; i++) {
        QblkRunTask *task = run->tasks->pdata[i];
        gboolean has_ended = task->action == QBLK_RUN_UNDO ||
                             (task->action == QBLK_RUN_END && task->state != QBLK_RUN_COMPLETED);
        if (task != failed && !has_ended) {
            qblk_run_task_apply(task, event);
        }
    }
}

/* QEMU reports only that it did not get a lock. */
static char *
describe_locks(const QblkRunTask *task)
{
    const QblkPlan *plan = task->plan;
    gboolean has_file = task->run->options->is_local && plan->writes != NULL;
    if (!has_file ||
        !g_error_matches(task->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED)) {
        return g_strdup("");
    }

    const QblkExpectation *top = plan->before->len == 0 ? NULL : plan->before->pdata[0];
    const char *in_use = top == NULL ? NULL : top->filename;
    gint64 pid = qblk_monitor_get_pid(&task->run->monitor);
    g_autofree char *holders = qblk_lock_holder_others(plan->writes, in_use, pid);
    return holders == NULL ? g_strdup("")
                           : g_strdup_printf("; another process holds a lock on '%s': %s",
                                             plan->writes, holders);
}

/* Returns: (transfer full): what to add to an error after a rollback: the files that stay. */
static char *
describe_kept(const QblkRun *run)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < run->tasks->len; i++) {
        const QblkRunTask *task = run->tasks->pdata[i];
        if (task->kept != NULL) {
            g_string_append_printf(text, "; %s", task->kept);
        }
    }
    return g_string_free(text, FALSE);
}

/* Leave the jobs. If the user wanted that, their journals end. */
static void
detach(const QblkRun *run, const QblkRunTask *failed, GError **error)
{
    g_autofree char *job = qblk_run_verify_describe_job(failed);
    g_autofree char *files = NULL;
    tell_others(run, failed, QBLK_RUN_OTHER_LEFT);
    if (failed->state == QBLK_RUN_DETACHED) {
        files = qblk_run_verify_describe_undeleted(run);
        qblk_run_journal_end(run);
    }

    g_set_error(error, failed->error->domain, failed->error->code, "%s%s%s", job,
                failed->error->message, files == NULL ? "" : files);
}

void
qblk_run_rollback_end(QblkRun *run, QblkRunTask *failed, GError **error)
{
    if (!qblk_run_state_rolls_back(failed->state)) {
        detach(run, failed, error);
        return;
    }

    g_autofree char *locks = describe_locks(failed);
    g_autofree char *space = qblk_run_space_describe(failed);
    g_autofree char *causes = g_strconcat(locks, space, NULL);
    tell_others(run, failed, QBLK_RUN_OTHER_FAILED);
    g_autoptr(GError) failure = NULL;
    const QblkRunTask *stays = roll_back_all(run, &failure);
    if (stays != NULL) {
        set_not_rolled_back(stays, failure, failed->error, causes, error);
        return;
    }

    g_autofree char *chains = qblk_run_verify_describe_chains(run);
    g_autofree char *files = qblk_run_verify_describe_undeleted(run);
    g_autofree char *kept = describe_kept(run);
    qblk_run_journal_mark_partial(run);
    qblk_run_journal_end(run);
    g_autofree char *more = g_strconcat(causes, chains, files, kept, NULL);
    set_rolled_back(failed, more, error);
}
