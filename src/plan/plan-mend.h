/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Mending what a check has found: wrong headers, inconsistent bitmaps, what operations have left.
 *
 * Measured on QEMU 5.2, 7.2, 10.0 and 11.1:
 *
 * - `change-backing-file` writes a backing string into the header of any layer, with the format of
 *   that layer as the backing format.
 * - `block-stream` with the layer directly below as the base moves no data, and writes its backing
 *   string and the right format into the header, of any layer.
 * - A bitmap of a layer that is read-only can be removed while such a stream is pending, because
 *   the layer is writable then.  Since QEMU 10.0 a layer below the active one stays writable after
 *   a stream.
 */
#pragma once

#include "plan/mend-findings.h"
#include "plan/mend-options.h"
#include "plan/plan.h"

/** The end of the id of their jobs, after that of the plan, which has no job itself. */
#define QBLK_PLAN_MEND_JOB_END "-header"

/**
 * Plan to mend the disk of @context.
 *
 * Returns: (transfer full): the plan, whose mends are not empty, and which has no steps if nothing
 *   can be mended; NULL with QBLK_BLOCKJOB_ERROR_REFUSED if the options do not fit the chain
 */
QblkPlan *qblk_plan_make_mend(const QblkPlanContext *context, const QblkMendOptions *options,
                              const QblkMendFindings *findings,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
