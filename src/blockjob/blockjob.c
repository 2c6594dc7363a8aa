/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/blockjob.h>

#include "blockjob/delete-images.h"
#include "blockjob/merged-mark-plan.h"
#include "blockjob/plan-schema.h"
#include "blockjob/run.h"
#include "image/process.h"
#include "plan/plan-check.h"
#include "plan/plan-commit.h"
#include "plan/plan-json.h"
#include "plan/plan-pull.h"
#include "plan/plan-space.h"

#define PROGRESS_MS 300

/* The schema of this QEMU, and what it means for plans. */
static QblkSchema *
query_schema(QblkClient *client, QblkPlanContext *context, GError **error)
{
    g_autoptr(QblkJson) reply = qblk_client_call(client, "query-qmp-schema", NULL, error);
    QblkSchema *schema = reply == NULL ? NULL : qblk_schema_new(reply, error);
    if (schema != NULL) {
        qblk_plan_schema_set_features(context, schema);
    }
    return schema;
}

static void
context_init(QblkPlanContext *context, const QblkSnapshot *snapshot, const char *disk,
             const QblkJobLimits *limits)
{
    *context = (QblkPlanContext){
        .snapshot = snapshot,
        .target = disk,
        .space = qblk_plan_space_of_machine(),
    };
    if (limits != NULL) {
        context->speed = limits->speed;
        context->force_managed = limits->force_managed;
        context->allow_plaintext = limits->allow_plaintext;
        context->drops_bitmaps = limits->drop_bitmaps;
        context->ignored_users = limits->ignored_users;
        context->delete_internal_snapshots = limits->delete_internal_snapshots;
    }
}

/* TRUE if the files that @plan names are those of this machine. */
static gboolean
is_here(const QblkPlan *plan, gint64 pid)
{
    return pid != 0 && qblk_delete_images_is_here(plan, pid, FALSE);
}

static gboolean
check_marks(const QblkPlan *plan, GError **error)
{
    g_autoptr(QblkMergedMarks) marks = qblk_merged_marks_load(plan->state_dir);
    return qblk_merged_mark_check(plan, marks, error);
}

/* @plan: (transfer full) (nullable). */
static QblkPlan *
check_plan(QblkPlan *plan, QblkClient *client, const QblkSchema *schema,
           const QblkJobLimits *limits, GError **error)
{
    g_autoptr(QblkPlan) made = plan;
    gint64 pid = qblk_process_behind(qblk_client_get_fd(client));
    if (made == NULL || !qblk_plan_schema_check(made, schema, error)) {
        return NULL;
    }

    made->state_dir = limits == NULL ? NULL : g_strdup(limits->state_directory);
    if (is_here(made, pid) && !check_marks(made, error)) {
        return NULL;
    }

    if (!qblk_delete_images_identify(made, pid, error)) {
        return NULL;
    }

    return g_steal_pointer(&made);
}

QblkPlan *
qblk_blockjob_plan_commit(QblkClient *client, const QblkSnapshot *snapshot, const char *disk,
                          const QblkCommitOptions *options, const QblkJobLimits *limits,
                          GError **error)
{
    QblkPlanContext context;
    context_init(&context, snapshot, disk, limits);
    g_autoptr(QblkSchema) schema = query_schema(client, &context, error);
    return schema == NULL ? NULL
                          : check_plan(qblk_plan_commit(&context, options, error), client, schema,
                                       limits, error);
}

QblkPlan *
qblk_blockjob_plan_pull(QblkClient *client, const QblkSnapshot *snapshot, const char *disk,
                        const QblkPullOptions *options, const QblkJobLimits *limits, GError **error)
{
    QblkPlanContext context;
    context_init(&context, snapshot, disk, limits);
    g_autoptr(QblkSchema) schema = query_schema(client, &context, error);
    return schema == NULL ? NULL
                          : check_plan(qblk_plan_pull(&context, options, error), client, schema,
                                       limits, error);
}

char *
qblk_blockjob_plan_to_json(const QblkPlan *plan)
{
    g_autoptr(QblkJson) json = qblk_plan_json_new(plan);
    return qblk_json_print(json, QBLK_JSON_INDENT);
}

typedef struct {
    QblkBlockjobProgress progress;
    gpointer user_data;
} Report;

static void
report_progress(const QblkPlan *plan, const QblkRunProgress *progress, gpointer user_data)
{
    const Report *to = user_data;
    to->progress(progress->done, progress->total, to->user_data);
}

gboolean
qblk_blockjob_run(QblkClient *client, const char *address, const QblkPlan *plan,
                  QblkBlockjobProgress progress, gpointer user_data, GError **error)
{
    Report to = {progress, user_data};
    gint64 pid = qblk_process_behind(qblk_client_get_fd(client));
    const QblkRunOptions options = {
        .address = address,
        .stop_fd = -1,
        .keeps_events = TRUE,
        .report_ms = progress == NULL ? 0 : PROGRESS_MS,
        .report = report_progress,
        .user_data = &to,
        .is_local = is_here(plan, pid),
        .state_dir = plan->state_dir,
    };
    const QblkMergedImages images = qblk_merged_mark_of_plan(plan);
    if (options.is_local && !qblk_merged_mark_find_place(&images, plan->state_dir, error)) {
        return FALSE;
    }
    return qblk_run_one(client, plan, &options, error);
}
