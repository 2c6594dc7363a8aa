/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/planner-check.h"

#include "blockjob/delete-images.h"
#include "blockjob/merged-mark-plan.h"
#include "blockjob/plan-schema.h"
#include "image/image-client.h"
#include "image/image-error.h"
#include "plan/plan-check.h"

static gint64
find_process(QblkClient *client)
{
    return client == NULL ? 0 : qblk_client_get_process(client);
}

static gboolean
check_schema(QblkClient *client, const QblkSnapshot *snapshot, const QblkPlan *plan, GError **error)
{
    if (client == NULL || qblk_plan_schema_is_known(plan, snapshot)) {
        return TRUE;
    }

    const QblkSchema *schema = qblk_client_get_schema(client, error);
    return schema != NULL && qblk_plan_schema_check(plan, schema, error);
}

/* Images that are deleted have to be files of this machine. */
static gboolean
check_deletion(QblkClient *client, QblkPlan *plan, GError **error)
{
    gboolean is_remote = client != NULL && !qblk_client_is_local(client);

    if (is_remote && qblk_delete_images_has_any(plan)) {
        return qblk_plan_refuse(
            error, "option --delete is not valid for '%s': its files are not on this machine",
            qblk_client_get_address(client));
    }
    return qblk_delete_images_identify(plan, find_process(client), error);
}

/* A stale image lacks data. */
static gboolean
check_marks(const QblkPlan *plan, GError **error)
{
    if (!plan->is_local) {
        return TRUE;
    }

    g_autoptr(QblkMergedMarks) marks = qblk_merged_marks_load(plan->state_dir);
    return qblk_merged_mark_check(plan, marks, error);
}

/* The daemon of an image ends with this program, and its jobs with it. */
static gboolean
check_end(const QblkClient *client, const QblkPlan *plan, GError **error)
{
    gboolean is_image = client != NULL && qblk_client_get_image_path(client) != NULL;
    if (!is_image || !plan->stays_ready) {
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "job '%s' cannot stay ready: the image is closed when this program "
                            "ends: use --pivot, or %s to stay on the image",
                            plan->job,
                            g_str_equal(plan->kind, "copy") ? "--finish" : "--keep-overlay");
}

/* TRUE if @plan writes to the image @layer: a step names its node as the one to write to, or the
 * header is written. */
static gboolean
writes_to(const QblkPlan *plan, const QblkExpectation *layer)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        gboolean is_commit = g_strcmp0(step->command, "block-commit") == 0;
        gboolean is_stream = g_strcmp0(step->command, "block-stream") == 0;
        const char *argument = is_commit ? "base-node" : "device";
        const char *node = qblk_json_get_string(step->arguments, argument);
        if ((is_commit || is_stream) && g_strcmp0(node, layer->node_name) == 0) {
            return TRUE;
        }
    }
    for (guint i = 0; i < plan->after->len; i++) {
        const QblkExpectation *after = plan->after->pdata[i];
        if (after->names_next && g_strcmp0(after->node_name, layer->node_name) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* A process that has an image open without a lock, or reads one that is only a backing file, is
 * not noticed by QEMU before it writes. */
static gboolean
check_openers(QblkClient *client, QblkPlan *plan, GError **error)
{
    gboolean is_image = client != NULL && qblk_client_get_image_path(client) != NULL;

    for (guint i = 0; is_image && i < plan->before->len; i++) {
        const QblkExpectation *layer = plan->before->pdata[i];
        g_autoptr(GError) cause = NULL;
        if (layer->path == NULL || !writes_to(plan, layer) ||
            qblk_image_error_check_free(layer->path, find_process(client), &cause)) {
            continue;
        }
        if (!plan->is_shown_only) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
        g_ptr_array_add(plan->warnings, g_strdup(cause->message));
    }
    return TRUE;
}

gboolean
qblk_planner_check(QblkClient *client, const QblkSnapshot *snapshot, QblkPlan *plan, GError **error)
{
    if (!check_end(client, plan, error) || !check_openers(client, plan, error)) {
        return FALSE;
    }
    plan->is_local = client != NULL && qblk_client_is_local(client) &&
                     qblk_delete_images_is_here(plan, find_process(client), FALSE);
    return check_schema(client, snapshot, plan, error) && check_deletion(client, plan, error) &&
           check_marks(plan, error);
}
