/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Planning a snapshot: a new overlay becomes the active layer of a disk, and the image below it
 * no longer changes.
 */
#pragma once

#include "plan/overlay-options.h"

/**
 * Plan a snapshot.  Result and errors as of qblk_plan_make_commit().
 *
 * QEMU creates the overlay (`blockdev-create`), unless one is reused, and opens it without the
 * images below it.  One transaction puts the overlays of all disks over their active images.
 * Filters above these stay, and so does what else uses them: an export of the active image is one
 * of the overlay afterwards, and shows what the guest sees (5.2, 7.2, 10.0 and 11.1).
 *
 * @overlay: what the planner does not set
 */
QblkPlan *qblk_plan_make_overlay(const QblkOverlayRequest *overlay,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
