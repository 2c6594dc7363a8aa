/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Plans that were run, with what was seen at the end: something remains that a mend was to remove,
 * or QEMU keeps the image below a new overlay open for writing.
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

/** Returns: (transfer full): such a plan, after which QEMU keeps the active image from before open
 * for writing */
QblkPlan *qblk_plan_remains_new_writer(const QblkPlan *plan) G_GNUC_WARN_UNUSED_RESULT;
