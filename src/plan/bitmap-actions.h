/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The actions of a transaction, and those of them that are for dirty bitmaps.
 */
#pragma once

#include "base/json.h"
#include "plan/planned-bitmap.h"

/** Append an action.  @data: (transfer full) */
void qblk_bitmap_actions_append(QblkJson *actions, const char *type, QblkJson *data);

/** Append the action that adds @planned to its node. */
void qblk_bitmap_actions_append_add(QblkJson *actions, const QblkPlannedBitmap *planned);

/** Returns: (transfer full): arguments with the node of @planned, and its name as @member */
QblkJson *qblk_bitmap_actions_new_data(const QblkPlannedBitmap *planned,
                                       const char *member) G_GNUC_WARN_UNUSED_RESULT;
