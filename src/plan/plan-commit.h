/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Planning a commit: the data of some layers are merged into a lower one, and the layers leave the
 * chain.
 */
#pragma once

#include "plan/merge-options.h"
#include "plan/plan.h"

/**
 * Plan a commit.
 *
 * Returns: (transfer full): the plan; NULL with QBLK_GRAPH_ERROR if a name is not valid, or with
 * QBLK_BLOCKJOB_ERROR_REFUSED if the request makes no sense on this chain or would do harm
 */
QblkPlan *qblk_plan_make_commit(const QblkPlanContext *context, const QblkCommitOptions *options,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
