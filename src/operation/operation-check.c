/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/operation-check.h"

#include "operation/plans.h"
#include "plan/plan-monitor.h"

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

/* The marks of an operation are written in one directory, where recovery looks for both. */
static gboolean
check_directory(const QblkPlan *plan, const QblkPlan *first, GError **error)
{
    gboolean is_same = g_strcmp0(plan->state_dir, first->state_dir) == 0;
    if (!is_same) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                    "the plans for '%s' and '%s' have different state directories: run them in two "
                    "operations, or plan again with one directory",
                    first->target, plan->target);
    }
    return is_same;
}

gboolean
qblk_operation_check_plans(const QblkPlans *plans, GError **error)
{
    for (guint i = 0; i < plans->plans->len; i++) {
        const QblkPlan *plan = plans->plans->pdata[i];
        if (plan->is_shown_only) {
            g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                        "the plan for '%s' was made for a dry run: plan again to run it",
                        plan->target);
            return FALSE;
        }
        if (qblk_plans_has_plan_for(plans, i, plan)) {
            g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                        "there are two plans for '%s', or for its job '%s'", plan->target,
                        plan->job);
            return FALSE;
        }
        if (qblk_plan_is_of_monitor(plan) && plans->plans->len > 1) {
            g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                        "the plan for monitor '%s' cannot be run together with others",
                        plan->target);
            return FALSE;
        }
        if (!check_directory(plan, plans->plans->pdata[0], error)) {
            return FALSE;
        }
    }
    return TRUE;
}
