/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The node graph in the language of Graphviz, and as a drawing.
 */
#pragma once

#include "cli/print/graph-selection.h"

/** Append the graph to @out as a `digraph`.
 *
 * @selection: (nullable) */
void qblk_graph_dot(const QblkSnapshot *snapshot, const QblkGraphSelection *selection,
                    GString *out);

/**
 * Append the graph to @out as SVG.  The program `dot` draws it.
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR_FILE if `dot` fails or is not installed
 */
gboolean qblk_graph_dot_draw(const QblkSnapshot *snapshot, const QblkGraphSelection *selection,
                             GString *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
