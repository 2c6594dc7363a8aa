/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-commit.h"

#include "plan/backing-string.h"
#include "plan/commit-keep.h"
#include "plan/crash-guard.h"
#include "plan/plan-bitmaps.h"
#include "plan/plan-check.h"
#include "plan/plan-content.h"
#include "plan/plan-files.h"
#include "plan/plan-filters.h"
#include "plan/plan-flush.h"
#include "plan/plan-jobs.h"
#include "plan/plan-managed.h"
#include "plan/plan-size.h"
#include "plan/plan-space.h"
#include "plan/plan-steps.h"
#include "plan/plan-users.h"
#include "plan/shared-layers.h"

typedef struct {
    const QblkPlanContext *context;
    const QblkCommitOptions *options;
    const QblkChain *chain;
    const QblkLayer *top;
    const QblkLayer *base;
    const char *top_name; /* as the user names them */
    const char *base_name;
    const QblkLayer *overlay; /* above @top; NULL: that is the active layer */
    gboolean is_inner;        /* the active layer is not committed */
    char *backing_name; /* new backing string of the overlay, owned; NULL: there is no overlay */
    QblkFileUses uses;
} Commit;

static void
commit_clear(Commit *commit)
{
    g_free(commit->backing_name);
    qblk_file_uses_clear(&commit->uses);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Commit, commit_clear)

/* ---- the layers ---- */

static gboolean
resolve_top(Commit *commit, GError **error)
{
    const QblkCommitOptions *options = commit->options;

    commit->top_name = options->top == NULL ? commit->chain->target : options->top;
    commit->top = qblk_chain_resolve(commit->chain, commit->top_name, error);
    if (commit->top == NULL) {
        return FALSE;
    }
    guint position = commit->top->position;
    commit->overlay = position == 0 ? NULL : qblk_chain_get_layer(commit->chain, position - 1);
    return TRUE;
}

static gboolean
resolve_named_base(Commit *commit, GError **error)
{
    const QblkCommitOptions *options = commit->options;

    if (options->shallow) {
        return qblk_plan_refuse(error,
                                "--base '%s' cannot be used with --shallow, which commits into "
                                "the layer directly below the top",
                                options->base);
    }
    commit->base_name = options->base;
    commit->base = qblk_chain_resolve(commit->chain, options->base, error);
    return commit->base != NULL;
}

/* As virsh: the bottom of the chain or, with --shallow, the layer directly below the top. */
static gboolean
choose_default_base(Commit *commit, GError **error)
{
    guint top = commit->top->position;
    guint position = commit->options->shallow ? top + 1 : commit->chain->layers->len - 1;

    commit->base = qblk_chain_get_layer(commit->chain, position);
    if (commit->base == NULL || position == top) {
        return qblk_plan_refuse(error,
                                "'%s' is the bottom of its chain: there is no layer below "
                                "to commit it into",
                                commit->top_name);
    }
    commit->base_name = commit->base->filename;
    return TRUE;
}

/* The overlays below those that are kept, and the bottom. */
static gboolean
resolve_kept(Commit *commit, GError **error)
{
    const QblkChain *chain = commit->chain;
    commit->top = qblk_commit_keep_get_top(commit->options, chain, error);
    if (commit->top == NULL) {
        return FALSE;
    }

    guint position = commit->top->position;
    commit->top_name = commit->top->filename;
    commit->overlay = position == 0 ? NULL : qblk_chain_get_layer(chain, position - 1);
    commit->base = qblk_chain_get_layer(chain, chain->layers->len - 1);
    commit->base_name = commit->base->filename;
    return TRUE;
}

static gboolean
resolve_layers(Commit *commit, GError **error)
{
    if (qblk_commit_keeps(commit->options)) {
        return resolve_kept(commit, error);
    }
    if (!resolve_top(commit, error)) {
        return FALSE;
    }
    if (commit->options->base != NULL) {
        return resolve_named_base(commit, error);
    }
    return choose_default_base(commit, error);
}

