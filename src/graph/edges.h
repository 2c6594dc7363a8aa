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
    QblkEdgeSource used; /* never QBLK_EDGES_BEST */
    GHashTable *roots;   /* BlockBackend name or qdev -> QblkNode, borrowed; implicit filters too */
    GHashTable *jobs;    /* job id -> GPtrArray of QblkChild, owned: the nodes it works on */
    gboolean has_graph;  /* x-debug-query-block-graph answered: roots and jobs are filled */
} QblkEdges;

/** Whether the reply to query-named-block-nodes has the edges in it (QEMU 10.1). */
gboolean qblk_edges_are_in(const QblkJson *nodes);

/** The source that will be used: @wanted, or for QBLK_EDGES_BEST the best of what was not
 * refused. */
QblkEdgeSource qblk_edges_choose(const QblkReplies *replies, const QblkJson *nodes,
                                 QblkEdgeSource wanted);

/**
 * Connect @nodes (node-name -> QblkNode), which were loaded from @entries, by the edges of @wanted.
 *
 * Errors: QBLK_GRAPH_ERROR_CHANGED where nodes and edges are not of one moment,
 * QBLK_GRAPH_ERROR_INVALID or QBLK_JSON_ERROR where the reply is not QEMU's,
 * QBLK_GRAPH_ERROR_UNSUPPORTED where QEMU does not have the source that was asked for.
 */
QblkEdges *qblk_edges_load(const QblkReplies *replies, const QblkJson *entries, GHashTable *nodes,
                           QblkEdgeSource wanted, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_edges_free(QblkEdges *edges);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkEdges, qblk_edges_free)

/** "children", "debug-graph", "blockstats". */
const char *qblk_edges_source_name(QblkEdgeSource source);
