/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run.h"

#include "blockjob/lock-holder.h"
#include "blockjob/removal.h"
#include "blockjob/run-result.h"

static void
run_init(QblkRun *run, QblkClient **client, const GPtrArray *plans, const QblkRunOptions *options)
{
    gint64 now = g_get_monotonic_time();
    *run = (QblkRun){
        .options = options,
        .tasks = g_ptr_array_new_with_free_func(g_free),
        .end = options->time_limit_ms == 0 ? 0 : now + options->time_limit_ms * 1000,
        .report_at = options->report_ms == 0 ? 0 : now,
    };
    qblk_monitor_init(&run->monitor, client, options->address, options->timeout_ms,
                      options->stop_fd);
    for (guint i = 0; i < plans->len; i++) {
        QblkRunTask *task = g_new0(QblkRunTask, 1);
        task->run = run;
        task->plan = plans->pdata[i];
        task->job = qblk_monitor_job(&run->monitor, task->plan->job);
        g_ptr_array_add(run->tasks, task);
    }
}

static void
run_clear(QblkRun *run)
{
    qblk_monitor_clear(&run->monitor);
    g_ptr_array_unref(run->tasks);
}

/* ---- when it goes wrong ---- */

/* QEMU says only that it did not get a lock. */
static void
tell_locks(const QblkRunTask *task, GError **error)
{
    const QblkPlan *plan = task->plan;
    const QblkExpectation *top = plan->before->len == 0 ? NULL : plan->before->pdata[0];
    g_autofree char *holders =
        plan->writes == NULL
            ? NULL
            : qblk_lock_holder_others(plan->writes, top == NULL ? NULL : top->filename);
    if (holders != NULL) {
        g_autofree char *message = g_strdup((*error)->message);
        g_free((*error)->message);
        (*error)->message = g_strdup_printf("%s; another process holds a lock on '%s': %s", message,
                                            plan->writes, holders);
    }
}

/* Take back all tasks whose job has not ended well, the newest first.  The first failure is told,
 * and the others are taken back all the same. */
static gboolean
take_back(QblkRun *run, GError **error)
{
    g_autoptr(GError) first = NULL;
    run->is_undoing = TRUE;
    for (guint i = run->tasks->len; i-- > 0;) {
        QblkRunTask *task = run->tasks->pdata[i];
        g_autoptr(GError) cause = NULL;
        if (task->taken > 0 && !task->is_over && !qblk_run_task_undo(task, &cause)) {
            g_prefix_error(&cause, "job '%s' could not be taken back (", task->plan->job);
            first = first == NULL ? g_steal_pointer(&cause) : first;
        }
    }
    if (first == NULL) {
        return TRUE;
    }
    g_prefix_error(error, "%s): ", first->message);
    return FALSE;
}

/* After a failure nothing of the jobs must be left, or the user has to know what is. */
static void
end_badly(QblkRun *run, const QblkRunTask *failed, GError **error)
{
    gboolean was_left = run->monitor.stops > 1 || failed->is_over ||
                        g_error_matches(*error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_LEFT);
    gboolean may_undo =
        !failed->is_past_return || qblk_job_state_has_reached(failed->job, "concluded");
    if (qblk_monitor_is_lost(&run->monitor) || (failed->taken > 0 && (was_left || !may_undo))) {
        qblk_run_result_tell_job(failed, error);
        return;
    }
    if (run->options->is_local && (*error)->code == QBLK_BLOCKJOB_ERROR_FAILED) {
        tell_locks(failed, error);
    }
    if (take_back(run, error)) {
        qblk_run_result_tell_chains(run, error);
    }
}

/* ---- the way that all goes well ---- */

static gboolean
carry_out(QblkRun *run, QblkRunTask **failed, GError **error)
{
    for (guint i = 0; i < run->tasks->len; i++) {
        *failed = run->tasks->pdata[i];
        if (!qblk_run_task_start(*failed, error)) {
            return FALSE;
        }
    }
    if (run->options->is_detached) {
        return TRUE;
    }
    if (!qblk_run_task_wait_all(run, failed, error)) {
        return FALSE;
    }
    for (guint i = 0; i < run->tasks->len; i++) {
        *failed = run->tasks->pdata[i];
        if (!qblk_run_task_finish(*failed, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
delete_removed(const QblkRun *run, GError **error)
{
    for (guint i = 0; i < run->tasks->len; i++) {
        const QblkRunTask *task = run->tasks->pdata[i];
        if (!qblk_removal_delete(task->plan, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
qblk_run(QblkClient **client, const GPtrArray *plans, const QblkRunOptions *options, GError **error)
{
    QblkRun run;
    QblkRunTask *failed = NULL;
    g_autoptr(GError) cause = NULL;
    run_init(&run, client, plans, options);
    gboolean done = carry_out(&run, &failed, &cause);
    if (!done) {
        end_badly(&run, failed, &cause);
        g_propagate_error(error, g_steal_pointer(&cause));
    } else if (!options->is_detached) {
        done = qblk_run_result_check(&run, error) && delete_removed(&run, error);
    }
    run_clear(&run);
    return done;
}
