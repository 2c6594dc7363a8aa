/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Secret objects of QEMU: the keys of encrypted images that a plan creates or opens.
 *
 * A plan contains the path of the file with the secret, which QEMU reads, and never the secret.
 */
#pragma once

#include "plan/plan.h"

/**
 * Check that QEMU has the secret object @id, or that the plan can create it.
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_plan_secrets_check(const QblkPlanContext *context, const char *id,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add a step that creates the object @id.  Nothing is added if QEMU has it. */
void qblk_plan_secrets_add(QblkPlan *plan, const QblkPlanContext *context, const char *id);

/** Add a step that deletes the object @id, if the plan has created it. */
void qblk_plan_secrets_remove(QblkPlan *plan, const QblkPlanContext *context, const char *id);

/**
 * Check that @plan uses all secrets that the user has given: one that is not used is a mistake.
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED
 */
gboolean qblk_plan_secrets_check_used(const QblkPlan *plan, const QblkPlanContext *context,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
