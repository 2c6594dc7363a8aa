/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The node graph as a tree of text.
 */
#pragma once

#include <qblk/snapshot.h>

/** Append the nodes of each disk to @out, then the nodes that no disk uses. */
void qblk_graph_tree(const QblkSnapshot *snapshot, GString *out);
