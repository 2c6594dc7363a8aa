/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-task.h"

#include "base/limits.h"

QblkRunTask *
qblk_run_task_new(QblkRun *run, const QblkPlan *plan, QblkJournal **journal)
{
    QblkRunTask *task = g_new0(QblkRunTask, 1);
    task->run = run;
    task->plan = plan;
    task->job = qblk_monitor_job(&run->monitor, plan->job);
    task->journal = journal;
    task->recorded = plan->existing_job ? QBLK_STAGE_STARTED : QBLK_STAGE_PLANNED;
    task->state = QBLK_RUN_PLANNED;
    task->action = QBLK_RUN_NEXT;
    return task;
}

void
qblk_run_task_free(QblkRunTask *task)
{
    g_free(task->refusal);
    g_free(task->job_before);
    g_free(task->kept);
    g_clear_error(&task->error);
    g_free(task);
}

static void
set_state(QblkRunTask *task, QblkRunState state)
{
    const QblkRunOptions *options = task->run->options;
    gboolean is_reported = state != task->state && options->state_changed != NULL;
    task->state = state;
    if (is_reported) {
        options->state_changed(task->plan, state, options->user_data);
    }
}

void
qblk_run_task_apply(QblkRunTask *task, QblkRunEvent event)
{
    const QblkRunRow *row = qblk_run_state_find(task->state, event);
    task->failed_in = task->state;

    if (row == NULL) {
        if (task->error == NULL) {
            g_set_error(&task->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                        "job '%s': unexpected event '%s' in state '%s'", task->plan->job,
                        qblk_run_state_event_name(event), qblk_run_state_name(task->state));
        }
        task->action = QBLK_RUN_END;
        set_state(task, QBLK_RUN_UNKNOWN);
        return;
    }

    task->action = row->action;
    set_state(task, row->next);
}

void
qblk_run_refusal_clear(QblkRunRefusal *refusal)
{
    g_clear_pointer(&refusal->error_class, g_free);
    g_clear_pointer(&refusal->description, g_free);
}

void
qblk_run_task_warn(const QblkRunTask *task, QblkRunWarning warning, const char *message)
{
    const QblkRunOptions *options = task->run->options;
    if (options->warn != NULL) {
        options->warn(task->plan, warning, message, options->user_data);
    }
}

/* ---- failures ---- */

QblkRunEvent
qblk_run_task_failure(const QblkRunTask *task, QblkRunEvent event)
{
    const QblkMonitor *monitor = &task->run->monitor;
    gboolean is_left =
        qblk_monitor_get_stops(monitor) > 1 ||
        g_error_matches(task->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_DETACHED);

    if (qblk_monitor_is_lost(monitor)) {
        return QBLK_RUN_LOST;
    }

    /* What has done nothing leaves nothing. */
    return is_left && task->taken > 0 ? QBLK_RUN_LEFT : event;
}

gboolean
qblk_run_task_must_stop(const QblkRunTask *task, GError **error)
{
    const QblkRun *run = task->run;
    gboolean may_stop = qblk_run_state_may_stop(task->state);
    gboolean is_late = run->end != 0 && run->clock() >= run->end;
    guint stops = qblk_monitor_get_stops(&run->monitor);
    gboolean is_interrupted = stops > 0;
    gboolean is_wanted = may_stop && (is_interrupted || is_late);
    if (!is_wanted && stops < 2) {
        return FALSE;
    }

    const char *why = is_interrupted ? "interrupted" : "the time limit was reached";
    gboolean is_left = stops > 1 && task->taken > 0;
    gboolean has_job = qblk_plan_has_job(task->plan);
    if (may_stop && !is_left && !task->plan->existing_job) {
        /* It is cancelled by the rollback, which may fail: see qblk_run_rollback_end(). */
        g_set_error_literal(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED, why);
    } else if (!has_job) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_DETACHED,
                    "the %s of '%s' was neither completed nor rolled back: %s", task->plan->kind,
                    task->plan->target, why);
    } else {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_DETACHED,
                    "job '%s' was detached in state '%s': %s", task->plan->job,
                    task->job->state == NULL ? "not started" : task->job->state, why);
    }

    return TRUE;
}

/* ---- waiting ---- */

static gboolean
report(QblkRun *run, GError **error)
{
    run->report_at = run->clock() + (gint64)run->options->report_ms * 1000;
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

/* 0 is never. */
static gint64
earlier(gint64 a, gint64 b)
{
    if (a == 0 || b == 0) {
        return a + b;
    }
    return MIN(a, b);
}

gboolean
qblk_run_task_wait_turn(const QblkRunTask *task, GError **error)
{
    QblkRun *run = task->run;
    g_autoptr(GError) cause = NULL;
    gint64 end = qblk_run_state_may_stop(task->state) ? run->end : 0;

    gboolean is_alive = qblk_monitor_wait(&run->monitor, earlier(end, run->report_at), &cause);
    if (is_alive && run->report_at != 0 && run->clock() >= run->report_at) {
        is_alive = report(run, &cause);
    }

    if (!is_alive && !qblk_monitor_reconnect(&run->monitor, &cause)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }

    return TRUE;
}

guint
qblk_run_task_patience(const QblkRunTask *task, const QblkStep *step)
{
    /* QEMU keeps its main loop while it changes a chain or flushes, while it creates or opens an
     * encrypted image, for which it hashes the key for seconds, and while it connects to a
     * server. */
    gboolean opens_image = g_strcmp0(step->command, "blockdev-create") == 0 ||
                           g_strcmp0(step->command, "blockdev-add") == 0;
    gboolean is_busy = qblk_run_state_is_committed(task->state) || step->is_silent || opens_image;
    return is_busy ? QBLK_LIMIT_UNANSWERED_BUSY : QBLK_LIMIT_UNANSWERED;
}
