/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-step.h"

#include "blockjob/run-files.h"
#include "blockjob/run-journal.h"
#include "blockjob/run-leftovers.h"
#include "blockjob/run-send.h"
#include "blockjob/run-verify.h"
#include "plan/leftovers.h"

const QblkStep *
qblk_run_step_next(const QblkRunTask *task)
{
    const GPtrArray *steps = task->plan->steps;
    return task->taken < steps->len ? steps->pdata[task->taken] : NULL;
}

static const QblkStep *
last_step(const QblkRunTask *task)
{
    return task->taken == 0 ? NULL : task->plan->steps->pdata[task->taken - 1];
}

static QblkJobState *
job_of(const QblkRunTask *task, const QblkStep *step)
{
    return qblk_monitor_job(&task->run->monitor, step->job);
}

/* ---- before a command ---- */

/* Several messages that arrive together are handled without a wait, in which the program could have
 * cancelled: let it do so before the chain is changed. */
static gboolean
give_turn(QblkRunTask *task, const QblkStep *step)
{
    gboolean is_change = step->is_final || step->is_joint;
    return !is_change || qblk_monitor_give_turn(&task->run->monitor, &task->error);
}

static QblkRunEvent
look_ahead(QblkRunTask *task)
{
    const QblkStep *step = qblk_run_step_next(task);
    if (step == NULL) {
        return QBLK_RUN_NO_STEP;
    }

    if (!give_turn(task, step)) {
        return qblk_run_task_failure(task, QBLK_RUN_FAILED);
    }
    if (qblk_run_task_must_stop(task, &task->error)) {
        return qblk_run_task_failure(task, QBLK_RUN_STOPPED);
    }

    qblk_run_send_begin(task, step);
    if (step->is_start) {
        return QBLK_RUN_NEXT_START;
    }
    if (step->is_joint) {
        return QBLK_RUN_NEXT_JOINT;
    }

    return step->is_final ? QBLK_RUN_NEXT_FINAL : QBLK_RUN_NEXT_STEP;
}

/* Once the chain was changed the plan is completed, recorded or not: a resume finds out what the
 * journal does not show.  If the change was recorded before a crash, its command may have been
 * received: what prevents it now is no reason to roll back. */
static QblkRunEvent
record(QblkRunTask *task)
{
    gboolean may_be_sent = task->is_resumed && task->recorded == QBLK_STAGE_PIVOTING;
    if (qblk_run_journal_record(task, &task->error)) {
        return QBLK_RUN_RECORDED;
    }

    if (qblk_run_state_is_committed(task->state)) {
        g_clear_error(&task->error);
        return QBLK_RUN_NOT_RECORDED;
    }

    return qblk_run_task_failure(task, may_be_sent ? QBLK_RUN_LOST : QBLK_RUN_NOT_RECORDED);
}

/* ---- the command ---- */

static void
keep_refusal(const QblkRunTask *task)
{
    QblkRunRefusal *refusal = task->run->options->refusal;
    const char *error_class, *description;
    gboolean is_first = refusal != NULL && refusal->error_class == NULL;
    if (is_first && qblk_monitor_get_refusal(&task->run->monitor, &error_class, &description)) {
        refusal->error_class = g_strdup(error_class);
        refusal->description = g_strdup(description);
    }
}

void
qblk_run_step_forget_refusal(QblkRunTask *task)
{
    g_clear_error(&task->error);
    if (task->run->options->refusal != NULL) {
        qblk_run_refusal_clear(task->run->options->refusal);
    }
}

static void
set_refused(const QblkRunTask *task, const QblkStep *step, const GError *cause, GError **error)
{
    const QblkPlan *plan = task->plan;
    keep_refusal(task);
    if (qblk_plan_has_job(plan)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                    "job '%s': cannot %s: QEMU refused: %s", plan->job, step->purpose,
                    cause->message);
    } else {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                    "%s of '%s': cannot %s: QEMU refused: %s", plan->kind, plan->target,
                    step->purpose, cause->message);
    }
}

static QblkRunEvent
send_refused(QblkRunTask *task, const QblkStep *step, const GError *cause)
{
    gboolean is_final = task->state == QBLK_RUN_COMMITTING || task->state == QBLK_RUN_UNANSWERED;
    set_refused(task, step, cause, &task->error);
    return is_final ? QBLK_RUN_REFUSED : qblk_run_task_failure(task, QBLK_RUN_REFUSED);
}

