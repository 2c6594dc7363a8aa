/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-task.h"

#include "base/limits.h"
#include "blockjob/run-journal.h"
#include "blockjob/run-send.h"
#include "blockjob/run-verify.h"

/* ---- waiting ---- */

gboolean
qblk_run_task_must_stop(const QblkRunTask *task, GError **error)
{
    const QblkRun *run = task->run;
    gboolean may_return = !task->is_past_return && !run->is_undoing;
    gboolean is_late = run->end != 0 && g_get_monotonic_time() >= run->end;
    const char *why = run->monitor.interrupts > 0 ? "as you asked" : "because its time was over";
    if (run->monitor.interrupts < 2 && !(may_return && (run->monitor.interrupts > 0 || is_late))) {
        return FALSE;
    }
    if (may_return && !task->plan->existing_job) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED,
                    "job '%s' was cancelled %s", task->plan->job, why);
    } else {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_DETACHED,
                    "job '%s' was left as it is (%s), %s", task->plan->job,
                    task->job->state == NULL ? "not started" : task->job->state, why);
    }
    return TRUE;
}

static gboolean
report(QblkRun *run, GError **error)
{
    run->report_at = g_get_monotonic_time() + (gint64)run->options->report_ms * 1000;
    if (!qblk_monitor_poll(&run->monitor, error)) {
        return FALSE;
    }
    for (guint i = 0; i < run->tasks->len; i++) {
        const QblkRunTask *task = run->tasks->pdata[i];
        const QblkRunProgress progress = {task->job->state, task->job->done, task->job->total};
        run->options->report(task->plan, &progress, run->options->user_data);
    }
    return TRUE;
}

static gint64
sooner(gint64 a, gint64 b)
{
    return a == 0 ? b : b == 0 ? a : MIN(a, b);
}

/* Wait for whatever comes first, and get over a connection that is lost. */
static gboolean
wait_turn(QblkRunTask *task, GError **error)
{
    QblkRun *run = task->run;
    g_autoptr(GError) cause = NULL;
    gint64 end = task->is_past_return || run->is_undoing ? 0 : run->end;
    gboolean is_alive = qblk_monitor_wait(&run->monitor, sooner(end, run->report_at), &cause);
    if (is_alive && run->report_at != 0 && g_get_monotonic_time() >= run->report_at) {
        is_alive = report(run, &cause);
    }
    if (!is_alive && !qblk_monitor_reconnect(&run->monitor, &cause)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    return TRUE;
}

/* What QEMU says of a job that is over: its error, or none. */
static gboolean
check_conclusion(QblkRunTask *task, const QblkJobState *job, GError **error)
{
    if (!qblk_monitor_query_jobs(&task->run->monitor, error)) {
        return FALSE;
    }
    if (job->error == NULL) {
        return TRUE;
    }
    const char *operation = job->operation;
    gboolean is_write = g_strcmp0(operation, "write") == 0;
    const char *file = is_write ? task->plan->writes : task->plan->reads;
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                "job '%s' failed%s%s%s%s%s: %s", job->id, operation == NULL ? "" : " to ",
                operation == NULL ? "" : operation, operation == NULL || file == NULL ? "" : " '",
                operation == NULL || file == NULL ? "" : file,
                operation == NULL || file == NULL ? "" : "'", job->error);
    return FALSE;
}

/* A job that is further than where it had to wait for us was not left alone, or has failed. */
static gboolean
fail_passed(QblkRunTask *task, const QblkJobState *job, const char *wanted, GError **error)
{
    if (!check_conclusion(task, job, error)) {
        return FALSE;
    }
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                "job '%s' is %s and should have waited at %s: another client ended it, or QEMU was "
                "started again",
                job->id, qblk_job_state_is(job, "null") ? "gone" : job->state, wanted);
    return FALSE;
}

/* Whether the job of @step is where the step ends; FALSE with an error where it never will be. */
static gboolean
look_at_step(QblkRunTask *task, const QblkStep *step, gboolean *is_there, GError **error)
{
    const QblkJobState *job = qblk_monitor_job(&task->run->monitor, step->job);
    *is_there = qblk_job_state_has_reached(job, step->until);
    if (*is_there) {
        return TRUE;
    }
    if (qblk_run_task_must_stop(task, error)) {
        return FALSE;
    }
    return !qblk_job_state_has_passed(job, step->until) ||
           fail_passed(task, job, step->until, error);
}

static gboolean
wait_for_step(QblkRunTask *task, const QblkStep *step, GError **error)
{
    for (;;) {
        gboolean is_there;
        if (!look_at_step(task, step, &is_there, error)) {
            return FALSE;
        }
        if (is_there) {
            return TRUE;
        }
        if (!wait_turn(task, error)) {
            return FALSE;
        }
    }
}

/* ---- steps ---- */

/* Send @step; one that QEMU refuses has changed nothing. */
static gboolean
begin_step(QblkRunTask *task, const QblkStep *step, GError **error)
{
    g_autoptr(GError) cause = NULL;
    gboolean was_past_return = task->is_past_return;
    qblk_monitor_check_interrupt(&task->run->monitor);
    if (qblk_run_task_must_stop(task, error) || !qblk_run_journal_step(task, step, error)) {
        return FALSE;
    }
    task->is_past_return = task->is_past_return || step->is_final;
    task->run->monitor.patience =
        qblk_run_send_keeps_busy(task, step) ? QBLK_LIMIT_UNANSWERED_BUSY : QBLK_LIMIT_UNANSWERED;
    gboolean is_sent = qblk_run_send(task, step, &cause);
    if (is_sent || !qblk_run_send_is_refusal(cause)) {
        task->taken += task->run->is_undoing ? 0 : 1;
    } else {
        task->is_past_return = was_past_return;
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                    "job '%s': QEMU refused to %s: %s", task->plan->job, step->purpose,
                    cause->message);
        return FALSE;
    }
    if (!is_sent) {
        g_propagate_error(error, g_steal_pointer(&cause));
    }
    return is_sent;
}

