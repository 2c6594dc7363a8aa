/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Plans of a mend after which something remains that was to be removed.
 */
#pragma once

#include "plan/plan.h"

/**
 * Make a plan like @plan, which does not change, for the report of what it has done.
 *
 * @name: the node or job that remains
 * @reason: why
 *
 * Returns: (transfer full): the plan
 */
QblkPlan *qblk_plan_remains_new(const QblkPlan *plan, const char *name,
                                const char *reason) G_GNUC_WARN_UNUSED_RESULT;
