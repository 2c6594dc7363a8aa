/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Plans and what this QEMU supports: by its version if each QEMU of that version does
 * (known-commands.h), and otherwise by its reply to query-qmp-schema, which takes it tens of
 * milliseconds.
 */
#pragma once

#include "plan/plan.h"
#include "qmp/schema.h"

/**
 * Set the features of the QEMU of the snapshot of @context by its version.
 *
 * Returns: FALSE, and nothing is set, if a plan for the disk of @context may depend on one that
 * only the schema tells
 */
gboolean qblk_plan_schema_know_features(QblkPlanContext *context) G_GNUC_WARN_UNUSED_RESULT;

/** Set the features of this QEMU in @context, before a plan is made. */
void qblk_plan_schema_set_features(QblkPlanContext *context, const QblkSchema *schema);

/** Returns: TRUE if the QEMU of @snapshot (nullable) has all commands of @plan, and all their
 * arguments, because each QEMU of its version has them; FALSE if only the schema tells */
gboolean qblk_plan_schema_is_known(const QblkPlan *plan, const QblkSnapshot *snapshot);

/**
 * Check that this QEMU has all commands of @plan, and all their arguments.
 *
 * Returns: TRUE, or FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_plan_schema_check(const QblkPlan *plan, const QblkSchema *schema,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if this QEMU can add a QMP monitor at run time (11.1). */
gboolean qblk_plan_schema_can_add_monitor(const QblkSchema *schema);
