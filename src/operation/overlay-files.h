/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The files of the overlays of one operation.
 *
 * The functions fail with QBLK_BLOCKJOB_ERROR_REFUSED, or with QBLK_GRAPH_ERROR_NO_DISK.
 */
#pragma once

#include "operation/plans.h"
#include "plan/overlay-options.h"

/**
 * Returns: (transfer full): a copy of @options (nullable) with a suffix, and with the files under
 * the names that the disks have in @snapshot; NULL with an error
 */
QblkOverlayOptions *qblk_overlay_files_resolve(const QblkOverlayOptions *options,
                                               const QblkSnapshot *snapshot,
                                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Check that each disk for which @options has a file gets an overlay by one of @plans, and that no
 * two of them have one file. */
gboolean qblk_overlay_files_check(const QblkOverlayOptions *options, const QblkPlans *plans,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
