/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-send.h"

#include "blockjob/run-verify.h"

gboolean
qblk_run_send_is_refusal(const GError *error)
{
    return g_error_matches(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_REFUSED) ||
           g_error_matches(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_NOT_FOUND);
}

gboolean
qblk_run_send_keeps_busy(const QblkRunTask *task, const QblkStep *step)
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
        qblk_monitor_check_interrupt(monitor);
        if (qblk_run_task_must_stop(task, &cause)) {
            g_prefix_error(error, "%s: ", cause->message);
            return FALSE;
        }
        if (qblk_monitor_query_jobs(monitor, &cause)) {
            g_clear_error(error);
            return TRUE;
        }
        if (qblk_monitor_is_lost(monitor) || !qblk_run_send_keeps_busy(task, step) ||
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

gboolean
qblk_run_send_await(QblkRunTask *task, const QblkStep *step, const char *before,
                    gboolean *was_heard, GError **error)
{
    QblkMonitor *monitor = &task->run->monitor;
    const QblkJobState *job = qblk_monitor_job(monitor, step->job);
    gint64 end = g_get_monotonic_time() + (gint64)monitor->heartbeat_ms * 1000 / 2;
    gboolean is_late = FALSE;
    while (!has_changed(job, before) && !is_late) {
        is_late = g_get_monotonic_time() >= end;
        if (qblk_run_task_must_stop(task, error) ||
            !(is_late ? qblk_monitor_query_jobs(monitor, error)
                      : qblk_monitor_wait(monitor, end, error))) {
            return FALSE;
        }
    }
    *was_heard = has_changed(job, before);
    return TRUE;
}

/* One that QEMU has not heard leaves the job where it is: then there is a way back, but for a job
 * that was there before us and goes on without us. */
static gboolean
check_heard(QblkRunTask *task, const QblkStep *step, const char *before, GError **error)
{
    gboolean was_heard;
    if (!qblk_run_send_await(task, step, before, &was_heard, error)) {
        return FALSE;
    }
    if (!was_heard) {
        task->is_past_return = task->plan->existing_job;
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                    "job '%s' stays %s: whether QEMU has heard '%s' is not known, and it would end "
                    "if it heard that twice",
                    step->job, before, step->command);
    }
    return was_heard;
}

/* Whether the job has ended as @step would have it, without that: QEMU has heard the command
 * before, or from another client. */
static gboolean
was_overtaken(QblkRunTask *task, const QblkStep *step, const char *before)
{
    gboolean is_before, is_after;
    if (!step->is_final || step->job == NULL ||
        !qblk_monitor_query_jobs(&task->run->monitor, NULL) ||
        !has_changed(qblk_monitor_job(&task->run->monitor, step->job), before)) {
        return FALSE;
    }
    return !qblk_plan_moves_top(task->plan) ||
           (qblk_run_verify_compare(task, &is_before, &is_after, NULL) && is_after);
}

static gboolean
fail_silent(const QblkJson *value, GError **error)
{
    g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_REFUSED, "%s",
                qblk_json_string(value) == NULL ? "no text" : qblk_json_string(value));
    return FALSE;
}

static gboolean
send_command(QblkRunTask *task, const QblkStep *step, QblkJobState *job, GError **error)
{
    QblkMonitor *monitor = &task->run->monitor;
    g_autofree char *before = job == NULL ? NULL : g_strdup(job->state);
    for (guint attempt = 0; attempt < 2; attempt++) {
        g_autoptr(GError) cause = NULL;
        g_autoptr(QblkJson) value =
            qblk_monitor_call(monitor, step->command, step->arguments, &cause);
        gboolean may_be_refused = step->may_fail || (attempt > 0 && job == NULL);
        if (value != NULL && step->is_silent && g_strcmp0(qblk_json_string(value), "") != 0) {
            return fail_silent(value, error);
        }
        if (value != NULL && job != NULL) {
            qblk_job_state_begin(job);
        }
        gboolean is_refused = value == NULL && qblk_run_send_is_refusal(cause);
        if (value != NULL || (is_refused && may_be_refused) ||
            (is_refused && was_overtaken(task, step, before))) {
            return TRUE;
        }
        if (is_refused || !get_over(task, step, &cause)) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
        task->is_unanswered = task->is_unanswered || step->is_final;
        if (has_changed(job, before)) {
            return TRUE;
        }
        if (step->at_most_once) {
            return check_heard(task, step, before, error);
        }
    }
    g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT,
                "'%s' was not answered and had no effect", step->command);
    return FALSE;
}

gboolean
qblk_run_send(QblkRunTask *task, const QblkStep *step, GError **error)
{
    QblkMonitor *monitor = &task->run->monitor;
    QblkJobState *job = step->job == NULL ? NULL : qblk_monitor_job(monitor, step->job);
    /* Of a job that was there before us nothing was heard yet. */
    if (job != NULL && job->state == NULL && task->plan->existing_job) {
        qblk_job_state_begin(job);
        if (!qblk_monitor_query_jobs(monitor, error)) {
            return FALSE;
        }
    }
    return step->command == NULL ? qblk_monitor_query_jobs(monitor, error)
                                 : send_command(task, step, job, error);
}
