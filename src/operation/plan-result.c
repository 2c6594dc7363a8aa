/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/plan-result.h>

#include "blockjob/merged-mark-plan.h"
#include "plan/plan-text.h"

const char *
qblk_plan_result_name(const QblkPlan *plan, gboolean is_detached)
{
    if (is_detached) {
        return "started";
    }
    if (qblk_plan_keeps_job(plan)) {
        return "done";
    }
    if (plan->outcome != NULL) {
        return plan->outcome;
    }
    return plan->stays_ready ? "ready" : "done";
}

char *
qblk_plan_result_to_text(const QblkPlan *plan, gboolean is_detached)
{
    GString *out = g_string_new(NULL);

    qblk_plan_text_result(plan, qblk_plan_result_name(plan, is_detached), out);
    return g_string_free(out, FALSE);
}

char *
qblk_plan_find_mark(const QblkPlan *plan)
{
    const QblkMergedImages images = qblk_merged_mark_of_plan(plan);
    const char *image = qblk_plan_is_cancel(plan) ? plan->partial : images.image;
    if (image == NULL || !plan->is_local) {
        return NULL;
    }

    g_autoptr(QblkMergedMark) mark = qblk_merged_mark_read(image, plan->state_dir);
    return mark == NULL ? NULL : g_steal_pointer(&mark->place);
}
