/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Filters between the layers of a chain: the header above them, and what becomes of them.
 *
 * A commit of the layer below a filter leaves the filter where it is, and QEMU does not write the
 * header of the image above it: to QEMU the filter is the overlay (5.2, 7.2, 10.0 and 11.1).  The
 * filters above all layers further down leave the chain with a commit or pull.  Those that have a
 * name from -blockdev stay open then, and keep the image below them open.
 */
#pragma once

#include "plan/plan.h"

/**
 * Check that a commit of @top into @base can be followed by change-backing-file for @overlay, if a
 * filter between @overlay and @top makes that necessary.  That command records the format of
 * @overlay as that of its backing file, so that the two have to be the same.
 *
 * Returns: TRUE, or FALSE with QBLK_BLOCKJOB_ERROR_REFUSED, which names the filter
 */
gboolean qblk_plan_filters_check_header(const QblkChain *chain, const QblkLayer *overlay,
                                        const QblkLayer *top, const QblkLayer *base,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Check that no copy-before-write filter is between @top and @base, below which QEMU lets no commit
 * write: the filter would not see what changes (7.2, 10.0 and 11.1).
 *
 * Returns: TRUE, or FALSE with QBLK_BLOCKJOB_ERROR_REFUSED, which names the filter
 */
gboolean qblk_plan_filters_check_write(const QblkChain *chain, const QblkLayer *top,
                                       const QblkLayer *base,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if QEMU does not write the header of the image above @top, and
 * qblk_plan_filters_add_header() is needed */
gboolean qblk_plan_filters_keep_header(const QblkLayer *top);

/** Add the step that writes @backing_name into the header of @overlay after a commit of @top, if
 * the job does not do that. */
void qblk_plan_filters_add_header(QblkPlan *plan, const QblkChain *chain, const QblkLayer *overlay,
                                  const QblkLayer *top, const char *backing_name);

/** Expect @overlay to be next, with a header that the job or that step writes. */
void qblk_plan_filters_expect_header(QblkPlan *plan, const QblkLayer *overlay, const QblkLayer *top,
                                     const char *backing_name);

/** Add steps that delete the filters between @layer and the layer above it, which leaves the chain,
 * and warn of that.  Filters that another node uses as well, and those of jobs, are left out. */
void qblk_plan_filters_add_close(QblkPlan *plan, const QblkPlanContext *context,
                                 const QblkLayer *layer);

/** Returns: (transfer none): the name of the topmost node between @layer and the layer above it */
const char *qblk_plan_filters_get_topmost(const QblkLayer *layer);

/**
 * Check that no other node is above the topmost node of the disk: QEMU starts no commit or copy
 * there.
 *
 * Returns: TRUE, or FALSE with QBLK_BLOCKJOB_ERROR_REFUSED, which names the node above
 */
gboolean qblk_plan_filters_check_root(const QblkPlanContext *context, const QblkChain *chain,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