/* The step counts as taken, unless it is sent again or looked at. */
QblkRunEvent
qblk_run_step_send(QblkRunTask *task, const QblkStep *step)
{
    g_autoptr(GError) cause = NULL;
    gboolean is_first = task->attempts == 0;
    QblkSendOutcome outcome = qblk_run_send(task, step, &cause);
    if (outcome == QBLK_SEND_REFUSED) {
        return send_refused(task, step, cause);
    }

    if (outcome == QBLK_SEND_NO_ANSWER && is_first && !step->at_most_once) {
        return QBLK_RUN_NO_ANSWER;
    }

    task->taken++;
    switch (outcome) {
    case QBLK_SEND_ANSWERED:
        return QBLK_RUN_ANSWERED;
    case QBLK_SEND_HAD_EFFECT:
        return QBLK_RUN_HAD_EFFECT;
    case QBLK_SEND_NO_ANSWER:
        if (is_first) {
            return QBLK_RUN_NO_ANSWER_ONCE;
        }
        task->error = g_steal_pointer(&cause);
        return qblk_run_task_failure(task, QBLK_RUN_NO_EFFECT);
    case QBLK_SEND_REFUSED:
    case QBLK_SEND_FAILED:
        break;
    }

    task->error = g_steal_pointer(&cause);
    return qblk_run_task_failure(task, QBLK_RUN_FAILED);
}

/* What is refused here was not sent: the rollback does not delete the file. */
static QblkRunEvent
send_next(QblkRunTask *task)
{
    const QblkStep *step = qblk_run_step_next(task);
    if (qblk_leftovers_get_removed(task->plan, step) != NULL) {
        return qblk_run_leftovers_remove(task, step);
    }

    gboolean is_checked = task->attempts == 0 && task->run->options->is_local;
    if (is_checked && !qblk_run_files_check_create(step, &task->error)) {
        return qblk_run_task_failure(task, QBLK_RUN_FAILED);
    }
    return qblk_run_step_send(task, step);
}

/* See if the job has ended as the final step would have it, although QEMU refused that: QEMU had
 * received it before, or from another client.  FALSE with @error set if that cannot be known. */
static gboolean
check_already_done(const QblkRunTask *task, const QblkStep *step, gboolean *is_done, GError **error)
{
    gboolean is_before;
    *is_done = FALSE;
    if (step == NULL || step->job == NULL) {
        return TRUE;
    }

    if (!qblk_monitor_query_jobs(&task->run->monitor, error)) {
        return FALSE;
    }

    *is_done = qblk_run_send_had_effect(task, step);
    if (!*is_done || !qblk_plan_moves_top(task->plan)) {
        return TRUE;
    }

    return qblk_run_verify_compare(task, &is_before, is_done, error);
}

static QblkRunEvent
look_at_refused(QblkRunTask *task)
{
    g_autoptr(GError) cause = NULL;
    gboolean is_done;
    if (!check_already_done(task, qblk_run_step_next(task), &is_done, &cause)) {
        g_clear_error(&task->error);
        task->error = g_steal_pointer(&cause);
        return qblk_run_task_failure(task, QBLK_RUN_FAILED);
    }

    if (!is_done) {
        return QBLK_RUN_NOT_DONE;
    }

    qblk_run_step_forget_refusal(task);
    task->taken++;
    return QBLK_RUN_ALREADY_DONE;
}

/* If QEMU has not received the command the job can be cancelled; but one that existed before the
 * plan continues. */
static QblkRunEvent
await(QblkRunTask *task)
{
    const QblkStep *step = last_step(task);
    gboolean was_received;
    if (!qblk_run_send_await(task, step, &was_received, &task->error)) {
        return qblk_run_task_failure(task, QBLK_RUN_FAILED);
    }

    if (was_received) {
        return QBLK_RUN_RECEIVED;
    }

    g_set_error(&task->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                "job '%s' is still %s: '%s' may not have been received, and sending it again could "
                "crash this QEMU",
                step->job, task->job_before, step->command);
    return qblk_run_task_failure(task, task->plan->existing_job ? QBLK_RUN_NOT_KNOWN
                                                                : QBLK_RUN_NOT_RECEIVED);
}

