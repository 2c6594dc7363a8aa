/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The only file in which the graph talks to a live QEMU.
 */
#pragma once

#include "graph/replies.h"
#include "graph/snapshot-options.h"

#include <qblk/snapshot-fetch.h>

/**
 * Fetch the names of disks and nodes and the edges between nodes, which takes QEMU a fraction of
 * the time.  The drivers are those of the top nodes only; files, sizes, jobs and exports are not
 * known.
 *
 * Returns: (transfer full): the snapshot, or NULL with an error
 */
QblkSnapshot *qblk_snapshot_fetch_names(QblkClient *client, const QblkSnapshotOptions *options,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Send queries until no reply is missing for a snapshot with @options.
 *
 * @options: (nullable)
 * @everything: send the queries that any function needs, for all devices
 *
 * Returns: (transfer full): all replies, as for a capture; they are of one moment as far as that
 * can be checked.  Errors as for qblk_snapshot_fetch().
 */
QblkReplies *qblk_snapshot_fetch_replies(QblkClient *client, const QblkSnapshotOptions *options,
                                         gboolean everything,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Query a text that is another one if the graph has changed, which costs QEMU little at any time.
 *
 * @mark: (out) (transfer full): the text, or NULL if this QEMU does not tell
 *
 * Returns: FALSE with QBLK_QMP_ERROR
 */
gboolean qblk_snapshot_fetch_mark(QblkClient *client, char **mark,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
