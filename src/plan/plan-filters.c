/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-filters.h"

#include "chain/layer-users.h"
#include "plan/plan-check.h"
#include "plan/plan-steps.h"

static gboolean
is_of_job(const QblkFilter *filter)
{
    return g_str_equal(filter->driver, "mirror_top") || g_str_equal(filter->driver, "commit_top");
}

/* ---- filters that prevent a job ---- */

static const QblkFilter *
find_driver(const QblkLayer *layer, const char *driver)
{
    for (guint i = 0; i < layer->filters->len; i++) {
        const QblkFilter *filter = layer->filters->pdata[i];
        if (g_str_equal(filter->driver, driver)) {
            return filter;
        }
    }
    return NULL;
}

gboolean
qblk_plan_filters_check_write(const QblkChain *chain, const QblkLayer *top, const QblkLayer *base,
                              GError **error)
{
    for (guint i = top->position + 1; i <= base->position; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        const QblkFilter *filter = find_driver(layer, "copy-before-write");
        if (filter != NULL) {
            return qblk_plan_refuse(error,
                                    "disk '%s': filter '%s' (%s) is above '%s', and QEMU starts no "
                                    "commit that writes below it: end the backup that uses the "
                                    "filter, or remove it",
                                    chain->target, filter->node_name, filter->driver,
                                    layer->filename);
        }
    }
    return TRUE;
}

/* ---- the header above a filter ---- */

/* The filter directly below the layer above, if that is the one that QEMU takes for the overlay: a
 * job puts its own filter above those that it removes. */
static const QblkFilter *
find_kept(const QblkLayer *top)
{
    const QblkFilter *filter = top->filters->len == 0 ? NULL : top->filters->pdata[0];
    return filter == NULL || is_of_job(filter) ? NULL : filter;
}

gboolean
qblk_plan_filters_keep_header(const QblkLayer *top)
{
    return top->position > 0 && find_kept(top) != NULL;
}

gboolean
qblk_plan_filters_check_header(const QblkChain *chain, const QblkLayer *overlay,
                               const QblkLayer *top, const QblkLayer *base, GError **error)
{
    const QblkFilter *filter = find_kept(top);
    if (filter == NULL || g_strcmp0(overlay->format, base->format) == 0) {
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "disk '%s': filter '%s' (%s) is between '%s' and '%s', so that QEMU "
                            "would not write the header of '%s', and could not record the format "
                            "'%s' of '%s' in it later: remove the filter",
                            chain->target, filter->node_name, filter->driver, overlay->filename,
                            top->filename, overlay->filename, base->format, base->filename);
}

void
qblk_plan_filters_add_header(QblkPlan *plan, const QblkChain *chain, const QblkLayer *overlay,
                             const QblkLayer *top, const char *backing_name)
{
    if (find_kept(top) == NULL) {
        return;
    }

    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "device", chain->root);
    qblk_json_set_string(arguments, "image-node-name", overlay->node_name);
    qblk_json_set_string(arguments, "backing-file", backing_name);
    (void)qblk_plan_add(plan, "write the header above the filter", "change-backing-file",
                        arguments);
}

void
qblk_plan_filters_expect_header(QblkPlan *plan, const QblkLayer *overlay, const QblkLayer *top,
                                const char *backing_name)
{
    qblk_plan_expect_header(plan, overlay, backing_name);
    if (find_kept(top) != NULL) {
        QblkExpectation *expectation = plan->after->pdata[plan->after->len - 1];
        expectation->left_backing_name = g_strdup(overlay->backing_name);
    }
}

/* ---- filters that leave the chain ---- */

/* TRUE if something else uses @filter above @layer. */
static gboolean
is_shared(const QblkPlanContext *context, const QblkLayer *layer, const QblkFilter *filter)
{
    const QblkNode *node = qblk_snapshot_find_node(context->snapshot, filter->node_name);
    if (node != NULL && node->parents->len > 1) {
        return TRUE;
    }

    for (guint i = 0; layer->users != NULL && i < layer->users->len; i++) {
        const QblkLayerUser *user = layer->users->pdata[i];
        if (user->kind != QBLK_USER_KIND_JOB && g_str_equal(user->node, filter->node_name)) {
            return TRUE;
        }
    }
    return FALSE;
}

void
qblk_plan_filters_add_close(QblkPlan *plan, const QblkPlanContext *context, const QblkLayer *layer)
{
    for (guint i = 0; i < layer->filters->len; i++) {
        const QblkFilter *filter = layer->filters->pdata[i];
        if (plan->keeps_open || is_of_job(filter) || is_shared(context, layer, filter)) {
            continue;
        }

        qblk_plan_add_close(plan, filter->node_name);
        char *warning = g_strdup_printf(
            "disk '%s': filter '%s' (%s) above '%s' leaves the chain and is deleted", plan->target,
            filter->node_name, filter->driver, layer->filename);
        g_ptr_array_add(plan->warnings, warning);
    }
}

const char *
qblk_plan_filters_get_topmost(const QblkLayer *layer)
{
    const QblkFilter *filter = layer->filters->len == 0 ? NULL : layer->filters->pdata[0];
    return filter == NULL ? layer->node_name : filter->node_name;
}

/* ---- nodes above the disk ---- */

gboolean
qblk_plan_filters_check_root(const QblkPlanContext *context, const QblkChain *chain, GError **error)
{
    const QblkNode *root =
        chain->root == NULL ? NULL : qblk_snapshot_find_node(context->snapshot, chain->root);
    if (root == NULL || root->parents->len == 0) {
        return TRUE;
    }

    const QblkNode *above = root->parents->pdata[0];
    return qblk_plan_refuse(error,
                            "disk '%s': node '%s' (%s) uses node '%s', and QEMU starts no commit "
                            "or copy while another node uses the topmost node of a disk: end what "
                            "uses '%s' and delete it with 'blockdev-del'",
                            chain->target, above->name, above->driver, root->name, above->name);
}
