/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/commit-keep.h"

#include "plan/plan-check.h"

gboolean
qblk_commit_keeps(const QblkCommitOptions *options)
{
    return options->has_keep;
}

gboolean
qblk_commit_keep_check(const QblkCommitOptions *options, GError **error)
{
    if (!options->has_keep) {
        return TRUE;
    }

    if (options->top != NULL || options->base != NULL || options->shallow) {
        return qblk_plan_refuse(error, "a commit that keeps a number of overlays chooses its "
                                       "layers: set no top and no base, and not shallow");
    }
    if (options->keep == 0 && options->end != QBLK_COMMIT_PIVOT) {
        return qblk_plan_refuse(error, "a commit that keeps no overlay merges the active layer: "
                                       "it has to end with a pivot");
    }
    if (options->keep > 0 && options->end != QBLK_COMMIT_INNER) {
        return qblk_plan_refuse(error, "a commit that keeps overlays does not merge the active "
                                       "layer: it can end neither with a pivot nor ready");
    }
    return TRUE;
}

static guint
count_overlays(const QblkChain *chain)
{
    return chain->layers->len == 0 ? 0 : chain->layers->len - 1;
}

gboolean
qblk_commit_keep_is_done(const QblkCommitOptions *options, const QblkChain *chain)
{
    return options->has_keep && count_overlays(chain) <= options->keep;
}

char *
qblk_commit_keep_describe(const QblkChain *chain)
{
    guint count = count_overlays(chain);

    return count == 1 ? g_strdup("1 overlay") : g_strdup_printf("%u overlays", count);
}

const QblkLayer *
qblk_commit_keep_get_top(const QblkCommitOptions *options, const QblkChain *chain, GError **error)
{
    if (qblk_commit_keep_is_done(options, chain)) {
        g_autofree char *overlays = qblk_commit_keep_describe(chain);
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_NOTHING_TO_DO,
                    "nothing to do: %s has %s", chain->target, overlays);
        return NULL;
    }
    return qblk_chain_get_layer(chain, options->keep);
}
