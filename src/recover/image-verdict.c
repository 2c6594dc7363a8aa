/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/image-verdict.h"

#include "blockjob/merged-mark-plan.h"
#include "image/image-chain.h"
#include "recover/chain-files.h"
#include "recover/merge-proof.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

QblkImageVerdict *
qblk_image_verdict_new(const char *image, const char *boot, QblkVerdictReason reason)
{
    QblkImageVerdict *verdict = g_new0(QblkImageVerdict, 1);

    g_atomic_ref_count_init(&verdict->references);
    verdict->image = g_strdup(image);
    verdict->boot = g_strdup(boot);
    verdict->reason = reason;
    verdict->unused = g_ptr_array_new_with_free_func(g_free);
    verdict->not_known = g_ptr_array_new_with_free_func(g_free);
    verdict->unreadable = g_ptr_array_new_with_free_func(g_free);
    return verdict;
}

QblkImageVerdict *
qblk_image_verdict_ref(QblkImageVerdict *verdict)
{
    g_atomic_ref_count_inc(&verdict->references);
    return verdict;
}

void
qblk_image_verdict_unref(QblkImageVerdict *verdict)
{
    if (verdict == NULL || !g_atomic_ref_count_dec(&verdict->references)) {
        return;
    }
    g_ptr_array_unref(verdict->unused);
    g_ptr_array_unref(verdict->not_known);
    g_ptr_array_unref(verdict->unreadable);
    g_strfreev(verdict->unused_list);
    g_strfreev(verdict->not_known_list);
    g_strfreev(verdict->warnings);
    g_free(verdict->image);
    g_free(verdict->boot);
    g_free(verdict->incomplete);
    g_free(verdict);
}

static char **
list_of(const GPtrArray *texts)
{
    char **list = g_new0(char *, texts->len + 1);
    for (guint i = 0; i < texts->len; i++) {
        list[i] = g_strdup(texts->pdata[i]);
    }
    return list;
}

void
qblk_image_verdict_seal(QblkImageVerdict *verdict)
{
    if (verdict == NULL) {
        return;
    }
    verdict->unused_list = list_of(verdict->unused);
    verdict->not_known_list = list_of(verdict->not_known);
    verdict->warnings = g_new0(char *, verdict->unreadable->len + 1);
    for (guint i = 0; i < verdict->unreadable->len; i++) {
        verdict->warnings[i] = g_strdup_printf("%s: it may be of this image",
                                               (const char *)verdict->unreadable->pdata[i]);
    }
}

void
qblk_image_verdict_drop_deleted(QblkImageVerdict *verdict)
{
    for (guint i = verdict->unused->len; i > 0; i--) {
        const char *path = verdict->unused->pdata[i - 1];
        if (g_path_is_absolute(path) && !g_file_test(path, G_FILE_TEST_EXISTS)) {
            g_ptr_array_remove_index(verdict->unused, i - 1);
        }
    }
}

const char *
qblk_image_verdict_copy_of(const QblkPlan *plan)
{
    const char *copy = qblk_merged_mark_copy_of_plan(plan);

    return copy != NULL && qblk_chain_files_have_layer(plan->before, copy) ? NULL : copy;
}

void
qblk_image_verdict_note_change(QblkImageVerdict *verdict, QblkOldTopChange change, const char *path)
{
    char *doubt = qblk_merge_proof_describe(change, path);
    if (doubt != NULL) {
        g_ptr_array_add(verdict->not_known, doubt);
    }
}

/* Add the images of @layers that are not among @kept. */
static void
add_unused(QblkImageVerdict *verdict, const GPtrArray *layers, const GPtrArray *kept)
{
    g_autoptr(GPtrArray) files = qblk_chain_files_expected(layers);
    g_autoptr(GPtrArray) kept_files = qblk_chain_files_expected(kept);

    for (guint i = 0; i < files->len; i++) {
        if (!qblk_chain_files_have(kept_files, files->pdata[i])) {
            g_ptr_array_add(verdict->unused, g_strdup(files->pdata[i]));
        }
    }
}

/* ---- operations that give the guest another active image: a merge or a copy ---- */

/* TRUE if the result of the operation of @record was complete when it ended.  A job that only waits
 * for the command that ends it has copied everything, and without a guest nothing is written after
 * that.  If there is no job, the command is what changes the chain. */
