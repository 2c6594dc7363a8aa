/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Plans and what this QEMU supports, by its reply to query-qmp-schema.
 */
#pragma once

#include "plan/plan.h"
#include "qmp/schema.h"

/** Set the features of this QEMU in @context, before a plan is made. */
void qblk_plan_schema_set_features(QblkPlanContext *context, const QblkSchema *schema);

/**
 * Check that this QEMU has all commands of @plan, and all their arguments.
 *
 * Returns: TRUE, or FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_plan_schema_check(const QblkPlan *plan, const QblkSchema *schema,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if this QEMU can add a QMP monitor at run time (11.1). */
gboolean qblk_plan_schema_can_add_monitor(const QblkSchema *schema);
