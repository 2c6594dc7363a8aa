/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plans of block jobs, which can be inspected before they are run.  <qblk/planner.h> makes them.
 *
 * A plan does not change once it was made: several threads may use it at once.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QblkPlan:
 *
 * Everything that will be sent to QEMU for one job on one disk.
 *
 * Since: 0.1.0
 */
typedef struct QblkPlan QblkPlan;

/**
 * qblk_plan_ref:
 * @plan: the plan
 *
 * Returns: (transfer full): a further reference to @plan
 *
 * Since: 0.1.0
 */
QblkPlan *qblk_plan_ref(QblkPlan *plan);

/**
 * qblk_plan_unref:
 * @plan: (nullable) (transfer full): the plan
 *
 * Release a reference; the last one frees the plan.
 *
 * Since: 0.1.0
 */
void qblk_plan_unref(QblkPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkPlan, qblk_plan_unref)

/**
 * qblk_plan_to_json:
 * @plan: the plan
 *
 * Format a plan as `qblk commit --dry-run --json` prints it.
 *
 * Returns: (transfer full): the text of a JSON object
 *
 * Since: 0.1.0
 */
char *qblk_plan_to_json(const QblkPlan *plan) G_GNUC_WARN_UNUSED_RESULT;

/* ---- plans for several disks ---- */

/**
 * QblkPlans:
 *
 * The plans of one operation, for one disk each.  Several threads may read it at once after the
 * last plan was added.
 *
 * Since: 0.1.0
 */
typedef struct QblkPlans QblkPlans;

/**
 * qblk_plans_new:
 *
 * Returns: (transfer full): an empty list of plans
 *
 * Since: 0.1.0
 */
QblkPlans *qblk_plans_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_plans_ref:
 * @plans: the plans
 *
 * Returns: (transfer full): a further reference to @plans
 *
 * Since: 0.1.0
 */
QblkPlans *qblk_plans_ref(QblkPlans *plans);

/**
 * qblk_plans_unref:
 * @plans: (nullable) (transfer full): the plans
 *
 * Release a reference; the last one frees the list.
 *
 * Since: 0.1.0
 */
void qblk_plans_unref(QblkPlans *plans);

/**
 * qblk_plans_add:
 * @plans: the plans
 * @plan: a plan for a disk of the same VM, of which a reference is kept
 *
 * Add a plan to the plans of one operation.
 *
 * Since: 0.1.0
 */
void qblk_plans_add(QblkPlans *plans, QblkPlan *plan);

/**
 * qblk_plans_get_n_plans:
 * @plans: the plans
 *
 * Returns: the number of plans
 *
 * Since: 0.1.0
 */
guint qblk_plans_get_n_plans(const QblkPlans *plans);

/**
 * qblk_plans_get_plan:
 * @plans: the plans
 * @index: from 0
 *
 * Returns: (transfer none) (nullable): the plan; NULL if there are not so many
 *
 * Since: 0.1.0
 */
const QblkPlan *qblk_plans_get_plan(const QblkPlans *plans, guint index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkPlans, qblk_plans_unref)

G_END_DECLS
