/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-journal.h"

#include "blockjob/merged-mark-place.h"
#include "blockjob/merged-mark-plan.h"
#include "blockjob/run-files.h"
#include "blockjob/run-verify.h"
#include "image/opened-files.h"

#include <sys/stat.h>

/* ---- the old active image ---- */

/* Returns: (nullable): the path of the image that leaves the chain, which leads to the file that
 * QEMU had open. */
static const char *
find_old_top(const QblkRunTask *task, QblkFileIdentity *file)
{
    const QblkPlan *plan = task->plan;
    const char *path = NULL;
    struct stat status;
    if (task->run->options->is_local && qblk_plan_has_job(plan) && qblk_plan_moves_top(plan)) {
        path = qblk_merged_mark_path(plan->before->pdata[0]);
    }
    if (path == NULL || stat(path, &status) != 0) {
        return NULL;
    }

    const QblkFileIdentity known = qblk_plan_get_top_file(plan);
    *file = qblk_file_identity(&status);
    gboolean is_other =
        qblk_file_identity_is_known(&known) && !qblk_file_identity_is_same(&known, file);
    return is_other ? NULL : path;
}

typedef enum {
    OPEN,
    CLOSED,
    NOT_KNOWN, /* or the process behind the monitor is a relay, which never has it open */
} OpenState;

static OpenState
find_open_state(const QblkRunTask *task, const QblkFileIdentity *file)
{
    g_autoptr(QblkOpenedFiles) opened =
        qblk_opened_files_new(qblk_monitor_get_pid(&task->run->monitor));
    if (qblk_opened_files_find(opened, file) != NULL) {
        return OPEN;
    }
    return task->run->is_qemu && opened->unknown == NULL ? CLOSED : NOT_KNOWN;
}

/* FALSE if it is not known in which state the guest has left the old active image. */
static gboolean
read_old_top(const QblkRunTask *task, QblkOldTop *old)
{
    QblkFileIdentity file;
    const char *path = task->was_left ? NULL : find_old_top(task, &file);
    return path != NULL && qblk_old_top_read(old, path, find_open_state(task, &file) == CLOSED);
}

/* ---- the mark ---- */

static gboolean
has_mark(const QblkRunTask *task)
{
    return task->run->options->is_local && task->plan->merged != NULL;
}

static gboolean
write_mark(const QblkRunTask *task, gboolean is_done, const QblkOldTop *old, GError **error)
{
    QblkMergedImages images = qblk_merged_mark_of_plan(task->plan);
    images.file = qblk_plan_get_top_file(task->plan);
    images.old = old;
    return qblk_merged_mark_write(&images, task->run->options->state_dir, is_done, error);
}

static QblkMergedMark *
read_mark(const QblkRunTask *task)
{
    const QblkMergedImages images = qblk_merged_mark_of_plan(task->plan);
    return has_mark(task) ? qblk_merged_mark_read(images.image, task->run->options->state_dir)
                          : NULL;
}

static void
remove_mark(const QblkRunTask *task)
{
    const QblkMergedImages images = qblk_merged_mark_of_plan(task->plan);
    qblk_merged_mark_remove(images.image, task->run->options->state_dir);
}

/* An image that the job has overwritten, and that is the active one now, is not stale. */
static void
remove_mark_of_new_top(const QblkRunTask *task)
{
    const QblkPlan *plan = task->plan;
    gboolean is_overwritten = plan->merged == NULL && qblk_plan_moves_top(plan);
    if (task->run->options->is_local && is_overwritten) {
        const QblkExpectation *top = plan->after->pdata[0];
        qblk_merged_mark_remove(qblk_merged_mark_path(top), task->run->options->state_dir);
    }
}

/* Before the chain is changed the image may become stale, afterwards it is. */
static gboolean
mark_stage(const QblkRunTask *task, QblkStage stage, const QblkOldTop *old, GError **error)
{
    if (stage < QBLK_STAGE_PIVOTING) {
        return TRUE;
    }

    remove_mark_of_new_top(task);
    return !has_mark(task) || write_mark(task, stage == QBLK_STAGE_CLEANING, old, error);
}

/* Before the chain is changed the names have to lead to the files for which the plan was made. */
static gboolean
check_files(const QblkRunTask *task, GError **error)
{
    gint64 pid = qblk_monitor_get_pid(&task->run->monitor);
    return qblk_run_files_check(task->plan, pid, error);
}

/* A filter may have been added while the job ran. */
static gboolean
check_before_change(QblkRunTask *task, GError **error)
{
    task->has_lost_name = !check_files(task, error);
    return !task->has_lost_name && qblk_run_verify_check_crash(task, error);
}

gboolean
qblk_run_journal_record(QblkRunTask *task, GError **error)
{
    QblkStage stage = qblk_run_state_stage(task->state);
    gboolean is_recorded = stage == task->recorded;
    if (is_recorded && !(task->is_resumed && stage == QBLK_STAGE_PIVOTING)) {
        return TRUE;
    }

    if (stage == QBLK_STAGE_PIVOTING && !check_before_change(task, error)) {
        return FALSE;
    }
    if (is_recorded) {
        return TRUE;
    }

    /* The guest has left the old image, but QEMU may still write to it, until it closes it. */
    g_auto(QblkOldTop) old = {0};
    gboolean is_first = stage < QBLK_STAGE_CLEANING;
    gboolean is_known = !is_first && read_old_top(task, &old);

    /* A mark that cannot be made final still shows enough. */
    gboolean is_marked = mark_stage(task, stage, &old, is_first ? error : NULL);
    if (!is_marked && is_first) {
        return FALSE;
    }

    if (task->journal != NULL && !qblk_journal_note(*task->journal, stage, &old, error)) {
        return FALSE;
    }

    task->recorded = stage;
    task->is_old_closed = is_known && old.is_closed;
    return TRUE;
}

