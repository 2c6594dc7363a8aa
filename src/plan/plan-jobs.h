/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Jobs that already work on a layer of a chain, whatever disk they were started for.
 */
#pragma once

#include "plan/plan.h"

/**
 * Check that no layer of @chain from position @first to @last has a job: as its source, its target,
 * or in between.  QEMU would refuse the new job, or it would read data that the other one changes.
 * The job may be one of another disk that shares the layer, or of no disk.
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED, which names the node and the job
 */
gboolean qblk_plan_check_jobs(const QblkPlanContext *context, const QblkChain *chain, guint first,
                              guint last, GError **error) G_GNUC_WARN_UNUSED_RESULT;
