/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The dirty bitmaps of a disk that gets a new overlay.
 *
 * The image that the overlay is put over no longer changes, and so its bitmaps no longer record
 * what the guest writes: the overlay needs a bitmap of each name.  A backup, or the commit of the
 * overlay, merges them.  A disabled bitmap has ended, and stays where it is.
 */
#pragma once

#include "plan/overlay-options.h"

/**
 * Set what becomes of each bitmap that records: plan->bitmaps.
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED if a bitmap is in use or the overlay cannot
 * have it, unless the user has dropped the bitmaps
 */
gboolean qblk_overlay_bitmaps_choose(QblkPlan *plan, const QblkOverlayRequest *overlay,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if @plan leaves bitmaps out because the user has dropped them */
gboolean qblk_overlay_bitmaps_are_dropped(const QblkPlan *plan);

/** Append the actions that add the bitmaps to the overlay. */
void qblk_overlay_bitmaps_append(const QblkPlan *plan, QblkJson *actions);
