/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Plan a commit: the data of some layers go down into one below, and the layers leave the chain.
 */
#pragma once

#include "plan/plan.h"

/**
 * The plan for the commit.  Errors: QBLK_GRAPH_ERROR for names, QBLK_BLOCKJOB_ERROR_REFUSED where
 * the request makes no sense on this chain or would harm.
 */
QblkPlan *qblk_plan_commit(const QblkPlanContext *context, const QblkCommitOptions *options,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
