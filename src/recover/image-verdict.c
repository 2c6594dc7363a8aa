/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/image-verdict.h"

#include "base/file-identity.h"
#include "image/image-chain.h"
#include "recover/chain-files.h"

#include <string.h>

QblkImageVerdict *
qblk_image_verdict_new(const char *boot)
{
    QblkImageVerdict *verdict = g_new0(QblkImageVerdict, 1);

    verdict->boot = g_strdup(boot);
    verdict->unused = g_ptr_array_new_with_free_func(g_free);
    verdict->unreadable = g_ptr_array_new_with_free_func(g_free);
    return verdict;
}

void
qblk_image_verdict_free(QblkImageVerdict *verdict)
{
    if (verdict == NULL) {
        return;
    }
    g_ptr_array_unref(verdict->unused);
    g_ptr_array_unref(verdict->unreadable);
    g_free(verdict->boot);
    g_free(verdict);
}

/* Add the images of @layers that are not among @kept. */
static void
add_unused(QblkImageVerdict *verdict, const GPtrArray *layers, const GPtrArray *kept)
{
    g_autoptr(GPtrArray) kept_files = qblk_chain_files_expected(kept);

    for (guint i = 0; i < layers->len; i++) {
        const QblkExpectation *layer = layers->pdata[i];
        if (!qblk_chain_files_have(kept_files, layer->filename)) {
            g_ptr_array_add(verdict->unused, g_strdup(layer->filename));
        }
    }
}

/* ---- operations that give the guest another active image: a merge or a copy ---- */

/* TRUE if the guest would see the same data in both images; FALSE if not, or if it is not known. */
static gboolean
has_same_content(const QblkPlan *plan)
{
    const QblkExpectation *before = plan->before->pdata[0];
    const QblkExpectation *after = plan->after->pdata[0];
    const char *const command[] = {
        "qemu-img",    "compare",        "-U",           "-q", "-f", before->format, "-F",
        after->format, before->filename, after->filename};
    g_auto(GStrv) arguments = g_new0(char *, G_N_ELEMENTS(command) + 1);
    const GSpawnFlags flags =
        G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL;
    int status = -1;

    for (gsize i = 0; i < G_N_ELEMENTS(command); i++) {
        arguments[i] = g_strdup(command[i]);
    }

    gboolean has_run =
        g_spawn_sync(NULL, arguments, NULL, flags, NULL, NULL, NULL, NULL, &status, NULL);
    return has_run && status == 0;
}

/* TRUE if the old image has a final mark: QEMU has switched to the new one.  The mark becomes final
 * before the journal does, and outlives it. */
static gboolean
is_marked_merged(const QblkPlan *plan)
{
    if (plan->merged == NULL) {
        return FALSE;
    }
    g_autoptr(QblkMergedMark) mark = qblk_merged_mark_read(plan->merged);
    return mark != NULL && mark->is_done && !mark->is_of_another;
}

static QblkImageVerdict *
verdict_of_moved_top(const QblkJournalRecord *record, gboolean is_moved)
{
    const QblkPlan *plan = record->plan;
    const GPtrArray *kept = is_moved ? plan->after : plan->before;
    const GPtrArray *left = is_moved ? plan->before : plan->after;
    QblkImageVerdict *verdict = qblk_image_verdict_new(qblk_chain_files_active(kept));

    verdict->is_moved = is_moved;
    verdict->reason = is_moved ? QBLK_VERDICT_HAS_ALL_DATA : QBLK_VERDICT_JOB_NOT_FINISHED;
    add_unused(verdict, left, kept);
    return verdict;
}

static QblkImageVerdict *
decide_moved_top(const QblkJournalRecord *record, GError **error)
{
    const QblkPlan *plan = record->plan;
    const char *before = qblk_chain_files_active(plan->before);
    const char *after = qblk_chain_files_active(plan->after);
    gboolean is_marked = is_marked_merged(plan);

    if (is_marked && record->stage < QBLK_STAGE_PIVOTING) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "'%s' is marked as merged into '%s', and its journal '%s' is from before the "
                    "merge: one of them is out of date; keep both images and compare their file "
                    "systems",
                    before, plan->merged_into, record->path);
        return NULL;
    }
    if (record->stage != QBLK_STAGE_PIVOTING) {
        return verdict_of_moved_top(record, record->stage == QBLK_STAGE_CLEANING);
    }

    /* If both have the same content, the new image has all data, whichever the guest used last. */
    if (!is_marked && !has_same_content(plan)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "QEMU ended while it switched the guest from '%s' to '%s', and the images "
                    "differ: it is not known which one has the newest data; keep both and compare "
                    "their file systems",
                    before, after);
        return NULL;
    }
    return verdict_of_moved_top(record, TRUE);
}