/* ---- checks ---- */

/* The end has to fit the layers that are committed. */
static gboolean
check_end(const Commit *commit, GError **error)
{
    gboolean is_active = commit->top->position == 0;

    if (is_active && commit->is_inner) {
        return qblk_plan_refuse(error,
                                "'%s' is the active layer of its disk: use --active, --pivot or "
                                "--keep-overlay to commit it",
                                commit->top_name);
    }
    if (!is_active && !commit->is_inner) {
        return qblk_plan_refuse(error,
                                "'%s' is not the active layer of its disk: --active, --pivot and "
                                "--keep-overlay cannot be used",
                                commit->top_name);
    }
    if (is_active && commit->options->keep_relative) {
        return qblk_plan_refuse(error,
                                "'%s' has no overlay whose backing string could be kept relative: "
                                "--keep-relative cannot be used",
                                commit->top_name);
    }
    return TRUE;
}

/* TRUE if the committed layers leave the chain. */
static gboolean
removes_layers(const Commit *commit)
{
    return commit->is_inner || commit->options->end == QBLK_COMMIT_PIVOT;
}

static gboolean
check_filters(const Commit *commit, GError **error)
{
    if (!qblk_plan_filters_check_root(commit->context, commit->chain, error)) {
        return FALSE;
    }
    if (!qblk_plan_filters_check_write(commit->chain, commit->top, commit->base, error)) {
        return FALSE;
    }
    return commit->overlay == NULL ||
           qblk_plan_filters_check_header(commit->chain, commit->overlay, commit->top, commit->base,
                                          error);
}

static gboolean
check_commit(const Commit *commit, GError **error)
{
    if (!qblk_plan_check_order(commit->chain, commit->top, commit->top_name, commit->base,
                               commit->base_name, error)) {
        return FALSE;
    }
    if (!check_end(commit, error)) {
        return FALSE;
    }
    if (!qblk_plan_check_plaintext(commit->context, commit->chain, commit->top->position,
                                   commit->base->position, commit->base->filename,
                                   commit->base->encryption != NULL, error)) {
        return FALSE;
    }
    guint above =
        commit->top->position == 0 ? 0 : commit->top->position - 1; /* gets a new header */
    if (!qblk_plan_check_jobs(commit->context, commit->chain, above, commit->base->position,
                              error)) {
        return FALSE;
    }
    if (!qblk_plan_check_users(commit->context, commit->chain, commit->top, commit->base, error)) {
        return FALSE;
    }
    if (removes_layers(commit) &&
        !qblk_crash_guard_check(commit->context, commit->top, commit->chain->target, error)) {
        return FALSE;
    }
    return check_filters(commit, error) &&
           qblk_plan_check_readers(commit->context, commit->chain, commit->top, commit->base,
                                   removes_layers(commit), error);
}

/* QEMU opens the base again to write to it, and an overlay that is not the active layer. */
static gboolean
check_files(Commit *commit, GError **error)
{
    guint top = commit->top->position, base = commit->base->position;

    qblk_file_uses_init(&commit->uses, commit->chain);
    if (top > 0) {
        QblkFileUse use = top == 1 ? QBLK_USE_WRITE : QBLK_USE_REOPEN;
        qblk_file_uses_set(&commit->uses, top - 1, top, use);
    }
    qblk_file_uses_set(&commit->uses, top, base, QBLK_USE_READ);
    qblk_file_uses_set(&commit->uses, base, base + 1, QBLK_USE_REOPEN);
    return qblk_file_uses_check(&commit->uses, error);
}

static gboolean
choose_backing_name(Commit *commit, GError **error)
{
    if (!commit->is_inner) {
        return TRUE;
    }

    commit->backing_name =
        qblk_backing_string_choose(commit->context->snapshot, commit->chain, commit->overlay,
                                   commit->base, commit->options->keep_relative, error);
    return commit->backing_name != NULL;
}

