/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/node-count.h"

#include "base/limits.h"

#define NODES_OF_AN_IMAGE 2

/* How many images there are below the one that is open; what is no depth is taken for none. */
static guint64
backing_depth(const QblkJson *inserted)
{
    gint64 depth = 0;
    (void)qblk_json_integer(qblk_json_get(inserted, "backing_file_depth"), &depth);
    return (guint64)CLAMP(depth, 0, QBLK_LIMIT_NODES);
}

guint64
qblk_node_count_estimate(const QblkReplies *replies)
{
    const QblkJson *blocks = qblk_replies_value(replies, "query-block");
    gsize length = qblk_json_is(blocks, QBLK_JSON_ARRAY) ? qblk_json_length(blocks) : 0;
    guint64 nodes = 0;
    for (gsize i = 0; i < length; i++) {
        const QblkJson *inserted = qblk_json_get(qblk_json_at(blocks, i), "inserted");
        if (inserted != NULL) {
            nodes += NODES_OF_AN_IMAGE * (1 + backing_depth(inserted));
        }
    }
    return nodes;
}

guint64
qblk_node_count_busy_ms(guint64 nodes)
{
    return nodes * QBLK_NODE_MICROSECONDS / 1000;
}
