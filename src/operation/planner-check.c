/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/planner-check.h"

#include "blockjob/delete-images.h"
#include "blockjob/merged-mark-plan.h"
#include "blockjob/plan-schema.h"
#include "image/process.h"
#include "plan/plan-check.h"

static gint64
find_process(const QblkClient *client)
{
    return client == NULL ? 0 : qblk_process_behind(qblk_client_get_fd(client));
}

gboolean
qblk_planner_is_local(QblkClient *client, const QblkPlan *plan)
{
    return client != NULL && qblk_client_is_local(client) &&
           qblk_delete_images_is_here(plan, find_process(client), FALSE);
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
        return qblk_plan_refuse(error, "cannot delete images after the job: QEMU runs on another "
                                       "machine; without --delete, qblk lists the images to "
                                       "delete by hand");
    }
    return qblk_delete_images_identify(plan, find_process(client), error);
}

/* A stale image lacks data. */
static gboolean
check_marks(QblkClient *client, const QblkPlan *plan, GError **error)
{
    if (!qblk_planner_is_local(client, plan)) {
        return TRUE;
    }

    g_autoptr(QblkMergedMarks) marks = qblk_merged_marks_load(plan->state_dir);
    return qblk_merged_mark_check(plan, marks, error);
}

gboolean
qblk_planner_check(QblkClient *client, QblkPlan *plan, GError **error)
{
    return check_schema(client, plan, error) && check_deletion(client, plan, error) &&
           check_marks(client, plan, error);
}
