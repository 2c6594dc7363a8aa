/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/recover-image.h"

#include "base/const-cast.h"
#include "blockjob/merged-mark-plan.h"
#include "image/lock-holder.h"
#include "recover/chain-files.h"
#include "recover/merge-proof.h"
#include "recover/overlay-verdict.h"
#include "recover/recover-offline.h"
#include "recover/recover-options.h"

#include <errno.h>
#include <sys/stat.h>

/* What is known of the image @path. */
typedef struct {
    char *path;                      /* owned, absolute */
    GPtrArray *records;              /* of QblkJournalRecord, owned */
    const QblkJournalRecord *record; /* the one that names the image, borrowed, or NULL */
    const char *directory;           /* of journals and marks, borrowed */
    QblkMergedMarks *marks;          /* in @directory, owned */
    QblkMergedMark *mark;            /* of the image, owned, or NULL */
} Evidence;

static void
evidence_clear(Evidence *evidence)
{
    g_clear_pointer(&evidence->records, g_ptr_array_unref);
    g_clear_pointer(&evidence->marks, qblk_merged_marks_free);
    g_clear_pointer(&evidence->mark, qblk_merged_mark_free);
    g_clear_pointer(&evidence->path, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Evidence, evidence_clear)

/* ---- the journal of an image ---- */

static const QblkExpectation *
active_layer(const GPtrArray *layers)
{
    return layers->len == 0 ? NULL : layers->pdata[0];
}

/* A copy that the guest does not switch to counts as well. */
static gboolean
is_active_image(const QblkPlan *plan, const char *path)
{
    const char *copy = qblk_image_verdict_copy_of(plan);
    const QblkExpectation copied = {.filename = qblk_const_cast(copy)};

    return qblk_chain_files_is(active_layer(plan->before), path) ||
           qblk_chain_files_is(active_layer(plan->after), path) ||
           (copy != NULL && qblk_chain_files_is(&copied, path));
}

static gboolean
is_any_image(const QblkPlan *plan, const char *path)
{
    return qblk_chain_files_have_layer(plan->before, path) ||
           qblk_chain_files_have_layer(plan->after, path);
}

/* Find the journal that names @path, as an active image if one does.  If it is the active image of
 * two journals, of QEMUs that were not the same one, it is not known which of them was the last. */
static gboolean
find_record(const GPtrArray *records, const char *path, const QblkJournalRecord **found,
            GError **error)
{
    const QblkJournalRecord *active = NULL;
    const QblkJournalRecord *below = NULL; /* several VMs may have it below their active images */

    for (guint i = 0; i < records->len; i++) {
        const QblkJournalRecord *record = records->pdata[i];

        /* No plan: the journal cannot be read.  No chain: QEMU could not be asked for it. */
        if (record->error != NULL || record->plan->before->len == 0) {
            continue;
        }

        gboolean is_active = is_active_image(record->plan, path);
        if (is_active && active != NULL) {
            g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                        "'%s' is named by two journals, '%s' and '%s': use 'qblk recover VM' with "
                        "the VM of each, or remove the older one",
                        path, active->path, record->path);
            return FALSE;
        }
        if (is_active) {
            active = record;
        } else if (below == NULL && is_any_image(record->plan, path)) {
            below = record;
        }
    }

    *found = active != NULL ? active : below;
    return TRUE;
}

/* An image that is gone may still be named by a journal. */
static gboolean
check_is_image(const Evidence *evidence, GError **error)
{
    struct stat status;
    if (stat(evidence->path, &status) != 0) {
        if (evidence->record != NULL) {
            return TRUE;
        }
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "cannot open the image '%s': %s", evidence->path, g_strerror(errno));
        return FALSE;
    }
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "'%s' is not an image: neither a regular file nor a block device",
                    evidence->path);
        return FALSE;
    }
    return TRUE;
}

static gboolean
collect_evidence(Evidence *evidence, const char *directory, const char *path, GError **error)
{
    evidence->records = qblk_journal_list(directory, error);
    if (evidence->records == NULL) {
        return FALSE;
    }

    evidence->path = g_canonicalize_filename(path, NULL);
    evidence->directory = directory;
    evidence->marks = qblk_merged_marks_load(directory);
    evidence->mark = qblk_merged_marks_find(evidence->marks, evidence->path);
    return find_record(evidence->records, evidence->path, &evidence->record, error) &&
           check_is_image(evidence, error);
}

/* ---- the decision ---- */

static gboolean
check_not_in_use(const char *path, GError **error)
{
    g_autofree char *holders = qblk_lock_holder_all(path);

    if (holders != NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "'%s' is in use by %s: use 'qblk recover VM' with its VM", path, holders);
    }
    return holders == NULL;
}

/* A guest has its active image locked.  Other VMs may have opened the images below. */
static gboolean
check_guest_is_stopped(const QblkJournalRecord *record, GError **error)
{
    const char *after = qblk_chain_files_active(record->plan->after);

    if (record->is_busy) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "another qblk process is working on it (journal: '%s')", record->path);
        return FALSE;
    }
    if (qblk_recover_offline_is(record)) {
        return TRUE; /* see qblk_recover_offline_check_free() */
    }
    if (!check_not_in_use(qblk_chain_files_active(record->plan->before), error)) {
        return FALSE;
    }
    return after == NULL || check_not_in_use(after, error);
}

