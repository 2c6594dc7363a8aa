/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/overlay-bitmaps.h"

#include "plan/bitmap-actions.h"
#include "plan/plan-check.h"

/* ---- checks ---- */

static gboolean
check_not_busy(const QblkOverlayRequest *overlay, const QblkBitmap *bitmap, GError **error)
{
    if (!bitmap->is_busy) {
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "bitmap '%s' of '%s' is in use by a job, an export or a migration, "
                            "which would not see later changes: wait until that has ended",
                            bitmap->name, overlay->top->filename);
}

/* An image that is reused may be of another version. */
static gboolean
check_can_store(const QblkOverlayRequest *overlay, const QblkBitmap *bitmap, GError **error)
{
    const QblkLayer *found = overlay->found == NULL ? NULL : overlay->found->layers->pdata[0];
    gboolean is_old = found != NULL && found->is_qcow2_v2;
    if (!bitmap->is_persistent || !is_old) {
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "'%s' (qcow2, version 2) cannot store the persistent bitmap '%s' of "
                            "'%s', only a qcow2 image of version 3 can: use --bitmaps=drop to lose "
                            "the bitmaps",
                            overlay->path, bitmap->name, overlay->top->filename);
}

/* A bitmap that an image has already has to be able to go on as that of @bitmap. */
static gboolean
check_found(const QblkOverlayRequest *overlay, const QblkBitmap *bitmap, const QblkBitmap *found,
            GError **error)
{
    gboolean fits = found == NULL || (found->is_recording && !found->is_inconsistent &&
                                      found->is_persistent == bitmap->is_persistent);
    if (fits) {
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "'%s' has a bitmap '%s', which is disabled, inconsistent, or not of "
                            "the same kind as that of '%s': remove it with 'qemu-img bitmap "
                            "--remove'",
                            overlay->path, bitmap->name, overlay->top->filename);
}

/* ---- the plan ---- */

static const QblkBitmap *
find_existing(const QblkOverlayRequest *overlay, const char *name)
{
    const QblkLayer *found = overlay->found == NULL ? NULL : overlay->found->layers->pdata[0];
    return found == NULL ? NULL : qblk_bitmap_find(found->bitmaps, name);
}

static QblkPlannedBitmap *
add_planned(QblkPlan *plan, const QblkBitmap *bitmap, const QblkBitmap *existing)
{
    const QblkBitmap *result = existing == NULL ? bitmap : existing;
    QblkPlannedBitmap *planned = qblk_planned_bitmap_new();
    g_ptr_array_add(plan->bitmaps, planned);

    planned->name = g_strdup(bitmap->name);
    planned->exists = existing != NULL;
    planned->granularity = result->granularity;
    planned->is_persistent = result->is_persistent;
    planned->is_recording = TRUE;
    return planned;
}

static void
leave_out(QblkPlan *plan, const QblkOverlayRequest *overlay, const QblkBitmap *bitmap)
{
    QblkPlannedBitmap *planned = add_planned(plan, bitmap, NULL);
    QblkBitmapSource *source = qblk_bitmap_source_new();

    planned->left_out_because = g_strdup("--bitmaps=drop was specified");
    source->node_name = g_strdup(overlay->top->node_name);
    source->filename = g_strdup(overlay->top->filename);
    g_ptr_array_add(planned->from, source);
}

static gboolean
add_bitmap(QblkPlan *plan, const QblkOverlayRequest *overlay, const QblkBitmap *bitmap,
           GError **error)
{
    const QblkBitmap *existing = find_existing(overlay, bitmap->name);
    if (!check_not_busy(overlay, bitmap, error) || !check_can_store(overlay, bitmap, error) ||
        !check_found(overlay, bitmap, existing, error)) {
        return FALSE;
    }

    QblkPlannedBitmap *planned = add_planned(plan, bitmap, existing);
    planned->into = g_strdup(overlay->image.node);
    return TRUE;
}

gboolean
qblk_overlay_bitmaps_choose(QblkPlan *plan, const QblkOverlayRequest *overlay, GError **error)
{
    const GPtrArray *bitmaps = overlay->top->bitmaps;

    for (guint i = 0; bitmaps != NULL && i < bitmaps->len; i++) {
        const QblkBitmap *bitmap = bitmaps->pdata[i];
        if (!bitmap->is_recording || bitmap->is_inconsistent) {
            continue;
        }
        if (overlay->context->drops_bitmaps) {
            leave_out(plan, overlay, bitmap);
        } else if (!add_bitmap(plan, overlay, bitmap, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
qblk_overlay_bitmaps_are_dropped(const QblkPlan *plan)
{
    for (guint i = 0; i < plan->bitmaps->len; i++) {
        const QblkPlannedBitmap *planned = plan->bitmaps->pdata[i];
        if (planned->into == NULL) {
            return TRUE;
        }
    }
    return FALSE;
}

void
qblk_overlay_bitmaps_append(const QblkPlan *plan, QblkJson *actions)
{
    for (guint i = 0; i < plan->bitmaps->len; i++) {
        const QblkPlannedBitmap *planned = plan->bitmaps->pdata[i];
        if (planned->into != NULL && !planned->exists) {
            qblk_bitmap_actions_append_add(actions, planned);
        }
    }
}
