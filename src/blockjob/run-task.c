/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-task.h"

#include "base/limits.h"
#include "blockjob/tombstone.h"

/* ---- waiting ---- */

/* The first wish to stop takes the jobs back, where there still is a way back; a second one leaves
 * QEMU as it is. */
static gboolean
must_stop(const QblkRunTask *task, GError **error)
{
    const QblkRun *run = task->run;
    gboolean may_return = !task->is_past_return && !run->is_undoing;
    gboolean is_late = run->end != 0 && g_get_monotonic_time() >= run->end;
    const char *why = run->monitor.stops > 0 ? "as you asked" : "because its time was over";
    if (run->monitor.stops < 2 && !(may_return && (run->monitor.stops > 0 || is_late))) {
        return FALSE;
    }
    if (may_return && !task->plan->adopts) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED,
                    "job '%s' was cancelled %s", task->plan->job, why);
    } else {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_LEFT,
                    "job '%s' was left as it is (%s), %s", task->plan->job,
                    task->job->state == NULL ? "not started" : task->job->state, why);
    }
    return TRUE;
}

static gboolean
report(QblkRun *run, GError **error)
{
    run->report_at = g_get_monotonic_time() + (gint64)run->options->report_ms * 1000;
    if (!qblk_monitor_look(&run->monitor, error)) {
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
    if (!qblk_monitor_ask(&task->run->monitor, error)) {
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
    if (must_stop(task, error)) {
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

static gboolean
is_refusal(const GError *error)
{
    return g_error_matches(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_REFUSED) ||
           g_error_matches(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_NOT_FOUND);
}

/* What QEMU interrupts for nobody: the user has to be told how a final step went, and a flush takes
 * as long as it takes. */
static gboolean
keeps_busy(const QblkRunTask *task, const QblkStep *step)
{
    return task->is_past_return || step->is_silent;
}

/* A command that was not answered in time: what QEMU is asked next is answered after it. */
static gboolean
outwait(QblkRunTask *task, const QblkStep *step, GError **error)
{
    QblkMonitor *monitor = &task->run->monitor;
    for (;;) {
        g_autoptr(GError) cause = NULL;
        qblk_monitor_look_at_stop(monitor);
        if (must_stop(task, &cause)) {
            g_prefix_error(error, "%s: ", cause->message);
            return FALSE;
        }
        if (qblk_monitor_ask(monitor, &cause)) {
            g_clear_error(error);
            return TRUE;
        }
        if (qblk_monitor_is_lost(monitor) || !keeps_busy(task, step) ||
            !g_error_matches(cause, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT)) {
            return FALSE;
        }
    }
}

/* After a command whose answer was not heard: TRUE, with @error cleared, where QEMU can be asked
 * again. */
static gboolean
get_over(QblkRunTask *task, const QblkStep *step, GError **error)
{
    QblkMonitor *monitor = &task->run->monitor;
    if (!qblk_monitor_is_lost(monitor) && outwait(task, step, error)) {
        return TRUE;
    }
    return qblk_monitor_is_lost(monitor) && qblk_monitor_reconnect(monitor, error);
}

/* Whether a command that was not answered has taken effect.  One that was heard has changed the
 * state of its job. */
static gboolean
has_changed(const QblkJobState *job, const char *before)
{
    return job != NULL &&
           (before == NULL ? job->state != NULL : qblk_job_state_has_left(job, before));
}

/* Send the command of @step, if it has one, and once more where it is not known whether QEMU has
 * heard it.  A second one that is no job's may be refused because the first one was heard. */
static gboolean
send_step(QblkRunTask *task, const QblkStep *step, GError **error)
{
    QblkMonitor *monitor = &task->run->monitor;
    QblkJobState *job = step->job == NULL ? NULL : qblk_monitor_job(monitor, step->job);
    /* Of a job that was there before us nothing was heard yet. */
    if (job != NULL && job->state == NULL && task->plan->adopts) {
        qblk_job_state_begin(job);
        if (!qblk_monitor_ask(monitor, error)) {
            return FALSE;
        }
    }
    g_autofree char *before = job == NULL ? NULL : g_strdup(job->state);
    if (step->command == NULL) {
        return qblk_monitor_ask(monitor, error);
    }
    for (guint attempt = 0; attempt < 2; attempt++) {
        g_autoptr(GError) cause = NULL;
        g_autoptr(QblkJson) value =
            qblk_monitor_call(monitor, step->command, step->arguments, &cause);
        gboolean may_be_refused = step->may_fail || (attempt > 0 && job == NULL);
        if (value != NULL && step->is_silent && g_strcmp0(qblk_json_string(value), "") != 0) {
            g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_REFUSED, "%s",
                        qblk_json_string(value) == NULL ? "no text" : qblk_json_string(value));
            return FALSE;
        }
        if (value != NULL && job != NULL) {
            qblk_job_state_begin(job);
        }
        if (value != NULL || (may_be_refused && is_refusal(cause))) {
            return TRUE;
        }
        if (is_refusal(cause) || !get_over(task, step, &cause)) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
        if (has_changed(job, before)) {
            return TRUE;
        }
    }
    g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT,
                "'%s' was not answered and had no effect", step->command);
    return FALSE;
}

/* ---- what is written down before it is done ---- */

static QblkStage
stage_of(const QblkRunTask *task, const QblkStep *step)
{
    if (task->is_past_return) {
        return QBLK_STAGE_CLEANING;
    }
    return step->is_final ? QBLK_STAGE_PIVOTING : step->is_start ? QBLK_STAGE_STARTED : task->stage;
}

/* Before the chain is changed the image that will be old may be so, and after it is. */
static gboolean
mark_stage(const QblkRunTask *task, QblkStage stage, GError **error)
{
    const QblkPlan *plan = task->plan;
    gboolean is_marked = task->run->options->is_local && plan->buried != NULL;
    return !is_marked || stage < QBLK_STAGE_PIVOTING ||
           qblk_tombstone_write(plan->buried, plan->buried_in, stage == QBLK_STAGE_CLEANING, error);
}

static gboolean
note_stage(QblkRunTask *task, QblkStage stage, GError **error)
{
    if (stage == task->stage || task->run->is_undoing) {
        return TRUE;
    }
    /* The mark that is there already says enough where it cannot be written anew. */
    gboolean is_first = stage < QBLK_STAGE_CLEANING;
    if (!mark_stage(task, stage, is_first ? error : NULL) && is_first) {
        return FALSE;
    }
    if (task->journal != NULL && !qblk_journal_note(*task->journal, stage, error)) {
        return FALSE;
    }
    task->stage = stage;
    return TRUE;
}

/* Before @step.  Once there is no way back the steps go on, written down or not: what a journal
 * does not say of them is found out when it is taken up. */
static gboolean
note_step(QblkRunTask *task, const QblkStep *step, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (note_stage(task, stage_of(task, step), &cause) || task->is_past_return) {
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}

/* Send @step; one that QEMU refuses has changed nothing. */
static gboolean
begin_step(QblkRunTask *task, const QblkStep *step, GError **error)
{
    g_autoptr(GError) cause = NULL;
    gboolean was_past_return = task->is_past_return;
    qblk_monitor_look_at_stop(&task->run->monitor);
    if (must_stop(task, error) || !note_step(task, step, error)) {
        return FALSE;
    }
    task->is_past_return = task->is_past_return || step->is_final;
    task->run->monitor.patience =
        keeps_busy(task, step) ? QBLK_LIMIT_UNANSWERED_BUSY : QBLK_LIMIT_UNANSWERED;
    gboolean is_sent = send_step(task, step, &cause);
    if (is_sent || !is_refusal(cause)) {
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
    gboolean went_well = check_conclusion(task, job, error);
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
    return !qblk_job_state_is_there(job) ||
           (step->until != NULL && qblk_job_state_has_reached(job, step->until));
}

/* A step that fails because the job came to its end by itself meanwhile has not failed. */
static gboolean
undo_step(QblkRunTask *task, const QblkStep *step, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (is_undone(task, step) || (begin_step(task, step, &cause) && end_step(task, step, &cause))) {
        return TRUE;
    }
    if (!qblk_monitor_is_lost(&task->run->monitor) && qblk_monitor_ask(&task->run->monitor, NULL) &&
        is_undone(task, step)) {
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}

/* QEMU has said that the chain was not changed.  Once the job is forgotten nothing else says so. */
static void
note_not_changed(QblkRunTask *task)
{
    QblkJournal *journal = task->journal == NULL ? NULL : *task->journal;
    if (journal != NULL && task->stage >= QBLK_STAGE_PIVOTING &&
        qblk_journal_note(journal, QBLK_STAGE_STARTED, NULL)) {
        task->stage = QBLK_STAGE_STARTED;
    }
}

gboolean
qblk_run_task_undo(QblkRunTask *task, GError **error)
{
    QblkMonitor *monitor = &task->run->monitor;
    note_not_changed(task);
    if (!qblk_monitor_ask(monitor, error) &&
        (!qblk_monitor_is_lost(monitor) || !qblk_monitor_reconnect(monitor, error))) {
        return FALSE;
    }
    for (guint i = task->taken; i-- > 0;) {
        const QblkStep *step = task->plan->steps->pdata[i];
        for (guint j = 0; j < step->undo->len; j++) {
            if (!undo_step(task, step->undo->pdata[j], error)) {
                return FALSE;
            }
        }
    }
    /* Whatever the journal says: the mark was written before it. */
    if (task->run->options->is_local && task->plan->buried != NULL) {
        qblk_tombstone_remove(task->plan->buried);
    }
    return TRUE;
}
