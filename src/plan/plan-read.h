/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Plans that come from outside, as JSON.
 */
#pragma once

#include "plan/plan.h"

#include <qblk/plan-options.h>

/**
 * As qblk_plan_from_json(), of a value.  The state directory is not set.
 *
 * @options: (nullable)
 */
QblkPlan *qblk_plan_read(const QblkJson *json, const QblkPlanOptions *options,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
