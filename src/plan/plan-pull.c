/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-pull.h"

#include "plan/backing-string.h"
#include "plan/crash-guard.h"
#include "plan/plan-bitmaps.h"
#include "plan/plan-check.h"
#include "plan/plan-content.h"
#include "plan/plan-files.h"
#include "plan/plan-filters.h"
#include "plan/plan-flush.h"
#include "plan/plan-jobs.h"
#include "plan/plan-managed.h"
#include "plan/plan-space.h"
#include "plan/plan-steps.h"

typedef struct {
    const QblkPlanContext *context;
    const QblkPullOptions *options;
    const QblkChain *chain;
    const QblkLayer *top;  /* the active layer */
    const QblkLayer *base; /* the layer that stays below it; NULL: none does */
    guint end;             /* position of @base, or the number of layers */
    char *backing_name;    /* new backing string of @top, owned; NULL: it has no base then */
    QblkFileUses uses;
} Pull;

static void
pull_clear(Pull *pull)
{
    g_free(pull->backing_name);
    qblk_file_uses_clear(&pull->uses);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pull, pull_clear)

static gboolean
resolve_base(Pull *pull, GError **error)
{
    pull->end = pull->chain->layers->len;
    if (pull->options->base == NULL) {
        return TRUE;
    }

    pull->base = qblk_chain_resolve(pull->chain, pull->options->base, error);
    if (pull->base == NULL) {
        return FALSE;
    }
    pull->end = pull->base->position;
    return qblk_plan_check_order(pull->chain, pull->top, pull->chain->target, pull->base,
                                 pull->options->base, error);
}

static gboolean
check_pull(const Pull *pull, GError **error)
{
    const char *target = pull->chain->target;

    if (pull->end == 1 && pull->base == NULL) {
        return qblk_plan_refuse(error, "disk '%s' has one layer only: there is nothing to pull",
                                target);
    }
    if (pull->end == 1) {
        return qblk_plan_refuse(error,
                                "'%s' is directly below the active layer of disk '%s': there is "
                                "nothing to pull",
                                pull->options->base, target);
    }
    if (pull->base == NULL && pull->options->keep_relative) {
        return qblk_plan_refuse(error,
                                "no layer stays below the active layer of disk '%s': "
                                "--keep-relative needs --base",
                                target);
    }
    if (!qblk_plan_check_plaintext(pull->context, pull->chain, 1, pull->end, pull->top->filename,
                                   pull->top->encryption != NULL, error)) {
        return FALSE;
    }
    if (!qblk_plan_check_jobs(pull->context, pull->chain, 0, pull->end, error)) {
        return FALSE;
    }
    return qblk_plan_check_users(pull->context, pull->chain, pull->top, pull->top, error);
}

static gboolean
check_files(Pull *pull, GError **error)
{
    qblk_file_uses_init(&pull->uses, pull->chain);
    qblk_file_uses_set(&pull->uses, 0, 1, QBLK_USE_WRITE);
    qblk_file_uses_set(&pull->uses, 1, pull->end, QBLK_USE_READ);
    if (pull->base != NULL) {
        qblk_file_uses_set(&pull->uses, pull->end, pull->end + 1, QBLK_USE_NAME);
    }
    return qblk_file_uses_check(&pull->uses, error);
}

static gboolean
choose_backing_name(Pull *pull, GError **error)
{
    if (pull->base == NULL) {
        return TRUE;
    }

    pull->backing_name =
        qblk_backing_string_choose(pull->context->snapshot, pull->chain, pull->top, pull->base,
                                   pull->options->keep_relative, error);
    return pull->backing_name != NULL;
}

/* ---- steps ---- */

static void
add_start(QblkPlan *plan, const Pull *pull)
{
    QblkJson *arguments = qblk_plan_job_arguments(plan, pull->context, FALSE);

    qblk_json_set_string(arguments, "device", pull->top->node_name);
    if (pull->base != NULL) {
        qblk_json_set_string(arguments, "base-node", pull->base->node_name);
    }
    if (pull->backing_name != NULL) {
        qblk_json_set_string(arguments, "backing-file", pull->backing_name);
    }
    if (pull->base != NULL && pull->context->masks_protocol) {
        qblk_json_set_boolean(arguments, "backing-mask-protocol", TRUE);
    }

    (void)qblk_plan_add_job(plan, "start the job", "block-stream", arguments, plan->job, "pending");
}

