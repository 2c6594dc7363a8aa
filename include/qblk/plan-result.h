/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The result of a plan that was run with success.
 */
#pragma once

#include <qblk/plan.h>

G_BEGIN_DECLS

/**
 * qblk_plan_result_name:
 * @plan: the plan
 * @is_detached: the job was started, and its end not awaited
 *
 * Returns: what a success of the plan is called: "started", "ready", "done", "cancelled",
 *   "finished" or "dismissed"
 *
 * Since: 0.1.0
 */
const char *qblk_plan_result_name(const QblkPlan *plan, gboolean is_detached);

/**
 * qblk_plan_result_to_text:
 * @plan: the plan
 * @is_detached: the job was started, and its end not awaited
 *
 * Format the result of a plan that was run with success, as the command prints it: what became of
 * the job, and which images are no longer in use.
 *
 * Returns: (transfer full): the text
 *
 * Since: 0.1.0
 */
char *qblk_plan_result_to_text(const QblkPlan *plan,
                               gboolean is_detached) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_plan_find_mark:
 * @plan: a plan that was run with success
 *
 * Find the file that marks an image which no guest may be started from: it was merged into another
 * one, or is an incomplete copy.
 *
 * Returns: (transfer full) (nullable) (type filename): its path; NULL if the plan has marked
 *   nothing
 *
 * Since: 0.1.0
 */
char *qblk_plan_find_mark(const QblkPlan *plan) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
