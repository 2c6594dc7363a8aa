/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/verify-bitmaps.h"

static gboolean
is_as_planned(const QblkBitmap *found, const QblkPlannedBitmap *planned)
{
    return found != NULL && !found->is_inconsistent && found->granularity == planned->granularity &&
           !found->is_persistent == !planned->is_persistent &&
           !found->is_recording == !planned->is_recording;
}

static void
set_not_as_planned(const QblkBitmap *found, const QblkPlannedBitmap *planned, GError **error)
{
    if (found == NULL) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "node '%s' does not have the bitmap '%s': the next "
                    "backup that would use it has to be a full one",
                    planned->into, planned->name);
        return;
    }
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                "bitmap '%s' of node '%s' is not as planned (granularity, "
                "persistent or recording): remove it, and make the next backup that would use it a "
                "full one",
                planned->name, planned->into);
}

gboolean
qblk_verify_bitmaps(const QblkSnapshot *snapshot, const QblkPlan *plan, GError **error)
{
    const QblkNode *indexed = NULL; /* all go into one node */
    g_autoptr(GHashTable) index = qblk_bitmap_index(NULL);

    for (guint i = 0; i < plan->bitmaps->len; i++) {
        const QblkPlannedBitmap *planned = plan->bitmaps->pdata[i];
        if (planned->into == NULL) {
            continue;
        }

        const QblkNode *node = qblk_snapshot_find_node(snapshot, planned->into);
        if (node != indexed) {
            g_hash_table_unref(index);
            index = qblk_bitmap_index(node == NULL ? NULL : node->bitmaps);
            indexed = node;
        }
        const QblkBitmap *found = g_hash_table_lookup(index, planned->name);
        if (!is_as_planned(found, planned)) {
            set_not_as_planned(found, planned, error);
            return FALSE;
        }
    }
    return TRUE;
}
