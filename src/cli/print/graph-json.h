/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The node graph as JSON; docs/json.md describes each field.
 */
#pragma once

#include "base/json.h"
#include "graph/snapshot.h"

/**
 * @snapshot: its nodes were read
 *
 * Returns: (transfer full): the graph
 */
QblkJson *qblk_graph_json(const QblkSnapshot *snapshot) G_GNUC_WARN_UNUSED_RESULT;
