/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The node graph as a tree for people.
 */
#pragma once

#include "graph/snapshot.h"

/** Append each disk's nodes, then those that no disk uses. */
void qblk_graph_tree(const QblkSnapshot *snapshot, GString *out);
