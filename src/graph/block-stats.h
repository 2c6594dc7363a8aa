/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Edges from query-blockstats, which each QEMU has and which has the fewest edges.
 *
 * Sent without arguments, an entry for each device nests the nodes below it: `parent` is the child
 * that stores the data and `backing` the backing or filtered one; filters of jobs are left out.
 * Sent with `query-nodes`, the reply has an entry for each node, with `parent` only (block/qapi.c,
 * measured on 7.2).
 */
#pragma once

#include "graph/device.h"
#include "graph/node.h"
#include "graph/replies.h"

/** Returns: (transfer full): the arguments that select all nodes; without arguments the devices */
QblkJson *qblk_block_stats_arguments(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Set the end of the last write of each node, if the reply for all nodes is in @replies.
 *
 * QEMU counts the writes since it opened a node, in all versions tested: 0 means that it has not
 * written yet, whatever the image contains.  Of a protocol node it is an offset in the file or
 * device, of a format node one on the disk of the guest.
 *
 * @nodes: node-name -> QblkNode
 */
void qblk_block_stats_load_writes(const QblkReplies *replies, GHashTable *nodes);

/** Returns: TRUE if the reply for all nodes is in @replies */
gboolean qblk_block_stats_exist(const QblkReplies *replies);

/**
 * Set the statistics of each device that has an entry in the reply for devices, which names it as
 * query-block does.
 *
 * @devices: of QblkDevice
 */
void qblk_block_stats_load_devices(const QblkReplies *replies, GPtrArray *devices);

/** Add the edges of both replies to @nodes (node-name -> QblkNode). */
gboolean qblk_block_stats_connect(const QblkReplies *replies, GHashTable *nodes,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
