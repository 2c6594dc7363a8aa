/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * JSON of what an image has beside the data of the guest, and of what uses it; docs/json.md
 * describes each field.
 */
#pragma once

#include "base/json.h"

/** Returns: (transfer full): a list; @snapshots: (nullable): of QblkInternalSnapshot */
QblkJson *qblk_internal_snapshots_json_new(const GPtrArray *snapshots) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): a list; @bitmaps: (nullable): of QblkBitmap */
QblkJson *qblk_bitmaps_json_new(const GPtrArray *bitmaps) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): a list; @users: (nullable): of QblkUser */
QblkJson *qblk_users_json_new(const GPtrArray *users) G_GNUC_WARN_UNUSED_RESULT;
