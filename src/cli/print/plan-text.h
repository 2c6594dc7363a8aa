/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A plan for people.
 */
#pragma once

#include "plan/plan.h"

/** Append the commands, what ends each, and the chain before and after. */
void qblk_plan_text(const QblkPlan *plan, GString *out);

/** Append the commands of @plan alone, and what ends each. */
void qblk_plan_text_steps(const QblkPlan *plan, GString *out);

/** Append what was done; @state is "started", "ready" or "done". */
void qblk_plan_text_result(const QblkPlan *plan, const char *state, GString *out);
