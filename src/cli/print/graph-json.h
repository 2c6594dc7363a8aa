/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The node graph as JSON; docs/json.md says what each field means.
 */
#pragma once

#include "base/json.h"
#include "graph/snapshot.h"

/** A new reference. @snapshot has its nodes: none were withheld. */
QblkJson *qblk_graph_json(const QblkSnapshot *snapshot) G_GNUC_WARN_UNUSED_RESULT;
