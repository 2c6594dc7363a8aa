/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The commands of the bridge that plan and run operations.
 */
#pragma once

#include "bridge/local-call.h"

typedef struct {
    gboolean dry_run;
} QblkLocalRecover;

extern const QblkLocalMember *const qblk_local_members_recover[];

/** qblk-plan */
QblkJson *qblk_local_plan(QblkLocalCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** qblk-commit, and one command for each other kind of QblkLocalKind */
QblkJson *qblk_local_change(QblkLocalCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
QblkJson *qblk_local_recover(QblkLocalCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
