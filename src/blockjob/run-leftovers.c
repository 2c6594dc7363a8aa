/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-leftovers.h"

#include "blockjob/journal-names.h"
#include "blockjob/run-send.h"
#include "blockjob/run-verify.h"
#include "plan/leftovers.h"

/* ---- looking ---- */

static gboolean
is_job(const QblkStep *step)
{
    return g_str_equal(step->command, "job-dismiss");
}

static char *
find_job_reason(const QblkJob *job)
{
    return g_str_equal(job->status, "concluded")
               ? NULL
               : g_strdup_printf("the job is '%s' now", job->status);
}

/* Returns: (transfer full) (nullable): why @name is not left in @snapshot, where it is */
static char *
find_reason(const QblkRunTask *task, const QblkSnapshot *snapshot, const QblkStep *step,
            const char *name)
{
    const QblkPlan *plan = task->plan;
    char *reason = NULL;
    if (is_job(step)) {
        reason = find_job_reason(qblk_snapshot_find_job(snapshot, name));
    } else if (!qblk_leftovers_has_node(snapshot, name, plan->target)) {
        reason = g_strdup("the node is in use now");
    }
    if (reason != NULL || plan->state_dir == NULL) {
        return reason;
    }

    const QblkJournal *own = task->journal == NULL ? NULL : *task->journal;
    g_autofree char *journal = qblk_journal_names_find(plan->state_dir, name, own);
    return journal == NULL ? NULL : g_strdup_printf("the journal '%s' names it now", journal);
}

/* See if what @step removes is there, and why it must not be removed.  FALSE: it is not known. */
static gboolean
look(QblkRunTask *task, const QblkStep *step, gboolean *is_there, char **reason)
{
    const char *name = qblk_leftovers_get_removed(task->plan, step);
    g_autoptr(QblkSnapshot) snapshot = qblk_run_verify_fetch(task->run, &task->error);
    if (snapshot == NULL) {
        return FALSE;
    }

    if (!is_job(step) && snapshot->no_nodes_reason != NULL) {
        *is_there = TRUE;
        *reason = g_strdup(snapshot->no_nodes_reason);
        return TRUE;
    }
    *is_there = is_job(step) ? qblk_snapshot_find_job(snapshot, name) != NULL
                             : qblk_snapshot_find_node(snapshot, name) != NULL;
    *reason = *is_there ? find_reason(task, snapshot, step, name) : NULL;
    return TRUE;
}

/* ---- removing ---- */

static void
report(const QblkRunTask *task, const QblkStep *step, const char *reason)
{
    const QblkRunOptions *options = task->run->options;
    if (options->remains != NULL) {
        options->remains(task->plan, qblk_leftovers_get_removed(task->plan, step), reason,
                         options->user_data);
    }
}

/* A node in use is refused, and one that another client has removed. */
static QblkRunEvent
look_at_refused(QblkRunTask *task, const QblkStep *step)
{
    g_autofree char *text = g_strdup_printf("QEMU refused: %s", task->refusal);
    g_autofree char *reason = NULL;
    gboolean is_there;
    if (!look(task, step, &is_there, &reason)) {
        return qblk_run_task_failure(task, QBLK_RUN_FAILED);
    }
    if (is_there) {
        report(task, step, text);
    }
    return QBLK_RUN_ANSWERED;
}

static QblkRunEvent
send(QblkRunTask *task, const QblkStep *step)
{
    gboolean is_first = task->attempts == 0;
    g_autoptr(GError) cause = NULL;
    QblkSendOutcome outcome = qblk_run_send(task, step, &cause);
    if (outcome == QBLK_SEND_NO_ANSWER && is_first) {
        return QBLK_RUN_NO_ANSWER;
    }

    task->taken++;
    if (outcome == QBLK_SEND_ANSWERED) {
        return task->refusal == NULL ? QBLK_RUN_ANSWERED : look_at_refused(task, step);
    }
    task->error = g_steal_pointer(&cause);
    return qblk_run_task_failure(task, outcome == QBLK_SEND_NO_ANSWER ? QBLK_RUN_NO_EFFECT
                                                                      : QBLK_RUN_FAILED);
}

QblkRunEvent
qblk_run_leftovers_remove(QblkRunTask *task, const QblkStep *step)
{
    g_autofree char *reason = NULL;
    gboolean is_there;
    if (!look(task, step, &is_there, &reason)) {
        return qblk_run_task_failure(task, QBLK_RUN_FAILED);
    }
    if (is_there && reason == NULL) {
        return send(task, step);
    }

    if (reason != NULL) {
        report(task, step, reason);
    }
    task->taken++;
    return QBLK_RUN_ANSWERED;
}
