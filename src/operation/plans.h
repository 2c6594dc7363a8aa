/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The plans of one operation, for several disks.
 */
#pragma once

#include "plan/plan.h"

#include <qblk/plans.h>

/** A disk that an operation on all disks leaves out. */
typedef struct {
    char *target; /* owned */
    char *reason; /* owned */
} QblkSkippedDisk;

struct QblkPlans {
    gatomicrefcount references;
    GPtrArray *plans;   /* of QblkPlan, owned */
    GPtrArray *skipped; /* of QblkSkippedDisk, owned */
};

/** Returns: (transfer full): a list of the same plans, without the disks that were skipped */
QblkPlans *qblk_plans_copy(const QblkPlans *plans) G_GNUC_WARN_UNUSED_RESULT;

/** Note that the disk @target is left out because of @reason. */
void qblk_plans_skip(QblkPlans *plans, const char *target, const char *reason);

/** Returns: TRUE if one of the first @count plans is for the disk or the job of @plan: an operation
 * has one plan for each */
gboolean qblk_plans_has_plan_for(const QblkPlans *plans, guint count, const QblkPlan *plan);
