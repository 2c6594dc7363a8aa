/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Plans as JSON: what --dry-run prints and a journal contains.
 */
#pragma once

#include "plan/plan.h"

/** Returns: (transfer full): the plan as JSON. */
QblkJson *qblk_plan_json_new(const QblkPlan *plan) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): the plan that qblk_plan_json_new() has written as @json; NULL with
 * QBLK_JSON_ERROR_TYPE if a member is missing or has another type. */
QblkPlan *qblk_plan_json_read(const QblkJson *json, GError **error) G_GNUC_WARN_UNUSED_RESULT;
