/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/planner.h>

#include "blockjob/plan-schema.h"
#include "operation/planner-check.h"
#include "plan/merge-options.h"
#include "plan/plan-commit.h"
#include "plan/plan-pull.h"
#include "plan/plan-space.h"
#include "recover/state-directory.h"

/* What a plan is made for, and from; borrowed, unless noted. */
typedef struct {
    QblkClient *client;
    const QblkPlanOptions *options;
    QblkPlanOptions *defaults; /* owned, or NULL */
    QblkPlanContext context;
} Planner;

static void
planner_clear(Planner *planner)
{
    qblk_plan_options_unref(planner->defaults);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Planner, planner_clear)

static void
set_options(QblkPlanContext *context, const QblkPlanOptions *options)
{
    context->speed = options->speed;
    context->allow_plaintext = options->allow_plaintext;
    context->delete_internal_snapshots = options->delete_internal_snapshots;
    context->drops_bitmaps = options->drop_bitmaps;
    context->force_managed = options->force_managed;
    context->ignored_users = (const char *const *)options->ignored_users->pdata;
}

/* FALSE with an error if QEMU does not tell what it supports. */
static gboolean
planner_init(Planner *planner, QblkClient *client, const QblkSnapshot *snapshot, const char *disk,
             const QblkPlanOptions *options, GError **error)
{
    planner->client = client;
    planner->defaults = options == NULL ? qblk_plan_options_new() : NULL;
    planner->options = options == NULL ? planner->defaults : options;
    planner->context.snapshot = snapshot;
    planner->context.target = disk;
    planner->context.space = qblk_plan_space_of_machine();
    planner->context.is_dry_run = planner->options->dry_run || client == NULL;
    set_options(&planner->context, planner->options);

    const QblkSchema *schema = client == NULL ? NULL : qblk_client_get_schema(client, error);
    if (schema != NULL) {
        qblk_plan_schema_set_features(&planner->context, schema);
    }
    return schema != NULL || client == NULL;
}

/* @plan: (transfer full) (nullable) */
static QblkPlan *
planner_end(const Planner *planner, QblkPlan *plan, GError **error)
{
    g_autoptr(QblkPlan) made = plan;
    if (made == NULL) {
        return NULL;
    }

    made->state_dir = qblk_state_directory_get(planner->options->state_directory);
    made->is_shown_only = planner->context.is_dry_run;
    return qblk_planner_check(planner->client, made, error) ? g_steal_pointer(&made) : NULL;
}

QblkPlan *
qblk_plan_commit(QblkClient *client, const QblkSnapshot *snapshot, const char *disk,
                 const QblkCommitOptions *options, const QblkPlanOptions *plan_options,
                 GError **error)
{
    static const QblkCommitOptions defaults = {.top = NULL};
    g_auto(Planner) planner = {0};

    if (!planner_init(&planner, client, snapshot, disk, plan_options, error)) {
        return NULL;
    }
    return planner_end(
        &planner,
        qblk_plan_make_commit(&planner.context, options == NULL ? &defaults : options, error),
        error);
}

QblkPlan *
qblk_plan_pull(QblkClient *client, const QblkSnapshot *snapshot, const char *disk,
               const QblkPullOptions *options, const QblkPlanOptions *plan_options, GError **error)
{
    static const QblkPullOptions defaults = {.base = NULL};
    g_auto(Planner) planner = {0};

    if (!planner_init(&planner, client, snapshot, disk, plan_options, error)) {
        return NULL;
    }
    return planner_end(
        &planner,
        qblk_plan_make_pull(&planner.context, options == NULL ? &defaults : options, error), error);
}
