/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-pull.h"

#include "plan/backing-string.h"
#include "plan/plan-check.h"

static gboolean
refuse(GError **error, const char *reason, const char *name)
{
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "%s '%s'", reason, name);
    return FALSE;
}

/* There is something between the active layer and @base, or below where there is none. */
static gboolean
check(const QblkPlanContext *context, const QblkPullOptions *options, const QblkChain *chain,
      const QblkLayer *base, GError **error)
{
    const QblkLayer *top = qblk_chain_get_layer(chain, 0);
    if (base != NULL &&
        !qblk_plan_check_order(chain, top, chain->target, base, options->base, error)) {
        return FALSE;
    }
    if (base == NULL ? chain->layers->len == 1 : base->position == 1) {
        return refuse(error, "there is nothing to pull into the active layer of", chain->target);
    }
    if (base == NULL && options->keep_relative) {
        return refuse(error, "--keep-relative needs a base that stays, and none does in",
                      chain->target);
    }
    return qblk_plan_check_users(context, chain, top, top, error);
}

static void
add_start(QblkPlan *plan, const QblkPlanContext *context, const QblkChain *chain,
          const QblkLayer *base, const char *backing_name)
{
    const QblkLayer *top = qblk_chain_get_layer(chain, 0);
    QblkJson *arguments = qblk_plan_job_arguments(plan, context, FALSE);
    qblk_json_set_string(arguments, "device", top->node_name);
    if (base != NULL) {
        qblk_json_set_string(arguments, "base-node", base->node_name);
    }
    if (backing_name != NULL) {
        qblk_json_set_string(arguments, "backing-file", backing_name);
    }
    if (base != NULL && context->masks_protocol) {
        qblk_json_set_boolean(arguments, "backing-mask-protocol", TRUE);
    }
    (void)qblk_plan_add_job(plan, "start the job", "block-stream", arguments, plan->job, "pending");
}

QblkPlan *
qblk_plan_pull(const QblkPlanContext *context, const QblkPullOptions *options, GError **error)
{
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(context->snapshot, context->target, error);
    const QblkLayer *base = NULL;
    g_autofree char *backing_name = NULL;
    if (chain == NULL || !qblk_plan_check_disk(context, chain, error)) {
        return NULL;
    }
    if (options->base != NULL) {
        base = qblk_chain_resolve(chain, options->base, error);
        if (base == NULL) {
            return NULL;
        }
    }
    if (!check(context, options, chain, base, error)) {
        return NULL;
    }
    const QblkLayer *top = qblk_chain_get_layer(chain, 0);
    if (base != NULL && !qblk_backing_string_choose(chain, top, base, options->keep_relative,
                                                    &backing_name, error)) {
        return NULL;
    }
    g_autoptr(QblkPlan) plan = qblk_plan_new("pull", context, chain);
    if (!qblk_plan_check_id(context, plan, error)) {
        return NULL;
    }
    guint end = base == NULL ? chain->layers->len : base->position;
    plan->writes = g_strdup(top->filename);
    if (end == 2) {
        plan->reads = g_strdup(qblk_chain_get_layer(chain, 1)->filename);
    }
    add_start(plan, context, chain, base, backing_name);
    qblk_plan_add_flush(plan, context, top->node_name);
    qblk_plan_add_finalize(plan);
    qblk_plan_expect_header(plan, top, backing_name);
    for (guint i = 1; i < end; i++) {
        qblk_plan_add_close_layer(plan, context, chain->layers->pdata[i]);
    }
    for (guint i = end; i < chain->layers->len; i++) {
        (void)qblk_plan_expect(plan, chain->layers->pdata[i]);
    }
    return g_steal_pointer(&plan);
}
