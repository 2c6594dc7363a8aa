/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A plan as JSON: what --dry-run prints and a journal keeps.
 */
#pragma once

#include "plan/plan.h"

/** The plan as JSON; a new reference. */
QblkJson *qblk_plan_json_new(const QblkPlan *plan) G_GNUC_WARN_UNUSED_RESULT;

/** Its steps alone, as an array; a new reference. */
QblkJson *qblk_plan_json_steps(const QblkPlan *plan) G_GNUC_WARN_UNUSED_RESULT;

/** The plan that qblk_plan_json_new() has written.  QBLK_JSON_ERROR_TYPE where @json is none. */
QblkPlan *qblk_plan_json_read(const QblkJson *json, GError **error) G_GNUC_WARN_UNUSED_RESULT;
