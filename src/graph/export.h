/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A block export: a node that QEMU serves to clients over NBD, vhost-user, FUSE or VDUSE.
 *
 * QEMU reports neither the name of an NBD export nor the address of its server.  The id is the name
 * if the export was added with nbd-server-add; with block-export-add both are chosen freely.
 */
#pragma once

#include "graph/graph-kinds.h"
#include "graph/node.h"
#include "graph/replies.h"

#include <qblk/snapshot.h>

struct QblkExport {
    const QblkSnapshot *snapshot; /* its root; NULL: it does not belong to one */
    char *id;
    char *type;      /* "nbd", "vhost-user-blk", "fuse", "vduse-blk" */
    char *node_name; /* of the node that it exports; it changes if a job replaces the node */
    gboolean is_shutting_down;
    QblkExportAccess access;
    const QblkNode *node; /* borrowed; NULL if it is not listed; set when the graph is loaded */
};

/**
 * Load the exports from query-block-exports, and their access from x-debug-query-block-graph.
 *
 * Returns: (transfer full): of QblkExport, owned; empty if QEMU does not have the query.  NULL with
 * QBLK_JSON_ERROR_TYPE, QBLK_GRAPH_ERROR_INVALID or _LIMIT
 */
GPtrArray *qblk_export_load_all(const QblkReplies *replies,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_export_free(QblkExport *export);

/** TRUE if query-block-exports lists an export: the debug graph has its access. */
gboolean qblk_export_exists(const QblkReplies *replies);
