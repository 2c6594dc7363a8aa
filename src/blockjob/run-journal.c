/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-journal.h"

#include "blockjob/merged-mark.h"
#include "blockjob/run-verify.h"

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
    gboolean is_marked = task->run->options->is_local && plan->merged != NULL;
    return !is_marked || stage < QBLK_STAGE_PIVOTING ||
           qblk_merged_mark_write(plan->merged, plan->merged_into, stage == QBLK_STAGE_CLEANING,
                                  error);
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

/* Once there is no way back the steps go on, written down or not: what a journal
 * does not say of them is found out when it is taken up. */
gboolean
qblk_run_journal_step(QblkRunTask *task, const QblkStep *step, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (note_stage(task, stage_of(task, step), &cause) || task->is_past_return) {
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}

void
qblk_run_journal_not_changed(QblkRunTask *task)
{
    QblkJournal *journal = task->journal == NULL ? NULL : *task->journal;
    if (journal != NULL && task->stage >= QBLK_STAGE_PIVOTING &&
        qblk_journal_note(journal, QBLK_STAGE_STARTED, NULL)) {
        task->stage = QBLK_STAGE_STARTED;
    }
}

/* Where nobody knows whether the guest has gone over the mark stays as it is. */
gboolean
qblk_run_journal_undone(QblkRunTask *task, GError **error)
{
    const QblkPlan *plan = task->plan;
    gboolean is_before, is_after;
    g_autoptr(QblkMergedMark) mark = !task->run->options->is_local || plan->merged == NULL
                                         ? NULL
                                         : qblk_merged_mark_read(plan->merged);
    if (mark == NULL) {
        return TRUE;
    }
    if (!qblk_run_verify_compare(task, &is_before, &is_after, error)) {
        return FALSE;
    }
    if (is_after) {
        return qblk_merged_mark_write(plan->merged, plan->merged_into, TRUE, error);
    }
    qblk_merged_mark_remove(plan->merged);
    return TRUE;
}

static gboolean
was_deleted(const QblkPlan *plan, const char *filename)
{
    for (guint i = 0; i < plan->removed->len; i++) {
        const QblkRemovedImage *removal = plan->removed->pdata[i];
        if (removal->will_delete && g_str_equal(removal->filename, filename)) {
            return !g_file_test(filename, G_FILE_TEST_EXISTS);
        }
    }
    return FALSE;
}

gboolean
qblk_run_journal_settle(const QblkRunTask *task, GError **error)
{
    const QblkPlan *plan = task->plan;
    g_autoptr(GError) cause = NULL;
    if (!task->run->options->is_local || plan->merged == NULL || !task->is_over) {
        return TRUE;
    }
    g_autoptr(QblkMergedMark) mark = qblk_merged_mark_read(plan->merged);
    if (was_deleted(plan, plan->merged)) {
        qblk_merged_mark_remove(plan->merged);
        return TRUE;
    }
    if ((mark != NULL && mark->is_done && !mark->is_of_another) ||
        qblk_merged_mark_write(plan->merged, plan->merged_into, TRUE, &cause)) {
        return TRUE;
    }
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                "the chain of '%s' was changed as planned, but %s; do not use '%s' any more, its "
                "data are in '%s'",
                plan->target, cause->message, plan->merged, plan->merged_into);
    return FALSE;
}

void
qblk_run_journal_end(const QblkRun *run)
{
    for (guint i = 0; i < run->tasks->len; i++) {
        QblkJournal **journal = ((const QblkRunTask *)run->tasks->pdata[i])->journal;
        if (journal != NULL && *journal != NULL) {
            qblk_journal_end(g_steal_pointer(journal));
        }
    }
}
