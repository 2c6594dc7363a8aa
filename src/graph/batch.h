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
