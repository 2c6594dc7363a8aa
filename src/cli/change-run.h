/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Running the plans of a command: progress, Ctrl-C, and hints for the user.
 */
#pragma once

#include "cli/change-vm.h"
#include "cli/print/change-report.h"

/** Print the warning @message, and keep it for the result in JSON. */
void qblk_change_run_warn(const QblkChange *change, const char *message);

/**
 * Run @plans, with a journal for each.
 *
 * @report: for the commands that are added as hints on error
 *
 * Returns: (transfer full): the plans with what has become of them; NULL with @error set
 */
QblkPlans *qblk_change_run_plans(QblkChange *change, QblkPlans *plans,
                                 const QblkChangeReport *report,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
