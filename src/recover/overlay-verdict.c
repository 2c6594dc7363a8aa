/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/overlay-verdict.h"

#include "blockjob/delete-created.h"
#include "image/image-chain.h"
#include "recover/chain-files.h"

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

/* ---- the decision ---- */

QblkImageVerdict *
qblk_overlay_verdict(const QblkJournalRecord *record, const char *path, GError **error)
{
    const QblkPlan *plan = record->plan;
    const char *below = qblk_chain_files_active(plan->before);
    const char *overlay = qblk_chain_files_active(plan->after);
    gboolean may_be_used = record->stage >= QBLK_STAGE_PIVOTING;
    if (may_be_used && !qblk_chain_files_check(plan->after->pdata[0], error)) {
        return NULL;
    }
    if (is_complete(plan)) {
        return qblk_image_verdict_new(path, overlay, QBLK_VERDICT_HAS_ALL_DATA);
    }

    if (may_be_used && !qblk_delete_created_have_no_data(plan)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "QEMU ended while it put '%s' over '%s', and the header of '%s' is not the "
                    "planned one: the guest may have written to it; keep both images and look at "
                    "them with 'qblk chain image:%s'",
                    overlay, below, overlay, overlay);
        return NULL;
    }
    if (!qblk_chain_files_check(plan->before->pdata[0], error)) {
        return NULL;
    }

    QblkImageVerdict *verdict = qblk_image_verdict_new(path, below, QBLK_VERDICT_CHAIN_BEFORE);
    if (g_file_test(overlay, G_FILE_TEST_EXISTS)) {
        g_ptr_array_add(verdict->unused, g_strdup(overlay));
    }
    return verdict;
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
