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

typedef struct {
    QblkEdgeSource used; /* never QBLK_EDGE_SOURCE_BEST */
    GHashTable *roots;   /* BlockBackend name or qdev -> QblkNode, borrowed; implicit filters too */
    GHashTable *jobs;    /* job id -> GPtrArray of QblkChild, owned: the nodes it works on */
    gboolean has_graph;  /* the reply has a debug graph: roots and jobs are filled */
} QblkEdges;

/** TRUE if the reply to query-named-block-nodes has the edges (QEMU 10.1). */
gboolean qblk_edges_are_in(const QblkJson *nodes);

/** The source to use: @wanted, or for QBLK_EDGE_SOURCE_BEST the best one that was not refused. */
QblkEdgeSource qblk_edges_choose(const QblkReplies *replies, const QblkJson *nodes,
                                 QblkEdgeSource wanted);

/**
 * Connect @nodes (node-name -> QblkNode), which were loaded from @entries, by the edges of @wanted.
 *
 * Returns: (transfer full): the edges, or NULL with QBLK_GRAPH_ERROR_CHANGED if nodes and edges are
 * not of one moment, _INVALID or QBLK_JSON_ERROR if a reply is not valid, _UNSUPPORTED if QEMU does
 * not have the source @wanted.
 */
QblkEdges *qblk_edges_load(const QblkReplies *replies, const QblkJson *entries, GHashTable *nodes,
                           QblkEdgeSource wanted, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_edges_free(QblkEdges *edges);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkEdges, qblk_edges_free)
