/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A plan as text.
 */
#pragma once

#include "plan/plan.h"

/** Append the steps of @plan, and the chain before and after it, to @out. */
void qblk_plan_text(const QblkPlan *plan, GString *out);

/** Append only the steps of @plan to @out. */
void qblk_plan_text_steps(const QblkPlan *plan, GString *out);

/**
 * Append the outcome of @plan to @out.
 *
 * @state: "started", "ready" or "done"
 */
void qblk_plan_text_result(const QblkPlan *plan, const char *state, GString *out);
