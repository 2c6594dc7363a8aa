/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/overlay-files.h"
#include "operation/planner-overlay.h"
#include "operation/plans.h"
#include "plan/commit-keep.h"
#include "plan/plan-check.h"
#include "plan/plan-space.h"

/* Makes the plan for one disk. */
typedef struct {
    QblkClient *client;
    const QblkSnapshot *snapshot;
    gconstpointer options; /* of the kind of plan */
    const QblkPlanOptions *plan_options;
    const QblkCommitOptions *commit; /* NULL: another kind of plan */
    QblkPlan *(*plan)(const char *disk, gconstpointer user_data, GError **error);
    gboolean allows_one_layer;
    const QblkPlans *plans; /* those that were made before; NULL: they do not matter */
} PlanAll;

/* Why a disk is left out, owned; or NULL. */
static char *
describe_skipped(const PlanAll *all, const QblkChain *chain)
{
    if (chain->layers->len == 0) {
        return g_strdup("the drive is empty");
    }
    if (chain->kind == QBLK_DEVICE_KIND_CDROM) {
        return g_strdup("it is a cdrom");
    }
    if (chain->read_only) {
        return g_strdup("it is read-only");
    }
    const QblkLayer *top = qblk_chain_get_layer(chain, 0);
    if (all->plans != NULL && top->file != NULL && top->file->is_deleted) {
        return g_strdup("the file of its active image was deleted, as that of snapshot=on is");
    }
    if (chain->layers->len == 1 && !all->allows_one_layer) {
        return g_strdup("it has only one layer");
    }
    if (all->commit == NULL || !qblk_commit_keep_is_done(all->commit, chain)) {
        return NULL;
    }

    g_autofree char *overlays = qblk_commit_keep_describe(chain);
    return g_strdup_printf("it has %s", overlays);
}

static gboolean
plan_or_skip(QblkPlans *plans, const PlanAll *all, const char *disk, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(all->snapshot, disk, &cause);

    if (g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }

    g_autofree char *reason =
        chain == NULL ? g_strdup(cause->message) : describe_skipped(all, chain);
    if (reason != NULL) {
        qblk_plans_skip(plans, disk, reason);
        return TRUE;
    }

    g_autoptr(QblkPlan) plan = all->plan(disk, all, error);
    if (plan == NULL) {
        g_prefix_error(error, "%s: ", disk);
        return FALSE;
    }
    qblk_plans_add(plans, plan);
    return TRUE;
}

static gboolean
add_all(QblkPlans *plans, const PlanAll *all, GError **error)
{
    const char *const *disks = qblk_snapshot_get_targets(all->snapshot);

    for (guint i = 0; disks[i] != NULL; i++) {
        if (!plan_or_skip(plans, all, disks[i], error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* A disk that is named is not skipped. */
static gboolean
add_named(QblkPlans *plans, const PlanAll *all, const char *const *disks, GError **error)
{
    for (guint i = 0; disks[i] != NULL; i++) {
        g_autoptr(QblkPlan) plan = all->plan(disks[i], all, error);
        if (plan == NULL) {
            return FALSE;
        }
        if (qblk_plans_has_plan_for(plans, plans->plans->len, plan)) {
            return qblk_plan_refuse(error, "disk '%s' is named twice", plan->target);
        }
        qblk_plans_add(plans, plan);
    }
    return TRUE;
}

static QblkPlans *
plan_all(const PlanAll *all, GError **error)
{
    g_autoptr(QblkPlans) plans = qblk_plans_new();

    if (!add_all(plans, all, error) || !qblk_plan_check_space_of_all(plans->plans, error)) {
        return NULL;
    }
    return g_steal_pointer(&plans);
}

static QblkPlan *
commit_one(const char *disk, gconstpointer user_data, GError **error)
{
    const PlanAll *all = user_data;

    return qblk_plan_commit(all->client, all->snapshot, disk, all->options, all->plan_options,
                            error);
}

QblkPlans *
qblk_plans_new_commit_all(QblkClient *client, const QblkSnapshot *snapshot,
                          const QblkCommitOptions *options, const QblkPlanOptions *plan_options,
                          GError **error)
{
    const PlanAll all = {client, snapshot, options, plan_options, options, commit_one, FALSE, NULL};

    return plan_all(&all, error);
}

static QblkPlan *
pull_one(const char *disk, gconstpointer user_data, GError **error)
{
    const PlanAll *all = user_data;

    return qblk_plan_pull(all->client, all->snapshot, disk, all->options, all->plan_options, error);
}

QblkPlans *
qblk_plans_new_pull_all(QblkClient *client, const QblkSnapshot *snapshot,
                        const QblkPullOptions *options, const QblkPlanOptions *plan_options,
                        GError **error)
{
    const PlanAll all = {client, snapshot, options, plan_options, NULL, pull_one, FALSE, NULL};

    return plan_all(&all, error);
}

/* The plan of the first disk creates the secret object of all. */
static QblkPlan *
overlay_one(const char *disk, gconstpointer user_data, GError **error)
{
    const PlanAll *all = user_data;
    gboolean has_secret = all->plans->plans->len > 0;

    return qblk_planner_overlay_make(all->client, all->snapshot, disk, all->options,
                                     all->plan_options, has_secret, error);
}

QblkPlans *
qblk_plans_new_overlay(QblkClient *client, const QblkSnapshot *snapshot, const char *const *disks,
                       const QblkOverlayOptions *options, const QblkPlanOptions *plan_options,
                       GError **error)
{
    /* With one time for all disks. */
    g_autoptr(QblkOverlayOptions) resolved = qblk_overlay_files_resolve(options, snapshot, error);
    if (resolved == NULL) {
        return NULL;
    }

    g_autoptr(QblkPlans) plans = qblk_plans_new();
    const PlanAll all = {client, snapshot, resolved, plan_options, NULL, overlay_one, TRUE, plans};
    gboolean is_planned =
        disks == NULL ? add_all(plans, &all, error) : add_named(plans, &all, disks, error);
    if (!is_planned || !qblk_overlay_files_check(resolved, plans, error) ||
        !qblk_plan_check_space_of_all(plans->plans, error)) {
        return NULL;
    }
    return g_steal_pointer(&plans);
}
