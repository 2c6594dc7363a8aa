/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/planner-check.h"

#include "blockjob/delete-images.h"
#include "blockjob/merged-mark-plan.h"
#include "blockjob/plan-schema.h"
#include "image/image-client.h"
#include "plan/plan-check.h"

static gint64
find_process(const QblkClient *client)
{
    return client == NULL ? 0 : qblk_client_get_process(client);
}

static gboolean
check_schema(QblkClient *client, const QblkPlan *plan, GError **error)
{
    const QblkSchema *schema = client == NULL ? NULL : qblk_client_get_schema(client, error);
    if (schema == NULL) {
        return client == NULL;
    }
    return qblk_plan_schema_check(plan, schema, error);
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

gboolean
qblk_planner_check(QblkClient *client, QblkPlan *plan, GError **error)
{
    if (!check_end(client, plan, error)) {
        return FALSE;
    }
    plan->is_local = client != NULL && qblk_client_is_local(client) &&
                     qblk_delete_images_is_here(plan, find_process(client), FALSE);
    return check_schema(client, plan, error) && check_deletion(client, plan, error) &&
           check_marks(plan, error);
}
