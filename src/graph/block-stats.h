/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Edges from query-blockstats, which every QEMU has and which sees the least.
 *
 * Asked for devices, each entry nests what is below it: `parent` is the child that stores its data
 * and `backing` the backing or filtered one; the filters that jobs put in are left out.  Asked with
 * `query-nodes`, it has an entry for each node, with `parent` only (block/qapi.c, measured on 7.2).
 */
#pragma once

#include "graph/node.h"
#include "graph/replies.h"

/** Arguments that ask for every node; a new reference.  None ask for the devices. */
QblkJson *qblk_block_stats_arguments(void) G_GNUC_WARN_UNUSED_RESULT;

/** Add the edges of both replies to @nodes (node-name -> QblkNode). */
gboolean qblk_block_stats_connect(const QblkReplies *replies, GHashTable *nodes,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
