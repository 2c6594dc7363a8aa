/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-send.h"

#include "base/limits.h"
#include "blockjob/run-server.h"
#include "blockjob/run-verify.h"

static gboolean
is_refusal(const GError *error)
{
    return g_error_matches(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_REFUSED) ||
           g_error_matches(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_NOT_FOUND);
}

/* ---- after a command that was not answered ---- */

/* QEMU answers one command after the other: once a query is answered the command was handled. */
static gboolean
query_after(const QblkRunTask *task, guint patience, GError **error)
{
    QblkMonitor *monitor = &task->run->monitor;
    for (;;) {
        g_autoptr(GError) cause = NULL;
        if (qblk_run_task_must_stop(task, &cause)) {
            g_prefix_error(error, "%s: ", cause->message);
            return FALSE;
        }
        if (qblk_monitor_query_jobs(monitor, &cause)) {
            g_clear_error(error);
            return TRUE;
        }

        gboolean is_busy = patience > QBLK_LIMIT_UNANSWERED &&
                           g_error_matches(cause, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT);
        if (qblk_monitor_is_lost(monitor) || !is_busy) {
            return FALSE;
        }
    }
}

/* Once, as soon as a command for an image on @server was not answered. */
static void
warn_of_server(QblkRunTask *task, const QblkStep *step, const char *server)
{
    if (task->has_warned_of_server) {
        return;
    }
    task->has_warned_of_server = TRUE;
    g_autofree char *message =
        g_strdup_printf("QEMU has not answered '%s': it waits for the server of '%s', and "
                        "responds neither to qblk nor to the guest until that answers or ends",
                        step->command, server);
    qblk_run_task_warn(task, QBLK_RUN_WARNS_OF_SERVER, message);
}

/* Returns: TRUE, with @error cleared, once QEMU can be asked again. */
static gboolean
reach_again(QblkRunTask *task, const QblkStep *step, GError **error)
{
    QblkMonitor *monitor = &task->run->monitor;
    guint patience = qblk_run_task_patience(task, step);
    gboolean is_open = !qblk_monitor_is_lost(monitor);
    g_autofree char *server = is_open ? qblk_run_server_name(task->plan, step) : NULL;
    if (server != NULL) {
        warn_of_server(task, step, server);
    }

    if (is_open && query_after(task, patience, error)) {
        return TRUE;
    }
    if (server != NULL) {
        g_prefix_error(error, "QEMU waits for the server of '%s', which does not answer: ", server);
    }
    return qblk_monitor_is_lost(monitor) && qblk_monitor_reconnect(monitor, error);
}

gboolean
qblk_run_send_had_effect(const QblkRunTask *task, const QblkStep *step)
{
    if (step->job == NULL) {
        return FALSE;
    }

    const QblkJobState *job = qblk_monitor_job(&task->run->monitor, step->job);
    if (task->job_before == NULL) {
        return job->state != NULL;
    }
    if (g_str_equal(task->job_before, "null")) { /* an earlier job had this id */
        return qblk_job_state_is_there(job);
    }

    return qblk_job_state_has_left(job, task->job_before);
}

gboolean
qblk_run_send_await(const QblkRunTask *task, const QblkStep *step, gboolean *was_received,
                    GError **error)
{
    QblkRun *run = task->run;
    QblkMonitor *monitor = &run->monitor;
    gint64 end = run->clock() + (gint64)monitor->heartbeat_ms * 1000 / 2;
    gboolean is_late = FALSE;

    while (!qblk_run_send_had_effect(task, step) && !is_late) {
        is_late = run->clock() >= end;
        if (qblk_run_task_must_stop(task, error)) {
            return FALSE;
        }
        gboolean is_alive = is_late ? qblk_monitor_query_jobs(monitor, error)
                                    : qblk_monitor_wait(monitor, end, error);
        if (!is_alive) {
            return FALSE;
        }
    }

    *was_received = qblk_run_send_had_effect(task, step);
    return TRUE;
}

/* ---- one attempt ---- */