static gboolean
is_complete(const QblkJournalRecord *record)
{
    gboolean is_image = qblk_journal_vm_get_image(&record->vm) != NULL;
    QblkStage first =
        is_image && qblk_plan_has_job(record->plan) ? QBLK_STAGE_PIVOTING : QBLK_STAGE_CLEANING;
    return record->stage >= first;
}

/* The mark of the old image.  If it is final QEMU has switched to the new one: it becomes final
 * before the journal does, and outlives it. */
static QblkMergedMark *
find_mark(const QblkPlan *plan, const QblkMergedMarks *marks)
{
    const QblkMergedImages images = qblk_merged_mark_of_plan(plan);
    return images.image == NULL ? NULL : qblk_merged_marks_find(marks, images.image);
}

/* TRUE if the copy of @record was not begun into a file that existed before. */
static gboolean
is_untouched(const QblkJournalRecord *record)
{
    const QblkPlan *plan = record->plan;
    if (record->stage > QBLK_STAGE_PLANNED || plan->existing_job) {
        return FALSE;
    }
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        if (g_strcmp0(step->command, "blockdev-create") == 0) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Note the file that the copy of @record was written to; the copy has not ended. */
static void
set_incomplete(QblkImageVerdict *verdict, const QblkJournalRecord *record)
{
    if (!is_untouched(record)) {
        verdict->incomplete = g_strdup(qblk_image_verdict_copy_of(record->plan));
    }
}

static QblkImageVerdict *
verdict_of_moved_top(const QblkJournalRecord *record, const char *path, gboolean is_moved,
                     GError **error)
{
    const QblkPlan *plan = record->plan;
    const GPtrArray *kept = is_moved ? plan->after : plan->before;
    const char *copy = qblk_image_verdict_copy_of(plan);
    if (!qblk_chain_files_check(kept->pdata[0], error)) {
        return NULL;
    }

    QblkImageVerdict *verdict = qblk_image_verdict_new(path, qblk_chain_files_active(kept),
                                                       is_moved ? QBLK_VERDICT_HAS_ALL_DATA
                                                                : QBLK_VERDICT_JOB_NOT_FINISHED);
    verdict->is_moved = is_moved;
    if (!is_moved && copy != NULL) {
        set_incomplete(verdict, record);
    } else {
        add_unused(verdict, is_moved ? plan->before : plan->after, kept);
    }
    return verdict;
}

/* The guest had another active image when its QEMU ended; one may have been started from the old
 * image since. */
static QblkImageVerdict *
verdict_after_switch(const QblkJournalRecord *record, const char *path, const QblkMergedMark *mark,
                     GError **error)
{
    QblkOldTopChange change = qblk_merge_proof_look(record, mark);
    if (change == QBLK_OLD_TOP_WRITTEN) {
        qblk_merge_proof_set_written(record, error);
        return NULL;
    }

    QblkImageVerdict *verdict = verdict_of_moved_top(record, path, TRUE, error);
    if (verdict != NULL) {
        qblk_image_verdict_note_change(verdict, change,
                                       qblk_chain_files_active(record->plan->before));
    }
    return verdict;
}

static QblkImageVerdict *
decide_moved_top(const QblkJournalRecord *record, const char *path, const QblkMergedMarks *marks,
                 GError **error)
{
    const QblkPlan *plan = record->plan;
    const char *before = qblk_chain_files_active(plan->before);
    const char *after = qblk_chain_files_active(plan->after);
    g_autoptr(QblkMergedMark) mark = find_mark(plan, marks);
    gboolean is_marked = mark != NULL && mark->is_done;

    if (is_marked && record->stage < QBLK_STAGE_PIVOTING) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "'%s' is marked as merged into '%s', and its journal '%s' is from before the "
                    "merge: one of them is out of date; keep both images and compare their file "
                    "systems",
                    before, plan->merged_into, record->path);
        return NULL;
    }
    gboolean is_image = qblk_journal_vm_get_image(&record->vm) != NULL;
    gboolean is_known = is_complete(record) || record->stage < QBLK_STAGE_PIVOTING || is_image;
    if (is_image && is_complete(record) && !qblk_merge_proof_check(record, error)) {
        return NULL;
    }
    if (!is_image && (is_complete(record) || is_marked)) {
        return verdict_after_switch(record, path, mark, error);
    }
    if (is_known) {
        return verdict_of_moved_top(record, path, is_complete(record), error);
    }

    /* If both have the same content, the new image has all data, whichever the guest used last. */
    if (!qblk_merge_proof_has_same_content(plan)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "QEMU ended while it switched the guest from '%s' to '%s', and the images "
                    "differ: it is not known which one has the newest data; keep both and compare "
                    "their file systems",
                    before, after);
        return NULL;
    }
    return verdict_of_moved_top(record, path, TRUE, error);
}

