/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Planning a pull: the data of lower layers are copied into the active one, and the layers leave
 * the chain.
 */
#pragma once

#include "plan/merge-options.h"
#include "plan/plan.h"

/** Plan a pull.  Result and errors as of qblk_plan_make_commit(). */
QblkPlan *qblk_plan_make_pull(const QblkPlanContext *context, const QblkPullOptions *options,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