/* ---- steps ---- */

static void
add_start(QblkPlan *plan, const Commit *commit)
{
    QblkJson *arguments = qblk_plan_job_arguments(plan, commit->context, !commit->is_inner);

    qblk_json_set_string(arguments, "device", commit->chain->root);
    qblk_json_set_string(arguments, "top-node", commit->top->node_name);
    qblk_json_set_string(arguments, "base-node", commit->base->node_name);
    if (commit->backing_name != NULL) {
        qblk_json_set_string(arguments, "backing-file", commit->backing_name);
    }
    if (commit->is_inner && commit->context->masks_protocol) {
        qblk_json_set_boolean(arguments, "backing-mask-protocol", TRUE);
    }

    (void)qblk_plan_add_job(plan, "start the job", "block-commit", arguments, plan->job,
                            commit->is_inner ? "pending" : "ready");
}

static void
add_steps(QblkPlan *plan, const Commit *commit)
{
    add_start(plan, commit);

    switch (commit->options->end) {
    case QBLK_COMMIT_ACTIVE:
        plan->stays_ready = TRUE;
        return;
    case QBLK_COMMIT_KEEP_OVERLAY:
        qblk_plan_add_leave(plan, "end the job and keep the overlay");
        qblk_plan_set_copy(plan, commit->base);
        return;
    case QBLK_COMMIT_PIVOT:
        qblk_plan_bitmaps_add_step(plan, TRUE);
        (void)qblk_plan_add_complete(plan, "make the base the active layer");
        qblk_plan_set_merged(plan, commit->top, commit->base);
        break;
    case QBLK_COMMIT_INNER:
        qblk_plan_bitmaps_add_step(plan, TRUE);
        qblk_plan_add_flush(plan, commit->context, commit->base->node_name);
        qblk_plan_add_finalize(plan);
        qblk_plan_filters_add_header(plan, commit->chain, commit->overlay, commit->top,
                                     commit->backing_name);
        break;
    }

    const GPtrArray *layers = commit->chain->layers;
    for (guint i = commit->top->position; i < commit->base->position; i++) {
        qblk_plan_add_close_layer(plan, commit->context, layers->pdata[i]);
        qblk_plan_filters_add_close(plan, commit->context, layers->pdata[i + 1]);
    }
}

static void
add_expectations(QblkPlan *plan, const Commit *commit)
{
    guint removed_from = removes_layers(commit) ? commit->top->position : G_MAXUINT;

    for (guint i = 0; i < commit->chain->layers->len; i++) {
        const QblkLayer *layer = commit->chain->layers->pdata[i];
        if (i + 1 == removed_from) {
            qblk_plan_filters_expect_header(plan, layer, commit->top, commit->backing_name);
        } else if (i < removed_from || i >= commit->base->position) {
            QblkExpectation *expectation = qblk_plan_expect(plan, layer);
            expectation->is_reopened = i == commit->base->position;
        }
    }
}

static gboolean
check_space(const Commit *commit, QblkPlan *plan, GError **error)
{
    const QblkNode *node =
        qblk_snapshot_find_node(commit->context->snapshot, commit->base->node_name);
    const QblkSpaceRequest request = {
        .chain = commit->chain,
        .first = commit->top->position,
        .end = commit->base->position,
        .into = commit->base,
        .skips_zeros = node == NULL || g_strcmp0(node->detects_zeroes, "off") != 0,
    };
    return qblk_plan_check_space(commit->context, &request, plan, error);
}

