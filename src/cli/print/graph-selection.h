/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The part of a graph that belongs to some disks: what is below them, and the exports and jobs of
 * these nodes. A selection that is NULL has all of the graph.
 */
#pragma once

#include "base/json.h"

#include <qblk/snapshot.h>

typedef struct QblkGraphSelection QblkGraphSelection;

/**
 * @names: (array zero-terminated=1): of disks
 *
 * Returns: (transfer full) (nullable): the selection; NULL without an error if @names is empty;
 * NULL with the errors of qblk_snapshot_find_device() otherwise
 */
QblkGraphSelection *qblk_graph_selection_new(const QblkSnapshot *snapshot, const char *const *names,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_graph_selection_free(QblkGraphSelection *selection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkGraphSelection, qblk_graph_selection_free)

gboolean qblk_graph_selection_has_node(const QblkGraphSelection *selection, const QblkNode *node);
gboolean qblk_graph_selection_has_device(const QblkGraphSelection *selection,
                                         const QblkDevice *device);
gboolean qblk_graph_selection_has_export(const QblkGraphSelection *selection,
                                         const QblkExport *export);
gboolean qblk_graph_selection_has_job(const QblkGraphSelection *selection, const QblkJob *job);

/** Remove from @graph, the JSON of @snapshot, what is not in @selection (nullable). */
void qblk_graph_selection_reduce(const QblkGraphSelection *selection, const QblkSnapshot *snapshot,
                                 QblkJson *graph);
