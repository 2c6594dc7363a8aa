/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What to ask QEMU next: a pure function from the replies so far to the next batch of queries.
 */
#pragma once

#include "graph/replies.h"
#include "graph/snapshot-options.h"

/**
 * The queries that are still missing for a graph snapshot with @options and that may be sent now.
 * Empty when nothing is missing.  Only query-* and qom-get are ever in it, and
 * query-named-block-nodes is not where it could crash QEMU (see qblk_job_forbids_nodes).
 */
GPtrArray *qblk_batch_next(const QblkReplies *replies, /* of QblkQuery, owned */
                           const QblkSnapshotOptions *options) G_GNUC_WARN_UNUSED_RESULT;

/** Arguments of query-named-block-nodes; a new reference.  Always flat: nested replies are
 * quadratic. */
QblkJson *qblk_batch_nodes_arguments(void) G_GNUC_WARN_UNUSED_RESULT;

/** What a node takes inside QEMU, in microseconds: 80 measured with 7.2, less with later ones. */
#define QBLK_NODE_MICROSECONDS 80

/** A query that takes longer than this is worth a warning, in milliseconds. */
#define QBLK_BUSY_WARNING_MS 100

/**
 * About how many nodes the disks of query-block in @replies stand on: each image is a node and what
 * stores it another one.  Nodes that no disk uses are not seen from there.
 */
guint64 qblk_batch_estimate_nodes(const QblkReplies *replies);

/** How long QEMU is busy with @nodes, in milliseconds. */
guint64 qblk_batch_busy_ms(guint64 nodes);
