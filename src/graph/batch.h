/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The next queries for QEMU: a pure function of the replies so far.
 */
#pragma once

#include "graph/replies.h"
#include "graph/snapshot-options.h"

/**
 * The queries that are missing for a snapshot with @options and that may be sent now: only query-*
 * and qom-get.  query-named-block-nodes is left out if it could crash QEMU (see
 * qblk_job_forbids_nodes).
 *
 * Returns: (transfer full): of QblkQuery, owned; empty if no query is missing
 */
GPtrArray *qblk_batch_next(const QblkReplies *replies,
                           const QblkSnapshotOptions *options) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Arguments of query-named-block-nodes.  Always flat: the size of nested replies is quadratic.
 *
 * Returns: (transfer full): a new reference
 */
QblkJson *qblk_batch_nodes_arguments(void) G_GNUC_WARN_UNUSED_RESULT;

/** Time that QEMU needs for a node, in microseconds: 80 measured with 7.2, less with later ones. */
#define QBLK_NODE_MICROSECONDS 80

/** A query that takes longer than this causes a warning, in milliseconds. */
#define QBLK_BUSY_WARNING_MS 100

/**
 * Estimate the number of nodes from query-block in @replies: two for each image, format and
 * protocol.  Nodes that no disk uses are not counted.
 */
guint64 qblk_batch_estimate_nodes(const QblkReplies *replies);

/** The time that QEMU is busy with @nodes, in milliseconds. */
guint64 qblk_batch_busy_ms(guint64 nodes);
