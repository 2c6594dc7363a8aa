/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/shared-layers.h"

#include "base/file-identity.h"
#include "base/limits.h"
#include "image/image-chain.h"
#include "image/image-overlay.h"
#include "plan/plan-check.h"

static gboolean
is_ignored(const char *const *ignored, const char *path)
{
    for (guint i = 0; ignored != NULL && ignored[i] != NULL; i++) {
        if (qblk_file_identity_is_one(ignored[i], path)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* A wrong name allows less than its user believes. */
static gboolean
check_ignored(const char *const *ignored, const GPtrArray *overlays, GError **error)
{
    for (guint i = 0; ignored != NULL && ignored[i] != NULL; i++) {
        gboolean is_overlay = FALSE;
        for (guint j = 0; j < overlays->len && !is_overlay; j++) {
            const QblkImageOverlay *overlay = overlays->pdata[j];
            is_overlay = qblk_file_identity_is_one(ignored[i], overlay->path);
        }
        if (!is_overlay) {
            return qblk_plan_refuse(error,
                                    "'%s' cannot be ignored: it is no image whose backing file the "
                                    "commit changes or removes",
                                    ignored[i]);
        }
    }
    return TRUE;
}

gboolean
qblk_shared_layers_check(const QblkPlanContext *context, guint first, guint last, QblkPlan *plan,
                         GError **error)
{
    if (context->image_layers == NULL) {
        return TRUE;
    }

    g_autofree char *unread = NULL;
    g_autoptr(GPtrArray) overlays =
        qblk_image_overlay_find_all(context->image_layers, first, last, &unread);
    for (guint i = 0; i < overlays->len; i++) {
        const QblkImageOverlay *overlay = overlays->pdata[i];
        const QblkImageLayer *layer = context->image_layers->pdata[overlay->position];
        if (!is_ignored(context->ignored_users, overlay->path)) {
            return qblk_plan_refuse(error,
                                    "'%s' has '%s' as its backing file, whose data would change or "
                                    "leave the chain: delete that image if it is not needed, or "
                                    "allow damaging it with --ignore-user '%s'",
                                    overlay->path, layer->path, overlay->path);
        }
    }

    if (unread != NULL) {
        g_ptr_array_add(plan->warnings,
                        g_strdup_printf("only %d files in '%s' were examined: other images there "
                                        "may have a layer as their backing file",
                                        QBLK_LIMIT_DIRECTORY_FILES, unread));
    }
    return check_ignored(context->ignored_users, overlays, error);
}
