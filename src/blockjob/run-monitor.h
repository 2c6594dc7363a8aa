/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Carries out a plan that has no job: each step ends with QEMU's reply.
 */
#pragma once

#include "blockjob/monitor.h"
#include "plan/plan.h"

/**
 * Take the steps of @plan (plan-monitor.h) in their order; one without a command is to connect to
 * the plan's target.  Where a step fails, those before it are taken back, and one as well that QEMU
 * did not answer; the error is that of the step, and says where taking back failed.
 */
gboolean qblk_run_monitor(QblkMonitor *monitor, const QblkPlan *plan,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
