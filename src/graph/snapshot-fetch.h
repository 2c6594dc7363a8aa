/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The one place where the graph meets a live QEMU; see qblk_snapshot_fetch in <qblk/snapshot.h>.
 */
#pragma once

#include "graph/replies.h"
#include "graph/snapshot-options.h"

/**
 * Ask until nothing is missing for a snapshot with @options, and return all replies: what a capture
 * is made of.  The replies are of one moment as far as they can show it.
 */
QblkReplies *qblk_snapshot_fetch_replies(QblkClient *client, const QblkSnapshotOptions *options,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
