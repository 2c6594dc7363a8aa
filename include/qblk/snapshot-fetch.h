/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fetching a graph snapshot from a running QEMU.
 */
#pragma once

#include <qblk/client.h>
#include <qblk/snapshot-options.h>
#include <qblk/snapshot.h>

G_BEGIN_DECLS

/**
 * qblk_snapshot_fetch:
 * @client: connected to a QEMU 5.0 or later
 * @options: (nullable): or NULL for the defaults
 *
 * Fetch a snapshot from a running QEMU, with few and cheap queries that change nothing.  A graph
 * that changes during the queries is read again, up to three times.
 *
 * The nodes are not queried if that could crash this QEMU (a stream job is concluded and not
 * dismissed, versions 6.0 to 10.1).  Such a snapshot has the jobs, and making a chain fails with
 * QBLK_GRAPH_ERROR_UNSAFE.
 *
 * Returns: (transfer full): the snapshot, or NULL with one of these errors:
 *   QBLK_QMP_ERROR;
 *   QBLK_JSON_ERROR_TYPE if a field of a reply has the wrong type;
 *   QBLK_GRAPH_ERROR_INVALID if the replies are not consistent;
 *   QBLK_GRAPH_ERROR_CHANGED if the graph changed during each attempt;
 *   QBLK_GRAPH_ERROR_LIMIT if there are more than 100000 nodes, which would stop the disks of the
 *   guest for about 8 seconds, or too many devices, jobs or layers;
 *   QBLK_GRAPH_ERROR_NO_DISK or _AMBIGUOUS if no device or several devices match a name that
 *   @options give;
 *   QBLK_GRAPH_ERROR_UNSUPPORTED if this QEMU does not report the edges between nodes in the way
 *   that @options select
 *
 * Since: 0.1.0
 */
QblkSnapshot *qblk_snapshot_fetch(QblkClient *client, const QblkSnapshotOptions *options,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_snapshot_fetch_jobs:
 * @client: a client
 * @known: (nullable): an earlier snapshot with these jobs
 *
 * Fetch the jobs only, to follow their progress: two queries that are cheap at any time.  The
 * snapshot has no nodes, devices or exports; @known tells the disk and the kind of each job.
 *
 * Returns: (transfer full): the snapshot; NULL with QBLK_QMP_ERROR, QBLK_JSON_ERROR_TYPE,
 *   QBLK_GRAPH_ERROR_INVALID or _LIMIT
 *
 * Since: 0.1.0
 */
QblkSnapshot *qblk_snapshot_fetch_jobs(QblkClient *client, const QblkSnapshot *known,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