/* ---- other operations: the headers show how far they came ---- */

static QblkImageVerdict *
decide_by_headers(const QblkJournalRecord *record, const char *path, GError **error)
{
    const QblkPlan *plan = record->plan;
    const QblkExpectation *before = plan->before->pdata[0];
    const char *active = qblk_chain_files_active(plan->before);
    if (!qblk_chain_files_check(before, error)) {
        return NULL;
    }

    g_autoptr(QblkImageVerdict) verdict =
        qblk_image_verdict_new(path, active, QBLK_VERDICT_CHAIN_BEFORE);
    if (!is_complete(record)) {
        set_incomplete(verdict, record);
    }
    if (record->stage < QBLK_STAGE_PIVOTING) {
        return g_steal_pointer(&verdict);
    }

    g_autoptr(GPtrArray) images = qblk_image_chain(active, before->format, error);
    if (images == NULL) {
        return NULL;
    }

    g_autoptr(GPtrArray) files = qblk_chain_files_of_images(images);
    if (qblk_chain_files_match(files, plan->after)) {
        if (qblk_journal_vm_get_image(&record->vm) != NULL &&
            !qblk_merge_proof_check(record, error)) {
            return NULL;
        }
        verdict->reason = QBLK_VERDICT_CHAIN_AFTER;
        add_unused(verdict, plan->before, plan->after);
    } else if (!qblk_chain_files_match(files, plan->before)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "the chain of '%s' is neither the one before the job nor the planned one: "
                    "look at it with 'qblk chain image:%s'",
                    active, active);
        return NULL;
    }
    return g_steal_pointer(&verdict);
}

QblkImageVerdict *
qblk_image_verdict_of_record(const QblkJournalRecord *record, const char *path,
                             const QblkMergedMarks *marks, GError **error)
{
    return qblk_plan_moves_top(record->plan) ? decide_moved_top(record, path, marks, error)
                                             : decide_by_headers(record, path, error);
}

/* ---- without a journal ---- */

/* TRUE if an image of the plan has the base name of @path, in a directory that is not known. */
static gboolean
may_name_file(const QblkPlan *plan, const char *path)
{
    const GPtrArray *chains[] = {plan->before, plan->after};
    g_autofree char *wanted = g_path_get_basename(path);

    for (gsize i = 0; i < G_N_ELEMENTS(chains); i++) {
        for (guint j = 0; j < chains[i]->len; j++) {
            const QblkExpectation *layer = chains[i]->pdata[j];
            g_autofree char *name = g_path_get_basename(layer->filename);
            gboolean is_relative =
                qblk_merged_mark_path(layer) == NULL && strchr(layer->filename, ':') == NULL;
            if (is_relative && g_str_equal(name, wanted)) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

/* Note in @verdict what @record, which does not name @path, may be of. */
static gboolean
consider_record(const QblkJournalRecord *record, const char *path, QblkImageVerdict *verdict,
                GError **error)
{
    if (g_error_matches(record->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT)) {
        g_propagate_prefixed_error(error, g_error_copy(record->error),
                                   "it is not known if an operation was interrupted: ");
        return FALSE;
    }
    if (record->error != NULL) {
        g_ptr_array_add(verdict->unreadable, g_strdup(record->error->message));
        verdict->reason = QBLK_VERDICT_NO_READABLE_JOURNAL;
        return TRUE;
    }
    if (may_name_file(record->plan, path)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "the journal '%s' may be of this image, which QEMU knew by the relative name "
                    "of '%s': use 'qblk recover VM' with its VM, or remove the journal if it is of "
                    "another image",
                    record->path, path);
        return FALSE;
    }
    return TRUE;
}

QblkImageVerdict *
qblk_image_verdict_without_record(const GPtrArray *records, const char *path, GError **error)
{
    struct stat status;
    gboolean is_block = stat(path, &status) == 0 && S_ISBLK(status.st_mode);
    g_autoptr(QblkImageVerdict) verdict = qblk_image_verdict_new(
        path, NULL, is_block ? QBLK_VERDICT_NO_OPERATION_HERE : QBLK_VERDICT_NO_OPERATION);

    for (guint i = 0; i < records->len; i++) {
        if (!consider_record(records->pdata[i], path, verdict, error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&verdict);
}
