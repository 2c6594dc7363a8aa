/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Planning an overlay for one of several disks.
 */
#pragma once

#include <qblk/planner.h>

/** As qblk_plan_overlay(); @has_secret: QEMU has the secret object with the key of the overlay when
 * the plan is run, because another plan of the operation creates it */
QblkPlan *qblk_planner_overlay_make(QblkClient *client, const QblkSnapshot *snapshot,
                                    const char *disk, const QblkOverlayOptions *options,
                                    const QblkPlanOptions *plan_options, gboolean has_secret,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
