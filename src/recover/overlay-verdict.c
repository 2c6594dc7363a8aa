/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/overlay-verdict.h"

#include "blockjob/delete-created.h"
#include "blockjob/merged-mark-plan.h"
#include "image/image-chain.h"
#include "recover/chain-files.h"
#include "recover/merge-proof.h"

#include <sys/stat.h>

gboolean
qblk_overlay_verdict_is_for(const QblkPlan *plan)
{
    return !qblk_plan_has_job(plan) && qblk_plan_moves_top(plan);
}

/* ---- what is in the overlay ---- */

/* TRUE if @plan creates an encrypted image: QEMU encrypts it after it has written the rest. */
static gboolean
is_encrypted(const QblkPlan *plan)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        const QblkJson *options = qblk_json_get(step->arguments, "options");
        gboolean is_create = g_strcmp0(step->command, "blockdev-create") == 0;
        if (is_create && qblk_json_get(options, "encrypt") != NULL) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The header of an image that was created for @plan; it names the image below last. */
static gboolean
is_created(const QblkPlan *plan, const QblkCreatedFile *file)
{
    g_autoptr(QblkImageFile) image =
        file->path == NULL ? NULL : qblk_image_file_read(file->path, NULL);
    g_autoptr(QblkImageHeader) header =
        image == NULL ? NULL
                      : qblk_image_header_read(file->format, image->bytes, image->length, NULL);
    return header != NULL && g_strcmp0(header->backing_name, file->backing_name) == 0 &&
           (header->encryption != NULL || !is_encrypted(plan));
}

/* TRUE if the overlay leads to all layers below it. */
static gboolean
is_complete(const QblkPlan *plan)
{
    if (plan->created->len > 0) {
        return is_created(plan, plan->created->pdata[0]);
    }

    const QblkExpectation *top = plan->after->pdata[0];
    const char *path = qblk_chain_files_active(plan->after);
    g_autoptr(GPtrArray) images = qblk_image_chain(path, top->format, NULL);
    if (images == NULL) {
        return FALSE;
    }
    g_autoptr(GPtrArray) files = qblk_chain_files_of_images(images);
    return qblk_chain_files_match(files, plan->after);
}

/* ---- what is in the image below ---- */

static gboolean
get_written(const QblkExpectation *layer, gint64 *seconds, gint64 *nanoseconds)
{
    const char *path = qblk_merged_mark_path(layer);
    struct stat status;
    if (path == NULL || stat(path, &status) != 0 || !S_ISREG(status.st_mode)) {
        return FALSE; /* writing to a block device does not change the time of its name */
    }
    *seconds = (gint64)status.st_mtim.tv_sec;
    *nanoseconds = (gint64)status.st_mtim.tv_nsec;
    return TRUE;
}

/* TRUE if the image below was written after the overlay.  While the overlay is in the chain nothing
 * is written below it, so a guest has used the image below without the overlay: before it was put
 * there, or after a crash. */
static gboolean
is_below_newer(const QblkPlan *plan)
{
    gint64 below = 0, overlay = 0, below_rest = 0, overlay_rest = 0;
    if (!get_written(plan->before->pdata[0], &below, &below_rest) ||
        !get_written(plan->after->pdata[0], &overlay, &overlay_rest)) {
        return FALSE;
    }
    return below != overlay ? below > overlay : below_rest > overlay_rest;
}

/* ---- the decision ---- */

static QblkImageVerdict *
verdict_of_below(const QblkPlan *plan, const char *path, GError **error)
{
    const char *overlay = qblk_chain_files_active(plan->after);
    if (!qblk_chain_files_check(plan->before->pdata[0], error)) {
        return NULL;
    }

    QblkImageVerdict *verdict = qblk_image_verdict_new(path, qblk_chain_files_active(plan->before),
                                                       QBLK_VERDICT_CHAIN_BEFORE);
    if (g_file_test(overlay, G_FILE_TEST_EXISTS)) {
        g_ptr_array_add(verdict->unused, g_strdup(overlay));
    }
    return verdict;
}

/* The overlay leads to all layers.  If it has no data, those below have all. */
static QblkImageVerdict *
verdict_of_complete(const QblkJournalRecord *record, const char *path, GError **error)
{
    const QblkPlan *plan = record->plan;
    const char *below = qblk_chain_files_active(plan->before);
    const char *overlay = qblk_chain_files_active(plan->after);
    gboolean is_newer = is_below_newer(plan);
    if (is_newer && qblk_delete_created_have_no_data(plan)) {
        return verdict_of_below(plan, path, error);
    }
    if (!is_newer || qblk_merge_proof_has_same_content(plan)) {
        return qblk_image_verdict_new(path, overlay, QBLK_VERDICT_HAS_ALL_DATA);
    }

    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                "'%s' was written after '%s', which was put over it: both may have data that the "
                "other lacks; keep both images, compare their file systems, and then remove the "
                "journal '%s'",
                below, overlay, record->path);
    return NULL;
}

/* Check that the overlay which the guest may have used exists. */
static gboolean
check_overlay(const QblkJournalRecord *record, GError **error)
{
    const QblkPlan *plan = record->plan;
    if (qblk_chain_files_check(plan->after->pdata[0], error)) {
        return TRUE;
    }

    g_autofree char *advice = g_strdup_printf(
        "; if it is lost, boot from '%s', which lacks what was written since, and remove the "
        "journal '%s'",
        qblk_chain_files_active(plan->before), record->path);
    if (error != NULL) {
        g_autofree char *message = g_strconcat((*error)->message, advice, NULL);
        g_free((*error)->message);
        (*error)->message = g_steal_pointer(&message);
    }
    return FALSE;
}

QblkImageVerdict *
qblk_overlay_verdict(const QblkJournalRecord *record, const char *path, GError **error)
{
    const QblkPlan *plan = record->plan;
    const char *below = qblk_chain_files_active(plan->before);
    const char *overlay = qblk_chain_files_active(plan->after);
    gboolean may_be_used = record->stage >= QBLK_STAGE_PIVOTING;
    if (may_be_used && !check_overlay(record, error)) {
        return NULL;
    }
    if (is_complete(plan)) {
        return verdict_of_complete(record, path, error);
    }

    if (may_be_used && !qblk_delete_created_have_no_data(plan)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "QEMU ended while it put '%s' over '%s', and the header of '%s' is not the "
                    "planned one: the guest may have written to it; keep both images and look at "
                    "them with 'qblk chain image:%s'",
                    overlay, below, overlay, overlay);
        return NULL;
    }
    return verdict_of_below(plan, path, error);
}

void
qblk_overlay_verdict_settle(const QblkJournalRecord *record, QblkImageVerdict *verdict)
{
    const QblkPlan *plan = record->plan;
    gboolean is_below = g_strcmp0(verdict->boot, qblk_chain_files_active(plan->before)) == 0;
    if (!is_below || plan->created->len == 0) {
        return;
    }

    g_autofree char *kept = qblk_delete_created_delete(plan, 0, TRUE);
    if (kept == NULL) {
        g_ptr_array_set_size(verdict->unused, 0);
    }
}
