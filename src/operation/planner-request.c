/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/planner-request.h"

#include "blockjob/plan-schema.h"
#include "image/image-client.h"
#include "operation/planner-check.h"
#include "plan/plan-space.h"
#include "recover/state-directory.h"

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

gboolean
qblk_planner_request_init(QblkPlannerRequest *request, QblkClient *client,
                          const QblkSnapshot *snapshot, const char *disk,
                          const QblkPlanOptions *options, GError **error)
{
    request->client = client;
    request->defaults = options == NULL ? qblk_plan_options_new() : NULL;
    request->options = options == NULL ? request->defaults : options;
    request->context.snapshot = snapshot;
    request->context.target = disk;
    request->context.space = qblk_plan_space_of_machine();
    request->context.is_dry_run = request->options->dry_run || client == NULL;
    set_options(&request->context, request->options);

    request->context.image_layers = client == NULL ? NULL : qblk_client_get_image_layers(client);
    const QblkSchema *schema = client == NULL ? NULL : qblk_client_get_schema(client, error);
    if (schema != NULL) {
        qblk_plan_schema_set_features(&request->context, schema);
    }
    return schema != NULL || client == NULL;
}

void
qblk_planner_request_clear(QblkPlannerRequest *request)
{
    qblk_plan_options_unref(request->defaults);
}

QblkPlan *
qblk_planner_request_end(const QblkPlannerRequest *request, QblkPlan *plan, GError **error)
{
    g_autoptr(QblkPlan) made = plan;
    if (made == NULL) {
        return NULL;
    }

    made->state_dir = qblk_state_directory_get(request->options->state_directory);
    made->is_shown_only = request->context.is_dry_run;
    return qblk_planner_check(request->client, made, error) ? g_steal_pointer(&made) : NULL;
}
