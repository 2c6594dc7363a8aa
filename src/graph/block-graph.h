/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The reply to x-debug-query-block-graph: block nodes, BlockBackends and block jobs, and the edges
 * between them.
 */
#pragma once

#include "base/json-view.h"
#include "graph/node.h"

/**
 * Add a node for each block node in @graph to @nodes (of QblkNode, owned), for a QEMU to which
 * query-named-block-nodes cannot be sent.  Only the names are known.
 */
gboolean qblk_block_graph_make_nodes(QblkJsonView graph, GPtrArray *nodes,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Load the reply @graph.
 *
 * @nodes: node-name -> QblkNode
 * @connect: TRUE to add the edges to @nodes
 * @roots: name or qdev of each BlockBackend -> its top node, borrowed
 * @jobs: id of each block job -> GPtrArray of QblkChild, owned: the nodes it works on
 *
 * Returns: TRUE, or FALSE with QBLK_GRAPH_ERROR_CHANGED if the nodes are not those of @nodes.
 */
gboolean qblk_block_graph_load(QblkJsonView graph, GHashTable *nodes, gboolean connect,
                               GHashTable *roots, GHashTable *jobs,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