/* ---- the end of a step ---- */

static void
set_job_failed(const QblkRunTask *task, const QblkJobState *job, GError **error)
{
    const char *operation = job->operation;
    gboolean is_write = g_strcmp0(operation, "write") == 0;
    const char *file = is_write ? task->plan->writes : task->plan->reads;
    if (operation == NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED, "job '%s' failed: %s",
                    job->id, job->error);
    } else if (file == NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                    "job '%s' failed: %s error: %s", job->id, operation, job->error);
    } else {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                    "job '%s' failed: %s error on '%s': %s", job->id, operation, file, job->error);
    }
}

/* Query how a job has ended.  Returns: @event if it has no error. */
static QblkRunEvent
conclude(QblkRunTask *task, const QblkJobState *job, QblkRunEvent event)
{
    if (!qblk_monitor_query_jobs(&task->run->monitor, &task->error)) {
        return qblk_run_task_failure(task, QBLK_RUN_FAILED);
    }

    if (job->error != NULL) {
        set_job_failed(task, job, &task->error);
        return qblk_run_task_failure(task, QBLK_RUN_JOB_FAILED);
    }
    if (job->is_cancelled) { /* and it has dismissed itself, with its error */
        g_set_error(&task->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                    "another client cancelled job '%s'", job->id);
        return qblk_run_task_failure(task, QBLK_RUN_JOB_FAILED);
    }

    return event;
}

/* A job that was cancelled has an error.  One that had ended before is not a cancelled one. */
static QblkRunEvent
conclude_cancelled(QblkRunTask *task, const QblkJobState *job)
{
    if (!qblk_monitor_query_jobs(&task->run->monitor, &task->error)) {
        return qblk_run_task_failure(task, QBLK_RUN_FAILED);
    }

    gboolean has_result = qblk_job_state_is(job, "concluded") && job->error == NULL;
    if (!has_result && !job->has_completed) {
        return QBLK_RUN_REACHED;
    }
    g_set_error(&task->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                "job '%s' had ended before it could be cancelled", job->id);
    return qblk_run_task_failure(task, QBLK_RUN_FAILED);
}

static QblkRunEvent
end_step(QblkRunTask *task, const QblkStep *step, const QblkJobState *job)
{
    gboolean is_cancel = task->plan->existing_job && g_strcmp0(step->command, "job-cancel") == 0;
    if (is_cancel) {
        return conclude_cancelled(task, job);
    }

    gboolean is_end = !step->is_start && !step->may_fail && g_str_equal(step->until, "concluded");
    if (!is_end) {
        return QBLK_RUN_REACHED;
    }
    return conclude(task, job, job == task->job ? QBLK_RUN_ENDED_WELL : QBLK_RUN_REACHED);
}

static void
set_passed(const QblkStep *step, const QblkJobState *job, GError **error)
{
    const char *found = qblk_job_state_is(job, "null") ? "gone" : job->state;
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                "job '%s' is %s, but should wait in state '%s': another client ended it, or QEMU "
                "was restarted",
                job->id, found, step->until);
}

/* A job that did not wait has failed, or another client has ended it. */
static QblkRunEvent
pass_step(QblkRunTask *task, const QblkStep *step, const QblkJobState *job)
{
    QblkRunEvent event = conclude(task, job, QBLK_RUN_PASSED);
    if (event != QBLK_RUN_PASSED) {
        return event;
    }
    set_passed(step, job, &task->error);
    return qblk_run_task_failure(task, QBLK_RUN_PASSED);
}

gboolean
qblk_run_step_has_ended(QblkRunTask *task, QblkRunEvent *event)
{
    const QblkStep *step = last_step(task);
    if (step != NULL && step->is_joint) { /* the reply ends it */
        *event = QBLK_RUN_ENDED_WELL;
        return TRUE;
    }

    gboolean is_before_barrier = task->state == QBLK_RUN_RUNNING || task->action == QBLK_RUN_HOLD;
    gboolean is_at_barrier = is_before_barrier && (step == NULL || !step->is_start);
    if (step == NULL || step->until == NULL || is_at_barrier) {
        *event = QBLK_RUN_REACHED;
        return TRUE;
    }

    const QblkJobState *job = job_of(task, step);
    if (qblk_job_state_has_reached(job, step->until)) {
        *event = end_step(task, step, job);
        return TRUE;
    }

    if (qblk_run_task_must_stop(task, &task->error)) {
        *event = qblk_run_task_failure(task, QBLK_RUN_STOPPED);
        return TRUE;
    }

    if (qblk_job_state_has_passed(job, step->until)) {
        *event = pass_step(task, step, job);
        return TRUE;
    }

    return FALSE;
}