static QblkImageVerdict *
judge(const Evidence *evidence, gboolean settles, GError **error)
{
    const QblkJournalRecord *record = evidence->record;

    gboolean is_offline = record != NULL && qblk_recover_offline_is(record);
    if (is_offline && !record->is_busy &&
        !qblk_recover_offline_check_free(record, NULL, settles, error)) {
        return NULL;
    }
    if (!is_offline && !check_not_in_use(evidence->path, error)) {
        return NULL;
    }
    if (record != NULL && !check_guest_is_stopped(record, error)) {
        return NULL;
    }
    if (record != NULL && !is_offline && qblk_overlay_verdict_is_for(record->plan)) {
        return qblk_overlay_verdict(record, evidence->path, error);
    }
    if (record != NULL) {
        return qblk_image_verdict_of_record(record, evidence->path, evidence->marks, error);
    }
    if (evidence->mark != NULL) {
        return qblk_image_verdict_of_mark(evidence->mark, evidence->path, evidence->marks, error);
    }
    return qblk_image_verdict_without_record(evidence->records, evidence->path, error);
}

/* The verdict moves from the journal into the mark.  An image that was overwritten with a copy may
 * have had a mark before. */
static gboolean
update_mark(const QblkJournalRecord *record, const QblkImageVerdict *verdict, const char *directory,
            GError **error)
{
    const QblkPlan *plan = record->plan;
    if (verdict->is_moved) {
        const char *old = qblk_merged_mark_path(plan->before->pdata[0]);
        g_autoptr(QblkMergedMark) mark = qblk_merged_mark_read(old, directory);
        g_auto(QblkOldTop) now = {0};
        gboolean is_proven =
            verdict->not_known->len == 0 && old != NULL && qblk_old_top_read(&now, old, TRUE);
        const QblkMergedImages images = {
            .image = old,
            .into = verdict->boot,
            .old = is_proven ? &now : qblk_merge_proof_find(record, mark),
        };
        qblk_merged_mark_remove(qblk_merged_mark_path(plan->after->pdata[0]), directory);
        return qblk_merged_mark_write(&images, directory, TRUE, error);
    }

    const QblkMergedImages images = qblk_merged_mark_of_plan(plan);
    qblk_merged_mark_remove(images.image, directory);
    if (verdict->incomplete != NULL) {
        return qblk_merged_mark_write_partial(plan, directory, error);
    }
    if (record->stage == QBLK_STAGE_CLEANING) {
        qblk_merged_mark_clear_result(plan, directory);
    }
    return TRUE;
}

static gboolean
settle(const Evidence *evidence, QblkImageVerdict *verdict, GError **error)
{
    const QblkJournalRecord *record = evidence->record;
    g_autoptr(QblkJournal) journal = qblk_journal_resume(record, error);
    g_autoptr(GError) problem = NULL;

    if (journal == NULL) {
        return FALSE;
    }
    gboolean is_settled = TRUE;
    if (qblk_recover_offline_is(record)) {
        is_settled =
            qblk_recover_offline_settle(record, verdict, evidence->directory, &problem, error);
    } else if (qblk_overlay_verdict_is_for(record->plan)) {
        qblk_overlay_verdict_settle(record, verdict);
    } else {
        is_settled = update_mark(record, verdict, evidence->directory, error);
    }
    if (!is_settled) {
        return FALSE;
    }

    qblk_journal_end(g_steal_pointer(&journal));
    if (problem != NULL) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    return TRUE;
}

QblkImageVerdict *
qblk_recover_image(const char *path, QblkRecoverOptions *options, GError **error)
{
    g_autofree char *directory = qblk_recover_options_directory(options);
    gboolean settles = options == NULL || !options->dry_run;
    g_auto(Evidence) evidence = {0};
    if (!collect_evidence(&evidence, directory, path, error)) {
        return NULL;
    }

    g_autoptr(QblkImageVerdict) verdict = judge(&evidence, settles, error);
    if (verdict == NULL) {
        return NULL;
    }
    if (settles && evidence.record != NULL && !settle(&evidence, verdict, error)) {
        return NULL;
    }
    qblk_image_verdict_seal(verdict);
    return g_steal_pointer(&verdict);
}

gboolean
qblk_recover_image_check(const char *directory, const char *path, QblkImageVerdict **verdict,
                         GError **error)
{
    g_auto(Evidence) evidence = {0};
    if (!collect_evidence(&evidence, directory, path, error)) {
        return FALSE;
    }
    if (evidence.record == NULL && evidence.mark == NULL) {
        *verdict = NULL;
        return TRUE;
    }

    QblkImageVerdict *decided = judge(&evidence, FALSE, error);
    if (decided == NULL) {
        return FALSE;
    }
    qblk_image_verdict_seal(decided);
    *verdict = decided;
    return TRUE;
}