static void
add_steps(QblkPlan *plan, const Pull *pull)
{
    add_start(plan, pull);
    qblk_plan_bitmaps_add_step(plan, TRUE);
    qblk_plan_add_flush(plan, pull->context, pull->top->node_name);
    qblk_plan_add_finalize(plan);

    const GPtrArray *layers = pull->chain->layers;
    for (guint i = 1; i < pull->end; i++) {
        qblk_plan_filters_add_close(plan, pull->context, layers->pdata[i]);
        qblk_plan_add_close_layer(plan, pull->context, layers->pdata[i]);
    }
    if (pull->base != NULL) {
        qblk_plan_filters_add_close(plan, pull->context, pull->base);
    }
}

static void
add_expectations(QblkPlan *plan, const Pull *pull)
{
    qblk_plan_expect_header(plan, pull->top, pull->backing_name);
    qblk_plan_expect_layers(plan, pull->chain->layers, pull->end);
}

/* QEMU reads the data through a filter that turns zeros into clusters without data. */
static gboolean
check_space(const Pull *pull, QblkPlan *plan, GError **error)
{
    const QblkSpaceRequest request = {
        .chain = pull->chain,
        .first = 1,
        .end = pull->end,
        .into = pull->top,
        .skips_zeros = TRUE,
    };
    return qblk_plan_check_space(pull->context, &request, plan, error);
}

static gboolean
choose_bitmaps(QblkPlan *plan, const Pull *pull, GError **error)
{
    const QblkBitmapMove move = {
        .context = pull->context,
        .chain = pull->chain,
        .first = 1,
        .end = pull->end,
        .direction = QBLK_BITMAPS_UP,
        .target = qblk_plan_bitmaps_get_target(pull->top),
    };
    return qblk_plan_bitmaps_choose(plan, &move, error);
}

static QblkPlan *
make_plan(const Pull *pull, GError **error)
{
    g_autoptr(QblkPlan) plan = qblk_plan_new("pull", pull->context, pull->chain);
    qblk_plan_managed_warn(plan, pull->context);
    if (!qblk_plan_check_id(pull->context, plan, error)) {
        return NULL;
    }

    plan->writes = g_strdup(pull->top->filename);
    if (pull->end == 2) {
        plan->reads = g_strdup(qblk_chain_get_layer(pull->chain, 1)->filename);
    }
    if (!choose_bitmaps(plan, pull, error)) {
        return NULL;
    }
    add_steps(plan, pull);
    if (!qblk_crash_guard_check_closed(plan, pull->context, error)) {
        return NULL;
    }
    add_expectations(plan, pull);
    qblk_file_uses_warn(&pull->uses, plan);
    if (!check_space(pull, plan, error)) {
        return NULL;
    }
    if (!qblk_plan_check_internal_snapshots(pull->context, pull->chain, 1, pull->end, FALSE, plan,
                                            error)) {
        return NULL;
    }
    return g_steal_pointer(&plan);
}

QblkPlan *
qblk_plan_make_pull(const QblkPlanContext *context, const QblkPullOptions *options, GError **error)
{
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(context->snapshot, context->target, error);
    if (chain == NULL || !qblk_plan_check_disk(context, chain, error)) {
        return NULL;
    }

    g_auto(Pull) pull = {
        .context = context,
        .options = options,
        .chain = chain,
        .top = qblk_chain_get_layer(chain, 0),
    };
    if (!resolve_base(&pull, error)) {
        return NULL;
    }
    if (!check_pull(&pull, error)) {
        return NULL;
    }
    if (!check_files(&pull, error)) {
        return NULL;
    }
    if (!qblk_plan_flush_check(context, pull.top, error)) {
        return NULL;
    }
    if (!choose_backing_name(&pull, error)) {
        return NULL;
    }
    return make_plan(&pull, error);
}