void
qblk_run_journal_resume(QblkRunTask *task)
{
    QblkFileIdentity file;
    const char *path = find_old_top(task, &file);
    task->was_left = path == NULL || find_open_state(task, &file) != OPEN;
}

/* What cannot be written is not known later. */
void
qblk_run_journal_closed(QblkRunTask *task)
{
    g_auto(QblkOldTop) old = {0};
    gboolean is_open = !task->is_old_closed && task->recorded == QBLK_STAGE_CLEANING;
    if (!is_open || !read_old_top(task, &old) || !old.is_closed) {
        return;
    }

    /* The mark outlives the journal: one of them is enough. */
    gboolean is_marked = has_mark(task) && write_mark(task, TRUE, &old, NULL);
    if (!is_marked && task->journal != NULL) {
        (void)!qblk_journal_note(*task->journal, QBLK_STAGE_CLEANING, &old, NULL);
    }
    task->is_old_closed = TRUE;
}

void
qblk_run_journal_not_changed(QblkRunTask *task)
{
    QblkJournal *journal = task->journal == NULL ? NULL : *task->journal;
    if (journal == NULL || task->recorded < QBLK_STAGE_PIVOTING) {
        return;
    }
    if (qblk_journal_note(journal, QBLK_STAGE_STARTED, NULL, NULL)) {
        task->recorded = QBLK_STAGE_STARTED;
    }
}

/* If it is not known which image is the active one the mark stays as it is. */
gboolean
qblk_run_journal_undone(const QblkRunTask *task, GError **error)
{
    g_autoptr(QblkMergedMark) mark = read_mark(task);
    if (mark == NULL) {
        return TRUE;
    }

    gboolean is_before, is_after;
    if (!qblk_run_verify_compare(task, &is_before, &is_after, error)) {
        return FALSE;
    }

    if (is_after) {
        return write_mark(task, TRUE, NULL, error);
    }

    remove_mark(task);
    return TRUE;
}

/* TRUE if the image that @plan marks was deleted.  Its name may be relative to the directory of
 * QEMU, or that of a descriptor. */
static gboolean
was_deleted(const QblkPlan *plan)
{
    for (guint i = 0; i < plan->removed->len; i++) {
        const QblkRemovedImage *removal = plan->removed->pdata[i];
        gboolean is_marked =
            removal->path != NULL && g_strcmp0(removal->path, plan->merged_path) == 0;
        if (removal->will_delete && is_marked) {
            return !g_file_test(removal->path, G_FILE_TEST_EXISTS);
        }
    }
    return FALSE;
}

gboolean
qblk_run_journal_settle(const QblkRunTask *task, GError **error)
{
    const QblkPlan *plan = task->plan;
    gboolean has_succeeded = qblk_run_state_has_succeeded(task->state);
    if (task->run->options->is_local && has_succeeded) {
        qblk_merged_mark_clear_result(plan, task->run->options->state_dir);
    }
    gboolean is_incomplete = has_succeeded && qblk_plan_is_cancel(plan) && plan->partial != NULL;
    if (task->run->options->is_local && is_incomplete &&
        !qblk_merged_mark_write_partial(plan, task->run->options->state_dir, NULL)) {
        return TRUE; /* the report names the file */
    }
    if (!has_mark(task) || !has_succeeded) {
        return TRUE;
    }

    if (was_deleted(plan)) {
        remove_mark(task);
        return TRUE;
    }

    g_autoptr(QblkMergedMark) mark = read_mark(task);
    g_autoptr(GError) cause = NULL;
    if (mark != NULL && qblk_merged_mark_is_final(mark)) {
        qblk_merged_mark_place_tidy(mark->place);
        return TRUE;
    }

    g_auto(QblkOldTop) old = {0};
    (void)!read_old_top(task, &old);
    if (write_mark(task, TRUE, &old, &cause)) {
        return TRUE;
    }

    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                "the chain of '%s' was changed as planned, but %s; do not use '%s', "
                "its data is in '%s'",
                plan->target, cause->message, plan->merged, plan->merged_into);
    return FALSE;
}

/* TRUE if the job was started, or may have been. */
static gboolean
has_started(const QblkRunTask *task)
{
    for (guint i = 0; i < task->taken; i++) {
        const QblkStep *step = task->plan->steps->pdata[i];
        if (step->is_start) {
            return task->recorded >= QBLK_STAGE_STARTED;
        }
    }
    return FALSE;
}

void
qblk_run_journal_mark_partial(const QblkRun *run)
{
    for (guint i = 0; i < run->tasks->len && run->options->is_local; i++) {
        const QblkRunTask *task = run->tasks->pdata[i];
        gboolean is_left = task->is_unchanged && !qblk_run_state_has_succeeded(task->state) &&
                           task->plan->partial != NULL && has_started(task);
        if (is_left && !qblk_merged_mark_write_partial(task->plan, run->options->state_dir, NULL)) {
            continue; /* the error of the run names the file */
        }
    }
}

void
qblk_run_journal_end(const QblkRun *run)
{
    for (guint i = 0; i < run->tasks->len; i++) {
        const QblkRunTask *task = run->tasks->pdata[i];
        gboolean has_rest = task->state == QBLK_RUN_DETACHED && !qblk_plan_has_job(task->plan);
        if (task->journal != NULL && *task->journal != NULL && !has_rest) {
            qblk_journal_end(g_steal_pointer(task->journal));
        }
    }
}
