/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Plan a pull: the active layer takes in the data of layers below, which leave the chain.
 */
#pragma once

#include "plan/plan.h"

/** The plan for the pull.  Errors as for qblk_plan_commit. */
QblkPlan *qblk_plan_pull(const QblkPlanContext *context, const QblkPullOptions *options,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
