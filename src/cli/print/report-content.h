/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * JSON of what an image has beside the data of the guest, and of what uses it.
 */
#pragma once

#include "base/json.h"

/** Returns: (transfer full): a list; @snapshots: (nullable): of QblkInternalSnapshot */
QblkJson *qblk_report_snapshots(const GPtrArray *snapshots) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): a list; @bitmaps: (nullable): of QblkBitmap */
QblkJson *qblk_report_bitmaps(const GPtrArray *bitmaps) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): a list; @users: (nullable): of QblkLayerUser */
QblkJson *qblk_report_users(const GPtrArray *users) G_GNUC_WARN_UNUSED_RESULT;
