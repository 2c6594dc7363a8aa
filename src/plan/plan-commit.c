/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-commit.h"

#include "plan/backing-string.h"
#include "plan/plan-check.h"

typedef struct {
    const QblkPlanContext *context;
    const QblkCommitOptions *options;
    const QblkChain *chain;
    const QblkLayer *top;
    const QblkLayer *base;
    const char *top_name;
    const char *base_name;
} Commit;

static gboolean
refuse(GError **error, const char *reason, const char *name)
{
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "%s '%s'", reason, name);
    return FALSE;
}

/* Which layers are meant; virsh's defaults. */
static gboolean
find_layers(Commit *commit, GError **error)
{
    const QblkCommitOptions *options = commit->options;
    const QblkChain *chain = commit->chain;
    commit->top_name = options->top == NULL ? chain->target : options->top;
    commit->top = qblk_chain_resolve(chain, commit->top_name, error);
    if (commit->top == NULL) {
        return FALSE;
    }
    if (options->base != NULL && options->shallow) {
        return refuse(error, "a shallow commit goes one layer down, and not to", options->base);
    }
    if (options->base != NULL) {
        commit->base_name = options->base;
        commit->base = qblk_chain_resolve(chain, options->base, error);
        return commit->base != NULL;
    }
    guint position = options->shallow ? commit->top->position + 1 : chain->layers->len - 1;
    commit->base = qblk_chain_get_layer(chain, position);
    if (commit->base == NULL || position == commit->top->position) {
        return refuse(error, "there is no layer to commit into below", commit->top_name);
    }
    commit->base_name = commit->base->filename;
    return TRUE;
}

static gboolean
check_end(const Commit *commit, GError **error)
{
    gboolean is_active = commit->top->position == 0;
    if (is_active && commit->options->end == QBLK_COMMIT_INNER) {
        return refuse(error,
                      "to commit the active layer say --active, --pivot or --keep-overlay: "
                      "it is the active layer of",
                      commit->chain->target);
    }
    if (!is_active && commit->options->end != QBLK_COMMIT_INNER) {
        return refuse(error,
                      "--active, --pivot and --keep-overlay are for the active layer, not for",
                      commit->top_name);
    }
    if (is_active && commit->options->keep_relative) {
        return refuse(error,
                      "--keep-relative needs an overlay above what is committed, and there "
                      "is none above",
                      commit->top_name);
    }
    return TRUE;
}

static gboolean
check(const Commit *commit, GError **error)
{
    return qblk_plan_check_order(commit->chain, commit->top, commit->top_name, commit->base,
                                 commit->base_name, error) &&
           check_end(commit, error) &&
           qblk_plan_check_users(commit->context, commit->chain, commit->top, commit->base, error);
}

/* ---- the steps ---- */

/* The overlay's new backing string, NULL where QEMU is to choose. */
static gboolean
choose_backing_name(const Commit *commit, char **name, GError **error)
{
    *name = NULL;
    if (commit->options->end != QBLK_COMMIT_INNER) {
        return TRUE;
    }
    const QblkLayer *overlay = qblk_chain_get_layer(commit->chain, commit->top->position - 1);
    return qblk_backing_string_choose(commit->chain, overlay, commit->base,
                                      commit->options->keep_relative, name, error);
}

static void
add_start(QblkPlan *plan, const Commit *commit, const char *backing_name)
{
    gboolean is_inner = commit->options->end == QBLK_COMMIT_INNER;
    QblkJson *arguments = qblk_plan_job_arguments(plan, commit->context, !is_inner);
    qblk_json_set_string(arguments, "device", commit->chain->root);
    qblk_json_set_string(arguments, "top-node", commit->top->node_name);
    qblk_json_set_string(arguments, "base-node", commit->base->node_name);
    if (backing_name != NULL) {
        qblk_json_set_string(arguments, "backing-file", backing_name);
    }
    if (is_inner && commit->context->masks_protocol) {
        qblk_json_set_boolean(arguments, "backing-mask-protocol", TRUE);
    }
    (void)qblk_plan_add_job(plan, "start the job", "block-commit", arguments, plan->job,
                            is_inner ? "pending" : "ready");
}

static void
add_steps(QblkPlan *plan, const Commit *commit, const char *backing_name)
{
    add_start(plan, commit, backing_name);
    switch (commit->options->end) {
    case QBLK_COMMIT_ACTIVE:
        plan->stays_ready = TRUE;
        return;
    case QBLK_COMMIT_KEEP_OVERLAY:
        qblk_plan_add_leave(plan, "end the job and keep the overlay");
        plan->copy = g_strdup(commit->base->filename);
        return;
    case QBLK_COMMIT_PIVOT:
        (void)qblk_plan_add_complete(plan, "make the base the active layer");
        qblk_plan_set_merged(plan, commit->top, commit->base);
        break;
    case QBLK_COMMIT_INNER:
        qblk_plan_add_flush(plan, commit->context, commit->base->node_name);
        qblk_plan_add_finalize(plan);
        break;
    }
    for (guint i = commit->top->position; i < commit->base->position; i++) {
        qblk_plan_add_close_layer(plan, commit->context, commit->chain->layers->pdata[i]);
    }
}

static void
add_expectations(QblkPlan *plan, const Commit *commit, const char *backing_name)
{
    gboolean shrinks =
        commit->options->end == QBLK_COMMIT_INNER || commit->options->end == QBLK_COMMIT_PIVOT;
    guint gone_from = shrinks ? commit->top->position : G_MAXUINT;
    for (guint i = 0; i < commit->chain->layers->len; i++) {
        const QblkLayer *layer = commit->chain->layers->pdata[i];
        if (i + 1 == gone_from) {
            qblk_plan_expect_header(plan, layer, backing_name);
        } else if (i < gone_from || i >= commit->base->position) {
            (void)qblk_plan_expect(plan, layer);
        }
    }
}

QblkPlan *
qblk_plan_commit(const QblkPlanContext *context, const QblkCommitOptions *options, GError **error)
{
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(context->snapshot, context->target, error);
    g_autofree char *backing_name = NULL;
    Commit commit = {.context = context, .options = options, .chain = chain};
    if (chain == NULL || !qblk_plan_check_disk(context, chain, error) ||
        !find_layers(&commit, error) || !check(&commit, error) ||
        !choose_backing_name(&commit, &backing_name, error)) {
        return NULL;
    }
    const char *kind = options->end == QBLK_COMMIT_INNER ? "commit" : "active-commit";
    g_autoptr(QblkPlan) plan = qblk_plan_new(kind, context, chain);
    if (!qblk_plan_check_id(context, plan, error)) {
        return NULL;
    }
    plan->writes = g_strdup(commit.base->filename);
    if (commit.top->position + 1 == commit.base->position) {
        plan->reads = g_strdup(commit.top->filename);
    }
    add_steps(plan, &commit, backing_name);
    if (options->delete_removed) {
        qblk_plan_delete_removed(plan);
    }
    add_expectations(plan, &commit, backing_name);
    return g_steal_pointer(&plan);
}
