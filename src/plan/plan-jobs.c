/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-jobs.h"

#include "plan/plan-check.h"

/* Returns: (nullable): the first job that works on the node @name, which may be NULL */
static const QblkJob *
find_job(const QblkSnapshot *snapshot, const char *name)
{
    for (guint i = 0; name != NULL && i < snapshot->jobs->len; i++) {
        const QblkJob *job = snapshot->jobs->pdata[i];
        for (guint j = 0; j < job->nodes->len; j++) {
            const QblkChild *child = job->nodes->pdata[j];
            if (g_str_equal(child->node->name, name)) {
                return job;
            }
        }
    }
    return NULL;
}

static gboolean
check_node(const QblkPlanContext *context, const QblkChain *chain, const char *name, GError **error)
{
    const QblkJob *job = find_job(context->snapshot, name);
    if (job == NULL) {
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "node '%s' of disk '%s' has a job already: '%s' (%s, %s): wait for its "
                            "end, or see 'qblk job' with this id",
                            name, chain->target, job->id, job->type, job->status);
}

static gboolean
check_filters(const QblkPlanContext *context, const QblkChain *chain, const GPtrArray *filters,
              GError **error)
{
    for (guint i = 0; i < filters->len; i++) {
        const QblkFilter *filter = filters->pdata[i];
        if (!check_node(context, chain, filter->node_name, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
qblk_plan_check_jobs(const QblkPlanContext *context, const QblkChain *chain, guint first,
                     guint last, GError **error)
{
    for (guint i = first; i <= last && i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (!check_node(context, chain, layer->node_name, error) ||
            !check_node(context, chain, layer->storage, error) ||
            !check_filters(context, chain, layer->filters, error) ||
            !check_filters(context, chain, layer->storage_filters, error)) {
            return FALSE;
        }
    }
    return TRUE;
}
