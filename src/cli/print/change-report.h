/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What is said of a plan that was made or carried out.
 */
#pragma once

#include "cli/invocation.h"
#include "plan/plan.h"

/** Whether @plan only tells something to a job that was there, and that goes on. */
gboolean qblk_change_report_is_told(const QblkPlan *plan);

/** What is typed to go on with the job of @plan: `qblk job VM DISK` and @options, for a shell. */
char *qblk_change_report_command(const QblkInvocation *invocation, const QblkPlan *plan,
                                 const char *options) G_GNUC_WARN_UNUSED_RESULT;

/** What is typed to take up what was left with a journal. */
char *qblk_change_report_recover(const QblkInvocation *invocation) G_GNUC_WARN_UNUSED_RESULT;

/** @plan with its "state" and "next"; a new reference. */
QblkJson *qblk_change_report_json(const QblkInvocation *invocation,
                                  const QblkPlan *plan) G_GNUC_WARN_UNUSED_RESULT;

/** Print the plan with --dry-run, else how it has ended, and what ends its job. */
void qblk_change_report_print(QblkInvocation *invocation, const QblkPlan *plan);
