/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The reply to x-debug-query-block-graph: block nodes, BlockBackends and block jobs, and the edges
 * between them.
 */
#pragma once

#include "graph/node.h"

/**
 * Make a node for each block node in @graph, of which only the name is known, and append them to
 * @nodes (of QblkNode, owned): for when query-named-block-nodes cannot be asked.
 */
gboolean qblk_block_graph_make_nodes(const QblkJson *graph, GPtrArray *nodes,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Read the reply @graph.  Where @connect is set its edges are added to @nodes (node-name ->
 * QblkNode). Into @roots goes the top node of every BlockBackend (name or qdev -> QblkNode,
 * borrowed), into @jobs what every block job works on (job id -> GPtrArray of QblkChild, owned).
 *
 * QBLK_GRAPH_ERROR_CHANGED where it does not list the same nodes as @nodes.
 */
gboolean qblk_block_graph_load(const QblkJson *graph, GHashTable *nodes, gboolean connect,
                               GHashTable *roots, GHashTable *jobs,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
