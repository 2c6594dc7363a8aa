/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The edges between block nodes, from the best source that QEMU has.
 *
 * File names are never compared: two nodes may have the same file, and a name may be `json:`.
 */
#pragma once

#include "graph/node.h"
#include "graph/replies.h"
#include "graph/snapshot-options.h"

/** Edges that nodes list as their children, until all nodes are known. */
typedef struct QblkListedEdges QblkListedEdges;

QblkListedEdges *qblk_listed_edges_new(void);
void qblk_listed_edges_free(QblkListedEdges *listed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkListedEdges, qblk_listed_edges_free)

/** Add the @children (nullable) of @node.  Returns: FALSE with QBLK_JSON_ERROR */
gboolean qblk_listed_edges_add(QblkListedEdges *listed, QblkNode *node, const QblkJson *children,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
    QblkEdgeSource used; /* never QBLK_EDGE_SOURCE_BEST */
    GHashTable *roots;   /* BlockBackend name or qdev -> QblkNode, borrowed; implicit filters too */
    GHashTable *jobs;    /* job id -> GPtrArray of QblkChild, owned: the nodes it works on */
    gboolean has_graph;  /* the reply has a debug graph: roots and jobs are filled */
} QblkEdges;

/** TRUE if the reply to query-named-block-nodes has the edges (QEMU 10.1). */
gboolean qblk_edges_are_in(QblkJsonView nodes);

/** The source to use: @wanted, or for QBLK_EDGE_SOURCE_BEST the best one that was not refused. */
QblkEdgeSource qblk_edges_choose(const QblkReplies *replies, QblkJsonView nodes,
                                 QblkEdgeSource wanted);

/**
 * Connect @nodes (node-name -> QblkNode), which were loaded from @entries, by the edges of @source,
 * which qblk_edges_choose() has returned.
 *
 * @listed: (nullable): the children of all nodes, if that is the source
 *
 * Returns: (transfer full): the edges, or NULL with QBLK_GRAPH_ERROR_CHANGED if nodes and edges are
 * not of one moment, _INVALID or QBLK_JSON_ERROR if a reply is not valid, _UNSUPPORTED if QEMU does
 * not have the source.
 */
QblkEdges *qblk_edges_load(const QblkReplies *replies, QblkJsonView entries,
                           const QblkListedEdges *listed, GHashTable *nodes, QblkEdgeSource source,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_edges_free(QblkEdges *edges);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkEdges, qblk_edges_free)
