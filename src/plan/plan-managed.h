/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The precondition that a program which manages the guest is informed of changes, or that the user
 * allows a change all the same.  A plan that is only printed has a warning instead.
 *
 * A check returns TRUE, or FALSE with QBLK_BLOCKJOB_ERROR_REFUSED and a message that names the
 * manager and its own command.
 */
#pragma once

#include "plan/plan.h"

/** Check that no manager has started the guest with the disk @target. */
gboolean qblk_plan_managed_check_disk(const QblkPlanContext *context, const char *target,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Check the same for @job if the chain that it works on is not known.  If there are no names of
 * nodes either, there may be a manager. */
gboolean qblk_plan_managed_check_job(const QblkPlanContext *context, const QblkJob *job,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add a warning to @plan if it is only printed, and one of the checks would refuse to run it. */
void qblk_plan_managed_warn(QblkPlan *plan, const QblkPlanContext *context);