/* ---- other operations: the headers show how far they came ---- */

static QblkImageVerdict *
decide_by_headers(const QblkJournalRecord *record, GError **error)
{
    const QblkPlan *plan = record->plan;
    const QblkExpectation *before = plan->before->pdata[0];
    g_autoptr(QblkImageVerdict) verdict = qblk_image_verdict_new(before->filename);

    verdict->reason = QBLK_VERDICT_CHAIN_BEFORE;
    if (record->stage < QBLK_STAGE_PIVOTING) {
        return g_steal_pointer(&verdict);
    }

    g_autoptr(GPtrArray) images = qblk_image_chain(before->filename, before->format, error);
    if (images == NULL) {
        return NULL;
    }

    g_autoptr(GPtrArray) files = qblk_chain_files_of_images(images);
    if (qblk_chain_files_match(files, plan->after)) {
        verdict->reason = QBLK_VERDICT_CHAIN_AFTER;
        add_unused(verdict, plan->before, plan->after);
    } else if (!qblk_chain_files_match(files, plan->before)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "the chain of '%s' is neither the one before the job nor the planned one: "
                    "look at it with 'qblk chain image:%s'",
                    before->filename, before->filename);
        return NULL;
    }
    return g_steal_pointer(&verdict);
}

QblkImageVerdict *
qblk_image_verdict_of_record(const QblkJournalRecord *record, GError **error)
{
    return qblk_plan_moves_top(record->plan) ? decide_moved_top(record, error)
                                             : decide_by_headers(record, error);
}

/* ---- without a journal ---- */

static gboolean
check_mark_is_final(const QblkMergedMark *mark, GError **error)
{
    if (mark->is_of_another) {
        g_autofree char *text = qblk_merged_mark_describe_other(mark);
        g_set_error_literal(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, text);
        return FALSE;
    }
    if (mark->into == NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "'%s' may have been merged into another image, which its mark does not name: "
                    "compare the file systems of both",
                    mark->image);
        return FALSE;
    }
    if (!mark->is_done) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "'%s' may have been merged into '%s', and no journal of the job exists: keep "
                    "both images and compare their file systems",
                    mark->image, mark->into);
        return FALSE;
    }
    return TRUE;
}

/* Add the image of @mark and look at the one that it was merged into. */
static gboolean
follow_mark(QblkImageVerdict *verdict, const QblkMergedMark *mark, GError **error)
{
    if (!check_mark_is_final(mark, error)) {
        return FALSE;
    }

    g_ptr_array_add(verdict->unused, g_strdup(mark->image));
    if (qblk_chain_files_have(verdict->unused, mark->into)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "the marks of '%s' and '%s' form a cycle", mark->image, mark->into);
        return FALSE;
    }

    g_free(verdict->boot);
    verdict->boot = g_strdup(mark->into);
    return TRUE;
}

QblkImageVerdict *
qblk_image_verdict_of_mark(const QblkMergedMark *mark, GError **error)
{
    g_autoptr(QblkImageVerdict) verdict = qblk_image_verdict_new(mark->image);
    g_autoptr(QblkMergedMark) next = NULL;

    verdict->reason = QBLK_VERDICT_HAS_ALL_DATA;
    while (mark != NULL) {
        if (!follow_mark(verdict, mark, error)) {
            return NULL;
        }

        g_clear_pointer(&next, qblk_merged_mark_free);
        next = qblk_merged_mark_read(verdict->boot);
        mark = next;
    }
    return g_steal_pointer(&verdict);
}

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
                !g_path_is_absolute(layer->filename) && strchr(layer->filename, ':') == NULL;
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
    g_autoptr(QblkImageVerdict) verdict = qblk_image_verdict_new(path);

    verdict->reason = QBLK_VERDICT_NO_OPERATION;
    for (guint i = 0; i < records->len; i++) {
        if (!consider_record(records->pdata[i], path, verdict, error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&verdict);
}
