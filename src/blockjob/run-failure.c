/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-failure.h"

#include "blockjob/run-journal.h"
#include "blockjob/run-verify.h"
#include "image/lock-holder.h"

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

static void
leave_nothing(const QblkRun *run, GError **error)
{
    qblk_run_verify_tell_undeleted(run, error);
    qblk_run_journal_end(run);
}

void
qblk_run_failure_end(QblkRun *run, const QblkRunTask *failed, GError **error)
{
    gboolean was_left = run->monitor.interrupts > 1 || failed->is_over ||
                        g_error_matches(*error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_DETACHED);
    gboolean has_failed =
        qblk_job_state_has_reached(failed->job, "concluded") && failed->job->error != NULL;
    gboolean may_undo = !failed->is_past_return || has_failed;
    if (qblk_monitor_is_lost(&run->monitor) || (failed->taken > 0 && (was_left || !may_undo))) {
        gboolean is_users = !qblk_monitor_is_lost(&run->monitor) && !failed->is_past_return;
        qblk_run_verify_tell_job(failed, error);
        if (is_users) { /* who has it left on purpose goes on with it */
            leave_nothing(run, error);
        }
        return;
    }
    if (run->options->is_local && (*error)->code == QBLK_BLOCKJOB_ERROR_FAILED) {
        tell_locks(failed, error);
    }
    if (take_back(run, error)) {
        qblk_run_verify_tell_chains(run, error);
        leave_nothing(run, error);
    }
}