static QblkRunEvent
wait_for_end(QblkRunTask *task)
{
    QblkRunEvent event;
    while (!qblk_run_step_has_ended(task, &event)) {
        if (!qblk_run_task_wait_turn(task, &task->error)) {
            return qblk_run_task_failure(task, QBLK_RUN_FAILED);
        }
    }
    return event;
}

/* Another client may have ended the job before the final step, which was not answered, was
 * received: that is a success without the guest on the other image. */
static QblkRunEvent
compare(QblkRunTask *task)
{
    gboolean is_before, is_after;
    if (!qblk_plan_moves_top(task->plan)) {
        return QBLK_RUN_CHAIN_AFTER;
    }

    if (!qblk_run_verify_compare(task, &is_before, &is_after, &task->error)) {
        return qblk_run_task_failure(task, QBLK_RUN_FAILED);
    }

    if (is_after) {
        return QBLK_RUN_CHAIN_AFTER;
    }

    if (qblk_plan_has_job(task->plan)) {
        g_set_error(&task->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                    "another client ended job '%s' without a pivot", task->plan->job);
    } else {
        g_set_error(&task->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                    "another client has changed the chain of '%s' back", task->plan->target);
    }
    return qblk_run_task_failure(task, QBLK_RUN_CHAIN_BEFORE);
}

void
qblk_run_step_turn(QblkRunTask *task)
{
    static QblkRunEvent (*const performers[QBLK_RUN_ACTIONS])(QblkRunTask *) = {
        [QBLK_RUN_NEXT] = look_ahead,      [QBLK_RUN_RECORD] = record,
        [QBLK_RUN_SEND] = send_next,       [QBLK_RUN_RESEND] = send_next,
        [QBLK_RUN_LOOK] = look_at_refused, [QBLK_RUN_AWAIT] = await,
        [QBLK_RUN_WAIT] = wait_for_end,    [QBLK_RUN_COMPARE] = compare,
    };
    g_return_if_fail(performers[task->action] != NULL);
    qblk_run_task_apply(task, performers[task->action](task));
}

/* ---- the steps of a rollback ---- */

static gboolean
send_twice(QblkRunTask *task, const QblkStep *step, GError **error)
{
    g_autoptr(GError) cause = NULL;
    qblk_run_send_begin(task, step);
    QblkSendOutcome outcome = qblk_run_send(task, step, &cause);
    if (outcome == QBLK_SEND_NO_ANSWER) {
        g_clear_error(&cause);
        outcome = qblk_run_send(task, step, &cause);
    }

    if (outcome == QBLK_SEND_ANSWERED || outcome == QBLK_SEND_HAD_EFFECT) {
        return TRUE;
    }

    if (outcome == QBLK_SEND_REFUSED) {
        set_refused(task, step, cause, error);
    } else {
        g_propagate_error(error, g_steal_pointer(&cause));
    }

    return FALSE;
}

gboolean
qblk_run_step_carry_out(QblkRunTask *task, const QblkStep *step, GError **error)
{
    if (qblk_run_task_must_stop(task, error)) {
        return FALSE;
    }
    if (!send_twice(task, step, error)) {
        return FALSE;
    }

    if (step->until == NULL) {
        return TRUE;
    }

    const QblkJobState *job = job_of(task, step);
    while (!qblk_job_state_has_reached(job, step->until)) {
        if (qblk_run_task_must_stop(task, error)) {
            return FALSE;
        }
        if (qblk_job_state_has_passed(job, step->until)) {
            set_passed(step, job, error);
            return FALSE;
        }
        if (!qblk_run_task_wait_turn(task, error)) {
            return FALSE;
        }
    }

    return TRUE;
}
