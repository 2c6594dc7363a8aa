/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-resume.h"

#include "base/limits.h"
#include "blockjob/delete-created.h"
#include "blockjob/run-send.h"
#include "blockjob/run-verify.h"

/* ---- the steps that were taken ---- */

static guint
count_to_final(const QblkPlan *plan)
{
    guint count = 0;
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        if (step->is_final) {
            count = i + 1;
        }
    }

    return count;
}

static guint
count_to_start(const QblkPlan *plan)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        if (step->is_start) {
            return i + 1;
        }
    }
    return plan->existing_job ? 0 : plan->steps->len;
}

static gboolean
has_ended(const QblkRunTask *task, const QblkStep *step)
{
    gboolean is_of_job = g_strcmp0(step->job, task->plan->job) == 0 && step->until != NULL;
    return is_of_job && (qblk_job_state_has_reached(task->job, step->until) ||
                         qblk_job_state_has_passed(task->job, step->until));
}

/* The job shows which steps were taken. */
static void
skip_by_job(QblkRunTask *task)
{
    const GPtrArray *steps = task->plan->steps;
    task->taken = count_to_start(task->plan);
    for (guint i = task->taken; i < steps->len; i++) {
        if (has_ended(task, steps->pdata[i])) {
            task->taken = i + 1;
        }
    }
}

/* ---- the chain ---- */

static QblkRunEvent
report_moved(QblkRunTask *task)
{
    const QblkPlan *plan = task->plan;
    const QblkExpectation *old = plan->before->pdata[0], *new = plan->after->pdata[0];
    if (task->recorded == QBLK_STAGE_CLEANING) {
        g_set_error(&task->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "the guest had switched from '%s' to '%s', but '%s' uses the old image: QEMU "
                    "may have been restarted with it",
                    old->filename, new->filename, plan->target);
    } else {
        g_set_error(&task->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "the guest may have switched from '%s' to '%s', but '%s' uses the old image: "
                    "QEMU may have been restarted with it",
                    old->filename, new->filename, plan->target);
    }

    return QBLK_RUN_NOT_KNOWN;
}

/* Without a job the chain from before is proof that the transaction was not carried out, unless
 * QEMU was restarted since: then its new nodes are gone, and a guest may have written to the new
 * images in between. */
static gboolean
is_joint_undone(const QblkRunTask *task)
{
    const QblkPlan *plan = task->plan;
    if (qblk_plan_has_job(plan) || task->recorded != QBLK_STAGE_PIVOTING) {
        return FALSE;
    }
    if (qblk_run_verify_has_new_top(task)) {
        return TRUE;
    }
    return task->run->options->is_local && qblk_delete_created_have_no_data(plan);
}

/* The job is gone: only the chain shows how it has ended.  QEMU keeps a job until it is dismissed,
 * so that after the command that makes another image the active one, the image from before is no
 * proof that it was not carried out. */
static QblkRunEvent
find_chain(QblkRunTask *task)
{
    gboolean is_before, is_after;
    if (!qblk_run_verify_compare(task, &is_before, &is_after, &task->error)) {
        return QBLK_RUN_NOT_KNOWN;
    }

    gboolean may_have_moved =
        task->recorded >= QBLK_STAGE_PIVOTING && qblk_plan_moves_top(task->plan);
    if (may_have_moved && !is_after && !is_joint_undone(task)) {
        return report_moved(task);
    }

    /* A chain that stays the same (a copy that is finished) does not show it. */
    gboolean is_open = is_before && task->recorded < QBLK_STAGE_CLEANING;
    if (!is_after || is_open) {
        return QBLK_RUN_CHAIN_BEFORE;
    }

    task->taken = count_to_final(task->plan);
    return QBLK_RUN_CHAIN_AFTER;
}

/* ---- the job ---- */

/* A job that was to make another image the active one succeeds as well if another client has ended
 * it without that. */
static QblkRunEvent
find_concluded(QblkRunTask *task)
{
    gboolean is_before, is_after = TRUE;
    if (task->job->error != NULL) {
        return QBLK_RUN_JOB_FAILED;
    }

    if (qblk_plan_moves_top(task->plan) &&
        !qblk_run_verify_compare(task, &is_before, &is_after, &task->error)) {
        return QBLK_RUN_NOT_KNOWN;
    }

    if (!is_after) {
        return QBLK_RUN_CHAIN_BEFORE;
    }

    gboolean has_final = count_to_final(task->plan) > 0;
    return has_final ? QBLK_RUN_ENDED_WELL : QBLK_RUN_JOB_FOUND;
}

static const QblkStep *
step_at_most_once(const QblkPlan *plan)
{
    for (guint i = plan->steps->len; i-- > 0;) {
        const QblkStep *step = plan->steps->pdata[i];
        if (step->at_most_once) {
            return step;
        }
    }
    return NULL;
}

