/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/plans.h"

static void
free_plan(gpointer data)
{
    qblk_plan_unref(data);
}

static void
free_skipped(gpointer data)
{
    QblkSkippedDisk *skipped = data;
    g_free(skipped->target);
    g_free(skipped->reason);
    g_free(skipped);
}

QblkPlans *
qblk_plans_new(void)
{
    QblkPlans *plans = g_new0(QblkPlans, 1);
    g_atomic_ref_count_init(&plans->references);
    plans->plans = g_ptr_array_new_with_free_func(free_plan);
    plans->skipped = g_ptr_array_new_with_free_func(free_skipped);
    return plans;
}

QblkPlans *
qblk_plans_new_one(QblkPlan *plan)
{
    g_autoptr(QblkPlan) only = plan;
    if (only == NULL) {
        return NULL;
    }

    QblkPlans *plans = qblk_plans_new();
    qblk_plans_add(plans, only);
    return plans;
}

QblkPlans *
qblk_plans_ref(QblkPlans *plans)
{
    g_atomic_ref_count_inc(&plans->references);
    return plans;
}

void
qblk_plans_unref(QblkPlans *plans)
{
    if (plans == NULL || !g_atomic_ref_count_dec(&plans->references)) {
        return;
    }

    g_ptr_array_unref(plans->plans);
    g_ptr_array_unref(plans->skipped);
    g_free(plans);
}

void
qblk_plans_add(QblkPlans *plans, const QblkPlan *plan)
{
    g_ptr_array_add(plans->plans, qblk_plan_ref(plan));
}

QblkPlans *
qblk_plans_copy(const QblkPlans *plans)
{
    QblkPlans *copy = qblk_plans_new();
    for (guint i = 0; i < plans->plans->len; i++) {
        qblk_plans_add(copy, plans->plans->pdata[i]);
    }
    return copy;
}

gboolean
qblk_plans_has_plan_for(const QblkPlans *plans, guint count, const QblkPlan *plan)
{
    for (guint i = 0; i < count; i++) {
        const QblkPlan *other = plans->plans->pdata[i];
        if (g_str_equal(other->target, plan->target) || g_str_equal(other->job, plan->job)) {
            return TRUE;
        }
    }
    return FALSE;
}

void
qblk_plans_skip(QblkPlans *plans, const char *target, const char *reason)
{
    QblkSkippedDisk *skipped = g_new(QblkSkippedDisk, 1);
    *skipped = (QblkSkippedDisk){.target = g_strdup(target), .reason = g_strdup(reason)};
    g_ptr_array_add(plans->skipped, skipped);
}

guint
qblk_plans_get_n_plans(const QblkPlans *plans)
{
    return plans->plans->len;
}

const QblkPlan *
qblk_plans_get_plan(const QblkPlans *plans, guint index)
{
    return index < plans->plans->len ? plans->plans->pdata[index] : NULL;
}

guint
qblk_plans_get_n_skipped(const QblkPlans *plans)
{
    return plans->skipped->len;
}

static const QblkSkippedDisk *
get_skipped(const QblkPlans *plans, guint index)
{
    return index < plans->skipped->len ? plans->skipped->pdata[index] : NULL;
}

const char *
qblk_plans_get_skipped_target(const QblkPlans *plans, guint index)
{
    const QblkSkippedDisk *skipped = get_skipped(plans, index);
    return skipped == NULL ? NULL : skipped->target;
}

const char *
qblk_plans_get_skipped_reason(const QblkPlans *plans, guint index)
{
    const QblkSkippedDisk *skipped = get_skipped(plans, index);
    return skipped == NULL ? NULL : skipped->reason;
}