void
qblk_run_send_begin(QblkRunTask *task, const QblkStep *step)
{
    const QblkJobState *job =
        step->job == NULL ? NULL : qblk_monitor_job(&task->run->monitor, step->job);
    task->attempts = 0;
    g_clear_pointer(&task->refusal, g_free);
    g_free(task->job_before);
    task->job_before = job == NULL ? NULL : g_strdup(job->state);
}

/* A command of the human monitor returns a text, which is empty unless it has failed. */
static gboolean
has_failed_silently(const QblkStep *step, const QblkJson *value)
{
    return step->is_silent && g_strcmp0(qblk_json_string(value), "") != 0;
}

/* The first attempt may have failed as well, after QEMU has waited for a server. */
static gboolean
is_opened(const QblkRunTask *task, const QblkStep *step)
{
    const char *node = qblk_json_get_string(step->arguments, "node-name");
    return node != NULL && qblk_run_verify_has_node(task, node);
}

/* Returns: TRUE if it is no failure that QEMU has refused @step. */
static gboolean
may_be_refused(const QblkRunTask *task, const QblkStep *step, gboolean is_repeated)
{
    if (step->may_be_done) {
        return (is_repeated || task->is_resumed) && qblk_run_verify_has_bitmaps(task);
    }
    if (step->is_joint) { /* the chains show if it took effect: see run-joint.h */
        return FALSE;
    }
    if (is_repeated && g_strcmp0(step->command, "blockdev-add") == 0) {
        return step->may_fail || is_opened(task, step);
    }
    return step->may_fail || (is_repeated && step->job == NULL);
}

static QblkSendOutcome
attempt(QblkRunTask *task, const QblkStep *step, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(QblkJson) value =
        qblk_monitor_call(&task->run->monitor, step->command, step->arguments, &cause);
    gboolean is_repeated = task->attempts++ > 0;

    if (value != NULL && has_failed_silently(step, value)) {
        const char *text = qblk_json_string(value);
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_REFUSED, "%s",
                    text == NULL ? "unexpected reply" : text);
        return QBLK_SEND_REFUSED;
    }

    if (value != NULL) {
        if (step->job != NULL) {
            qblk_job_state_begin(qblk_monitor_job(&task->run->monitor, step->job));
        }
        return QBLK_SEND_ANSWERED;
    }

    if (is_refusal(cause)) {
        if (may_be_refused(task, step, is_repeated)) {
            g_free(task->refusal);
            task->refusal = g_strdup(cause->message);
            return QBLK_SEND_ANSWERED;
        }
        g_propagate_error(error, g_steal_pointer(&cause));
        return QBLK_SEND_REFUSED;
    }

    if (!reach_again(task, step, &cause)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return QBLK_SEND_FAILED;
    }

    if (qblk_run_send_had_effect(task, step)) {
        return QBLK_SEND_HAD_EFFECT;
    }

    g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT,
                "QEMU did not answer '%s', and it had no effect", step->command);
    return QBLK_SEND_NO_ANSWER;
}

/* A step without a command only queries the jobs. */
static QblkSendOutcome
query(QblkRunTask *task, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (qblk_monitor_query_jobs(&task->run->monitor, &cause)) {
        return QBLK_SEND_ANSWERED;
    }
    gboolean is_refused = is_refusal(cause);
    g_propagate_error(error, g_steal_pointer(&cause));
    return is_refused ? QBLK_SEND_REFUSED : QBLK_SEND_FAILED;
}

QblkSendOutcome
qblk_run_send(QblkRunTask *task, const QblkStep *step, GError **error)
{
    QblkJobState *job = step->job == NULL ? NULL : qblk_monitor_job(&task->run->monitor, step->job);
    task->run->monitor.patience = qblk_run_task_patience(task, step);

    /* Nothing is known yet of a job that existed before the plan. */
    if (job != NULL && job->state == NULL && task->plan->existing_job) {
        qblk_job_state_begin(job);
        QblkSendOutcome outcome = query(task, error);
        if (outcome != QBLK_SEND_ANSWERED) {
            return outcome;
        }
        qblk_run_send_begin(task, step);
    }

    return step->command == NULL ? query(task, error) : attempt(task, step, error);
}