/* The final step may have been sent, and must not be sent twice. */
static QblkRunEvent
find_received(QblkRunTask *task, const QblkStep *step)
{
    g_autoptr(GError) cause = NULL;
    gboolean was_received = FALSE;
    qblk_run_send_begin(task, step);
    if (!qblk_run_send_await(task, step, &was_received, &cause) &&
        !g_error_matches(cause, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED)) {
        task->error = g_steal_pointer(&cause);
        return QBLK_RUN_NOT_KNOWN;
    }

    if (was_received) {
        return QBLK_RUN_RECEIVED;
    }

    if (!task->plan->existing_job) {
        return QBLK_RUN_NOT_RECEIVED;
    }

    /* An existing job continues, and may change the chain at any time. */
    g_set_error(&task->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                "job '%s' is still %s, but '%s' may have been received: run 'qblk recover' again "
                "after the job has ended",
                step->job, task->job_before, step->command);
    return QBLK_RUN_NOT_KNOWN;
}

/* The state in which the job of @plan waits for the final step. */
static const char *
state_before_final(const QblkPlan *plan)
{
    const char *state = "ready";
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        if (step->is_final) {
            break;
        }
        if (step->until != NULL && g_strcmp0(step->job, plan->job) == 0) {
            state = step->until;
        }
    }
    return state;
}

/* Returns: TRUE if the job has left the state in which it waits for the final step, and is not at
 * the end of that step: QEMU has received it, and the job must no longer be cancelled. */
static gboolean
is_committing(const QblkRunTask *task)
{
    guint count = count_to_final(task->plan);
    if (task->recorded != QBLK_STAGE_PIVOTING || count == 0) {
        return FALSE;
    }
    return qblk_job_state_has_passed(task->job, state_before_final(task->plan)) &&
           !has_ended(task, task->plan->steps->pdata[count - 1]);
}

static QblkRunEvent
find_job(QblkRunTask *task)
{
    const QblkStep *once = step_at_most_once(task->plan);
    gboolean may_be_sent =
        once != NULL && task->recorded == QBLK_STAGE_PIVOTING && !has_ended(task, once);
    QblkRunEvent event = may_be_sent ? find_received(task, once) : QBLK_RUN_JOB_FOUND;
    if (event == QBLK_RUN_NOT_KNOWN) {
        return event;
    }

    gboolean is_concluded = qblk_job_state_is(task->job, "concluded");
    if (is_concluded && event != QBLK_RUN_NOT_RECEIVED) {
        event = find_concluded(task);
    }

    if (event == QBLK_RUN_JOB_FOUND && is_committing(task)) {
        event = QBLK_RUN_RECEIVED;
    }

    skip_by_job(task);
    if (event == QBLK_RUN_RECEIVED) {
        task->taken = count_to_final(task->plan);
    }

    gboolean is_pending = event == QBLK_RUN_JOB_FOUND && !is_concluded && task->taken > 0 &&
                          task->taken == count_to_final(task->plan);
    return is_pending ? QBLK_RUN_PENDING_FOUND : event;
}

/* TRUE if the chain is the planned one although nothing is recorded of a change: a rollback would
 * take a layer away. */
static gboolean
is_joint_done(QblkRunTask *task)
{
    gboolean is_before, is_after = FALSE;
    if (qblk_plan_has_job(task->plan) || !qblk_plan_moves_top(task->plan)) {
        return FALSE;
    }
    if (!qblk_run_verify_compare(task, &is_before, &is_after, NULL) || !is_after) {
        return FALSE;
    }
    task->taken = count_to_final(task->plan);
    return TRUE;
}

/* Query the job.  One that another client has cancelled has not failed while QEMU ends it, and can
 * neither be resumed nor cancelled again: wait for the end, as long as for a QEMU that does not
 * answer. */
static gboolean
query_job(QblkRunTask *task, GError **error)
{
    QblkRun *run = task->run;
    QblkMonitor *monitor = &run->monitor;
    gint64 end = run->clock() + (gint64)monitor->timeout_ms * 1000 * QBLK_LIMIT_UNANSWERED;
    if (!qblk_monitor_query_jobs(monitor, error)) {
        return FALSE;
    }

    while (qblk_job_state_is(task->job, "aborting") && run->clock() < end) {
        if (qblk_run_task_must_stop(task, NULL)) {
            break;
        }
        if (!qblk_run_task_wait_turn(task, error)) {
            return FALSE;
        }
    }

    /* Only a reply tells if it has failed. */
    gboolean is_open =
        task->job->is_from_event && qblk_job_state_has_reached(task->job, "concluded");
    return !is_open || qblk_monitor_query_jobs(monitor, error);
}

QblkRunEvent
qblk_run_resume_find(QblkRunTask *task)
{
    gboolean can_compare = qblk_run_verify_can_compare(task);
    gboolean may_be_started = task->recorded > QBLK_STAGE_PLANNED || !can_compare;
    if (!query_job(task, &task->error)) {
        return QBLK_RUN_FAILED;
    }

    if (!may_be_started) {
        return is_joint_done(task) ? QBLK_RUN_CHAIN_AFTER : QBLK_RUN_NOT_STARTED;
    }

    gboolean has_job = qblk_plan_has_job(task->plan) && qblk_job_state_is_there(task->job);
    return has_job ? find_job(task) : find_chain(task);
}
