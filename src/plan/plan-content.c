/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-content.h"

#include "base/text.h"
#include "plan/plan-check.h"

/* ---- encryption ---- */

gboolean
qblk_plan_check_plaintext(const QblkPlanContext *context, const QblkChain *chain, guint first,
                          guint end, const char *name, gboolean is_encrypted, GError **error)
{
    if (is_encrypted || context->allow_plaintext) {
        return TRUE;
    }

    for (guint i = first; i < end && i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (layer->encryption != NULL) {
            return qblk_plan_refuse(error,
                                    "'%s' is encrypted (%s), and '%s', to which its data would be "
                                    "written, is not: use --allow-plaintext to allow that",
                                    layer->filename, layer->encryption, name);
        }
    }
    return TRUE;
}

/* ---- snapshots in an image ---- */

/* Returns: (transfer full): "'a', 'b' and 'c'" */
static char *
list_snapshots(const GPtrArray *snapshots)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < snapshots->len; i++) {
        const QblkInternalSnapshot *snapshot = snapshots->pdata[i];
        g_ptr_array_add(names, g_strdup_printf("'%s'", snapshot->name));
    }
    return qblk_text_list((const char *const *)names->pdata, names->len);
}

gboolean
qblk_plan_check_internal_snapshots(const QblkPlanContext *context, const QblkChain *chain,
                                   guint first, guint end, gboolean is_deleted, QblkPlan *plan,
                                   GError **error)
{
    for (guint i = first; i < end && i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (layer->internal_snapshots == NULL) {
            continue;
        }

        g_autofree char *names = list_snapshots(layer->internal_snapshots);
        if (is_deleted && !context->delete_internal_snapshots) {
            return qblk_plan_refuse(error,
                                    "'%s' has internal snapshots, which would be deleted with it: "
                                    "%s; use --delete-internal-snapshots to allow that",
                                    layer->filename, names);
        }
        if (!is_deleted) {
            char *warning = g_strdup_printf("'%s' leaves the chain with its internal snapshots: %s",
                                            layer->filename, names);
            g_ptr_array_add(plan->warnings, warning);
        }
    }
    return TRUE;
}
