/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The node graph as a tree of text.
 */
#pragma once

#include "cli/print/graph-selection.h"
#include "cli/print/terminal.h"

/**
 * Append the nodes of each disk to @out, then the exports and jobs that are not at one of them, and
 * the nodes that no disk uses.
 *
 * Below a disk is its chain from top to bottom, with filters, jobs and layers in their order.  What
 * belongs to a node is below the node: bitmaps, exports, its other children.  A node is printed
 * once; elsewhere its line names the place.
 *
 * @selection: (nullable)
 */
void qblk_graph_tree(const QblkSnapshot *snapshot, const QblkGraphSelection *selection,
                     const QblkTerminal *terminal, GString *out);
