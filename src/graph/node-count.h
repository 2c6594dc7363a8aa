/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * How long QEMU would be busy with a query for all its nodes, known before it is sent.
 *
 * While QEMU answers, its monitor does nothing else and the guest's disks wait, because
 * query-named-block-nodes runs in the main loop.
 */
#pragma once

#include "graph/replies.h"

/** What a node takes inside QEMU, in microseconds: 80 measured with 7.2, less with later ones. */
#define QBLK_NODE_MICROSECONDS 80

/** A query that takes longer than this is worth a warning, in milliseconds. */
#define QBLK_BUSY_WARNING_MS 100

/**
 * About how many nodes the disks of query-block in @replies stand on: each image is a node and what
 * stores it another one.  Nodes that no disk uses are not seen from there.
 */
guint64 qblk_node_count_estimate(const QblkReplies *replies);

/** How long QEMU is busy with @nodes, in milliseconds. */
guint64 qblk_node_count_busy_ms(guint64 nodes);
