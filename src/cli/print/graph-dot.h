/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The node graph in Graphviz' language, and drawn by it.
 */
#pragma once

#include "graph/snapshot.h"

/** Append the graph as a `digraph`. */
void qblk_graph_dot(const QblkSnapshot *snapshot, GString *out);

/** Append the graph as SVG, drawn by the program `dot`, which has to be installed. */
gboolean qblk_graph_dot_draw(const QblkSnapshot *snapshot, GString *out,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
