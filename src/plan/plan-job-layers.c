/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-job-layers.h"

#include "plan/plan-bitmaps.h"

#define INTERMEDIATE "intermediate node" /* the edge to what leaves the chain (block/commit.c) */

gboolean
qblk_plan_job_layers_removes(const QblkJob *job, const QblkLayer *layer)
{
    const GPtrArray *nodes = job->nodes;

    for (guint i = 0; i < nodes->len; i++) {
        const QblkChild *child = nodes->pdata[i];
        if (!g_str_equal(child->name, INTERMEDIATE)) {
            continue;
        }
        if (g_strcmp0(child->node->name, layer->node_name) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The position in the chain of the first layer that is one of @others, or the number of layers. */
static guint
find_first_of(const QblkChain *chain, const QblkChain *others)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        for (guint j = 0; j < others->layers->len; j++) {
            const QblkLayer *other = others->layers->pdata[j];
            if (g_strcmp0(layer->node_name, other->node_name) == 0) {
                return i;
            }
        }
    }
    return chain->layers->len;
}

gboolean
qblk_plan_job_layers_pivot_bitmaps(QblkPlan *plan, const QblkPlanContext *context,
                                   const QblkJob *job, const QblkChain *chain,
                                   const QblkChain *mirrored, gboolean is_deleted, GError **error)
{
    gboolean is_commit = g_str_equal(job->type, "commit");
    const QblkLayer *written = mirrored == NULL ? NULL : qblk_chain_get_layer(mirrored, 0);
    if (chain == NULL || written == NULL) {
        return TRUE;
    }

    const QblkBitmapMove move = {
        .context = context,
        .chain = chain,
        .end = find_first_of(chain, mirrored),
        .direction = is_commit ? QBLK_BITMAPS_DOWN : QBLK_BITMAPS_BESIDE,
        .target = qblk_plan_bitmaps_get_target(written),
        .is_deleted = is_deleted,
    };
    if (is_commit && move.end == chain->layers->len) {
        return TRUE; /* it does not write to a layer of this chain */
    }
    if (!qblk_plan_bitmaps_choose(plan, &move, error)) {
        return FALSE;
    }
    qblk_plan_bitmaps_add_step(plan, TRUE);
    return TRUE;
}

/* Find the layers that the job removes: from @first up to, but not including, @end. */
static void
find_removed(const QblkJob *job, const QblkChain *chain, guint *first, guint *end)
{
    const GPtrArray *layers = chain->layers;
    *first = 0;
    while (*first < layers->len && !qblk_plan_job_layers_removes(job, layers->pdata[*first])) {
        (*first)++;
    }

    *end = *first;
    while (*end < layers->len && qblk_plan_job_layers_removes(job, layers->pdata[*end])) {
        (*end)++;
    }
}

/* A commit has a layer below, which it writes to, and a stream one above. */
static const QblkLayer *
get_written(const QblkJob *job, const QblkChain *chain, guint first, guint end)
{
    gboolean is_stream = g_str_equal(job->type, "stream");
    guint position = is_stream ? first - 1 : end;
    return first == end ? NULL : qblk_chain_get_layer(chain, position);
}

const QblkLayer *
qblk_plan_job_layers_get_written(const QblkJob *job, const QblkChain *chain,
                                 const QblkChain *mirrored)
{
    guint first = 0, end = 0;
    if (mirrored != NULL) {
        return qblk_chain_get_layer(mirrored, 0);
    }
    if (chain == NULL) {
        return NULL;
    }
    find_removed(job, chain, &first, &end);
    return get_written(job, chain, first, end);
}

gboolean
qblk_plan_job_layers_finalize_bitmaps(QblkPlan *plan, const QblkPlanContext *context,
                                      const QblkJob *job, const QblkChain *chain, GError **error)
{
    gboolean is_stream = g_str_equal(job->type, "stream");
    if (chain == NULL) {
        return TRUE;
    }

    guint first = 0, end = 0;
    find_removed(job, chain, &first, &end);
    const QblkLayer *written = get_written(job, chain, first, end);
    if (written == NULL) {
        return TRUE;
    }

    const QblkBitmapMove move = {
        .context = context,
        .chain = chain,
        .first = first,
        .end = end,
        .direction = is_stream ? QBLK_BITMAPS_UP : QBLK_BITMAPS_DOWN,
        .target = qblk_plan_bitmaps_get_target(written),
        .unable = job->auto_finalize ? "the job changes the chain by itself" : NULL,
    };
    if (!qblk_plan_bitmaps_choose(plan, &move, error)) {
        return FALSE;
    }
    qblk_plan_bitmaps_add_step(plan, TRUE);
    return TRUE;
}