static gboolean
choose_bitmaps(QblkPlan *plan, const Commit *commit, GError **error)
{
    QblkBitmapMove move = {
        .context = commit->context,
        .chain = commit->chain,
        .first = commit->top->position,
        .end = commit->base->position,
        .direction = QBLK_BITMAPS_DOWN,
        .target = qblk_plan_bitmaps_get_target(commit->base),
        .is_deleted = commit->options->delete_removed,
    };

    if (!removes_layers(commit)) {
        return TRUE;
    }
    move.target.virtual_size = MAX(commit->top->virtual_size, commit->base->virtual_size);
    return qblk_plan_bitmaps_choose(plan, &move, error);
}

static QblkPlan *
make_plan(const Commit *commit, GError **error)
{
    const char *kind = commit->is_inner ? "commit" : "active-commit";
    g_autoptr(QblkPlan) plan = qblk_plan_new(kind, commit->context, commit->chain);
    qblk_plan_managed_warn(plan, commit->context);
    if (!qblk_plan_check_id(commit->context, plan, error)) {
        return NULL;
    }

    guint first_harmed = commit->top->position + (removes_layers(commit) ? 0 : 1);
    if (!qblk_shared_layers_check(commit->context, first_harmed, commit->base->position, plan,
                                  error)) {
        return NULL;
    }

    plan->writes = g_strdup(commit->base->filename);
    if (commit->top->position + 1 == commit->base->position) {
        plan->reads = g_strdup(commit->top->filename);
    }

    if (!choose_bitmaps(plan, commit, error)) {
        return NULL;
    }
    add_steps(plan, commit);
    if (removes_layers(commit)) {
        qblk_crash_guard_watch(plan, commit->context, commit->top);
    }
    if (!qblk_crash_guard_check_closed(plan, commit->context, error)) {
        return NULL;
    }
    gboolean is_pivot = commit->options->end == QBLK_COMMIT_PIVOT;
    if (!qblk_plan_check_size(commit->top, commit->base, is_pivot, plan, error)) {
        return NULL;
    }
    if (!check_space(commit, plan, error)) {
        return NULL;
    }
    if (removes_layers(commit) &&
        !qblk_plan_check_internal_snapshots(commit->context, commit->chain, commit->top->position,
                                            commit->base->position, commit->options->delete_removed,
                                            plan, error)) {
        return NULL;
    }
    if (commit->options->delete_removed && !qblk_plan_delete_removed(plan, error)) {
        return NULL;
    }
    add_expectations(plan, commit);
    qblk_file_uses_warn(&commit->uses, plan);
    return g_steal_pointer(&plan);
}

/* An active layer that stays in use is not deleted. */
static gboolean
check_deletion(const QblkCommitOptions *options, GError **error)
{
    gboolean keeps_active =
        options->end == QBLK_COMMIT_ACTIVE || options->end == QBLK_COMMIT_KEEP_OVERLAY;
    if (options->delete_removed && keeps_active) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "images can be deleted only if the commit ends with a pivot: otherwise the "
                    "active layer stays in use");
        return FALSE;
    }
    return TRUE;
}

QblkPlan *
qblk_plan_make_commit(const QblkPlanContext *context, const QblkCommitOptions *options,
                      GError **error)
{
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(context->snapshot, context->target, error);
    if (chain == NULL || !qblk_plan_check_disk(context, chain, error)) {
        return NULL;
    }

    g_auto(Commit) commit = {
        .context = context,
        .options = options,
        .chain = chain,
        .is_inner = options->end == QBLK_COMMIT_INNER,
    };
    if (!check_deletion(options, error) || !qblk_commit_keep_check(options, error)) {
        return NULL;
    }
    if (!resolve_layers(&commit, error)) {
        return NULL;
    }
    if (!qblk_plan_check_ignored_users(context, error) || !check_commit(&commit, error)) {
        return NULL;
    }
    if (!check_files(&commit, error)) {
        return NULL;
    }
    if (commit.is_inner && !qblk_plan_flush_check(context, commit.base, error)) {
        return NULL;
    }
    if (!choose_backing_name(&commit, error)) {
        return NULL;
    }
    return make_plan(&commit, error);
}
