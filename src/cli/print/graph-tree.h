/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The node graph as a tree of text.
 */
#pragma once

#include "cli/print/graph-selection.h"

/** Append the nodes of each disk to @out, then the nodes that no disk uses.
 *
 * @selection: (nullable) */
void qblk_graph_tree(const QblkSnapshot *snapshot, const QblkGraphSelection *selection,
                     GString *out);