/* Another client may have ended the job before the final step, whose answer was not heard, came:
 * without the guest going over, which is a good end, too. */
static gboolean
check_moved(QblkRunTask *task, const QblkStep *step, GError **error)
{
    gboolean is_before, is_after;
    if (!task->is_unanswered || !step->is_final || !qblk_plan_moves_top(task->plan)) {
        return TRUE;
    }
    if (!qblk_run_verify_compare(task, &is_before, &is_after, error)) {
        return FALSE;
    }
    if (!is_after) {
        task->is_past_return = FALSE;
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                    "job '%s' was ended by another client", task->plan->job);
    }
    return is_after;
}

/* Wait for what ends @step, which was sent. */
static gboolean
end_step(QblkRunTask *task, const QblkStep *step, GError **error)
{
    if (step->until == NULL) {
        return TRUE;
    }
    if (!wait_for_step(task, step, error)) {
        return FALSE;
    }
    if (task->run->is_undoing || step->may_fail || !g_str_equal(step->until, "concluded")) {
        return TRUE;
    }
    const QblkJobState *job = qblk_monitor_job(&task->run->monitor, step->job);
    gboolean went_well =
        check_conclusion(task, job, error) && (job != task->job || check_moved(task, step, error));
    task->is_over = task->is_over || (went_well && job == task->job);
    return went_well;
}

gboolean
qblk_run_task_start(QblkRunTask *task, GError **error)
{
    while (task->taken < task->plan->steps->len) {
        const QblkStep *step = task->plan->steps->pdata[task->taken];
        if (!begin_step(task, step, error)) {
            return FALSE;
        }
        if (step->is_start) {
            return TRUE;
        }
        if (!end_step(task, step, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
qblk_run_task_wait_all(QblkRun *run, QblkRunTask **failed, GError **error)
{
    for (;;) {
        QblkRunTask *waits = NULL;
        for (guint i = 0; i < run->tasks->len; i++) {
            QblkRunTask *task = run->tasks->pdata[i];
            const QblkStep *step =
                task->taken == 0 ? NULL : task->plan->steps->pdata[task->taken - 1];
            gboolean is_there = step == NULL || !step->is_start;
            *failed = task;
            if (!is_there && !look_at_step(task, step, &is_there, error)) {
                return FALSE;
            }
            waits = is_there ? waits : task;
        }
        if (waits == NULL) {
            return TRUE;
        }
        *failed = waits;
        if (!wait_turn(waits, error)) {
            return FALSE;
        }
    }
}

gboolean
qblk_run_task_finish(QblkRunTask *task, GError **error)
{
    while (task->taken < task->plan->steps->len) {
        const QblkStep *step = task->plan->steps->pdata[task->taken];
        if (!begin_step(task, step, error) || !end_step(task, step, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- taking back ---- */

/* Whether there is nothing to take back by @step (any more). */
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
    if (task->plan
            ->existing_job) { /* what was there before us is only forgotten, where it is over */
        return !qblk_job_state_has_reached(job, "concluded");
    }
    return step->until != NULL && qblk_job_state_has_reached(job, step->until);
}

/* A step that fails because the job came to its end by itself meanwhile has not failed. */
static gboolean
undo_step(QblkRunTask *task, const QblkStep *step, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (is_undone(task, step) || (begin_step(task, step, &cause) && end_step(task, step, &cause))) {
        return TRUE;
    }
    if (!qblk_monitor_is_lost(&task->run->monitor) &&
        qblk_monitor_query_jobs(&task->run->monitor, NULL) && is_undone(task, step)) {
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}

/* Of a final step without an answer the end of the job tells, before it is forgotten. */
static void
note_when_known(QblkRunTask *task)
{
    gboolean is_concluded = qblk_job_state_is(task->job, "concluded");
    if (task->is_unanswered && is_concluded && qblk_monitor_query_jobs(&task->run->monitor, NULL) &&
        task->job->error != NULL) {
        qblk_run_journal_not_changed(task);
        task->is_unanswered = FALSE;
    }
}

/* A job that was there before us has nothing that takes it back; where it is over it is forgotten
 * as planned. */
static gboolean
dismiss_existing_job(QblkRunTask *task, GError **error)
{
    for (guint i = 0; task->plan->existing_job && i < task->plan->steps->len; i++) {
        const QblkStep *step = task->plan->steps->pdata[i];
        if (g_strcmp0(step->command, "job-dismiss") == 0 && !undo_step(task, step, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
qblk_run_task_undo(QblkRunTask *task, GError **error)
{
    QblkMonitor *monitor = &task->run->monitor;
    if (!task->is_unanswered) {
        qblk_run_journal_not_changed(task);
    }
    if (!qblk_monitor_query_jobs(monitor, error) &&
        (!qblk_monitor_is_lost(monitor) || !qblk_monitor_reconnect(monitor, error))) {
        return FALSE;
    }
    for (guint i = task->taken; i-- > 0;) {
        const QblkStep *step = task->plan->steps->pdata[i];
        for (guint j = 0; j < step->undo->len; j++) {
            note_when_known(task);
            if (!undo_step(task, step->undo->pdata[j], error)) {
                return FALSE;
            }
        }
    }
    return dismiss_existing_job(task, error) && qblk_run_journal_undone(task, error);
}
