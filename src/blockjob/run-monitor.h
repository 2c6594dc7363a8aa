/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Carries out a plan that has no job: each step ends with QEMU's reply.
 */
#pragma once

#include "blockjob/monitor.h"
#include "plan/plan.h"

/**
 * Carry out the steps of @plan (plan-monitor.h) in order; a step without a command connects to the
 * plan's target.  If a step fails, those before it are rolled back, and it as well if QEMU did not
 * answer.  The error is that of the step, and reports a rollback that failed.
 */
gboolean qblk_run_monitor(QblkMonitor *monitor, const QblkPlan *plan,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
