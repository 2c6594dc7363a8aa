/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/planner-request.h"

#include "blockjob/plan-schema.h"
#include "image/image-client.h"
#include "operation/planner-check.h"
#include "plan/plan-check.h"
#include "plan/plan-monitor.h"
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

static void
secret_free(gpointer data)
{
    qblk_secret_file_free(data);
}

/* A relative path is relative to this process, not to QEMU: only valid on the same machine. */
static gboolean
set_secrets(QblkPlannerRequest *request, GError **error)
{
    const GPtrArray *secrets = request->options->secrets;
    gboolean is_local = request->client != NULL && qblk_client_is_local(request->client);

    request->secrets = g_ptr_array_new_with_free_func(secret_free);
    for (guint i = 0; i < secrets->len; i++) {
        const QblkSecretFile *secret = secrets->pdata[i];
        if (!is_local && !g_path_is_absolute(secret->path)) {
            return qblk_plan_refuse(error, "invalid path '%s' of secret '%s': use an absolute path",
                                    secret->path, secret->id);
        }

        QblkSecretFile *absolute = g_new0(QblkSecretFile, 1);
        absolute->id = g_strdup(secret->id);
        absolute->path = g_canonicalize_filename(secret->path, NULL);
        g_ptr_array_add(request->secrets, absolute);
    }
    request->context.secrets = request->secrets;
    return TRUE;
}

static gboolean
set_features(QblkPlannerRequest *request, GError **error)
{
    if (request->client == NULL || qblk_plan_schema_know_features(&request->context)) {
        return TRUE;
    }

    const QblkSchema *schema = qblk_client_get_schema(request->client, error);
    if (schema != NULL) {
        qblk_plan_schema_set_features(&request->context, schema);
    }
    return schema != NULL;
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
    if (!set_secrets(request, error)) {
        return FALSE;
    }

    /* The private daemon of an image has been started with them. */
    request->context.has_secret_objects =
        client != NULL && qblk_client_get_image_path(client) != NULL;
    request->context.image_layers = client == NULL ? NULL : qblk_client_get_image_layers(client);
    return set_features(request, error);
}

void
qblk_planner_request_clear(QblkPlannerRequest *request)
{
    g_clear_pointer(&request->secrets, g_ptr_array_unref);
    qblk_json_unref(request->objects);
    qblk_plan_options_unref(request->defaults);
}

void
qblk_planner_request_look_up_objects(QblkPlannerRequest *request)
{
    g_autoptr(QblkJson) arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "path", QBLK_PLAN_MONITOR_OBJECTS);

    if (request->client != NULL && request->objects == NULL) {
        request->objects = qblk_client_call(request->client, "qom-list", arguments, NULL);
        request->context.objects = request->objects;
    }
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
    return qblk_planner_check(request->client, request->context.snapshot, made, error)
               ? g_steal_pointer(&made)
               : NULL;
}
