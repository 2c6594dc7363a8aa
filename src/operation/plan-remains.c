/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/plan-remains.h"

#include "plan/plan-json.h"

static QblkPlan *
copy_plan(const QblkPlan *plan)
{
    g_autoptr(QblkJson) json = qblk_plan_json_new(plan);
    QblkPlan *copy = qblk_plan_json_read(json, NULL);
    g_assert(copy != NULL);

    for (guint i = 0; i < plan->warnings->len; i++) {
        g_ptr_array_add(copy->warnings, g_strdup(plan->warnings->pdata[i]));
    }
    copy->state_dir = g_strdup(plan->state_dir);
    copy->is_local = plan->is_local;
    copy->is_read = plan->is_read;
    copy->is_forced = plan->is_forced;
    copy->keeps_writer = plan->keeps_writer;
    return copy;
}

QblkPlan *
qblk_plan_remains_new(const QblkPlan *plan, const char *name, const char *reason)
{
    QblkPlan *copy = copy_plan(plan);
    for (guint i = 0; i < copy->mends->len; i++) {
        QblkPlannedMend *mend = copy->mends->pdata[i];
        if (g_strcmp0(mend->removes, name) == 0) {
            g_clear_pointer(&mend->result, g_free);
            mend->remains_because = g_strdup(reason);
            g_clear_pointer(&mend->removes, g_free);
        }
    }
    return copy;
}

QblkPlan *
qblk_plan_remains_new_writer(const QblkPlan *plan)
{
    QblkPlan *copy = copy_plan(plan);
    copy->keeps_writer = TRUE;
    return copy;
}
