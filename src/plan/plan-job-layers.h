/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The layers that an existing job removes from the chain, and their bitmaps.
 */
#pragma once

#include "plan/plan.h"

/** Returns: TRUE if the job, a pull or a commit of inner layers, removes @layer from the chain. */
gboolean qblk_plan_job_layers_removes(const QblkJob *job, const QblkLayer *layer);

/** Returns: (transfer none) (nullable): the layer that the job writes to; @chain and @mirrored as
 * below */
const QblkLayer *qblk_plan_job_layers_get_written(const QblkJob *job, const QblkChain *chain,
                                                  const QblkChain *mirrored);

/**
 * Add the step that carries the bitmaps over before the pivot of a ready job.
 *
 * @chain: (nullable): of the disk
 * @mirrored: (nullable): of the image that the job writes to
 * @is_deleted: the images that leave the chain are deleted after the job
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED, see qblk_plan_bitmaps_choose()
 */
gboolean qblk_plan_job_layers_pivot_bitmaps(QblkPlan *plan, const QblkPlanContext *context,
                                            const QblkJob *job, const QblkChain *chain,
                                            const QblkChain *mirrored, gboolean is_deleted,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The same before a commit of inner layers or a pull is finalized.  A job that does so by itself
 * cannot carry them over. */
gboolean qblk_plan_job_layers_finalize_bitmaps(QblkPlan *plan, const QblkPlanContext *context,
                                               const QblkJob *job, const QblkChain *chain,
                                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
