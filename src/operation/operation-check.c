/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/operation-check.h"

#include "operation/plans.h"

/* TRUE if @plan ends a job that waits when it is ready: it has a later step that switches the guest
 * or cancels the job. */
static gboolean
ends_ready_job(const QblkPlan *plan)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        if (step->is_start) {
            return g_strcmp0(step->until, "ready") == 0 && !plan->stays_ready;
        }
    }
    return FALSE;
}

gboolean
qblk_operation_check_detached(const QblkPlans *plans, GError **error)
{
    for (guint i = 0; i < plans->plans->len; i++) {
        const QblkPlan *plan = plans->plans->pdata[i];
        for (guint j = 0; j < plan->removed->len; j++) {
            const QblkRemovedImage *image = plan->removed->pdata[j];
            if (image->will_delete) {
                g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                            "a detached operation cannot delete '%s', because it does not wait for "
                            "the job",
                            qblk_plan_removed_name(image));
                return FALSE;
            }
        }
        if (!qblk_plan_has_job(plan)) {
            g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                        "the %s of '%s' cannot be detached: it has no job that continues by itself",
                        plan->kind, plan->target);
            return FALSE;
        }
        if (ends_ready_job(plan)) {
            g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                        "a detached operation cannot end job '%s', because it does not wait: plan "
                        "a job that stays ready",
                        plan->job);
            return FALSE;
        }
    }
    return TRUE;
}
