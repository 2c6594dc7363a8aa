/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/edges.h"

#include "graph/block-graph.h"
#include "graph/block-stats.h"

void
qblk_edges_free(QblkEdges *edges)
{
    if (edges == NULL) {
        return;
    }
    g_hash_table_unref(edges->roots);
    g_hash_table_unref(edges->jobs);
    g_free(edges);
}

gboolean
qblk_edges_are_in(const QblkJson *nodes)
{
    /* In a QEMU that has the member, each node has it, even if empty. */
    return qblk_json_get(qblk_json_at(nodes, 0), "children") != NULL;
}

QblkEdgeSource
qblk_edges_choose(const QblkReplies *replies, const QblkJson *nodes, QblkEdgeSource wanted)
{
    if (wanted != QBLK_EDGE_SOURCE_BEST) {
        return wanted;
    }
    if (qblk_edges_are_in(nodes)) {
        return QBLK_EDGE_SOURCE_CHILDREN;
    }

    const QblkReply *graph = qblk_replies_find(replies, "x-debug-query-block-graph", NULL);
    gboolean is_refused = graph != NULL && graph->value == NULL;
    return is_refused ? QBLK_EDGE_SOURCE_BLOCKSTATS : QBLK_EDGE_SOURCE_DEBUG;
}

typedef struct {
    const char *edge;
    const char *node;
} ChildReply;

static const QblkJsonField child_fields[] = {
    {"child", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(ChildReply, edge)},
    {"node-name", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(ChildReply, node)},
    {NULL},
};

/* A node without the list of its children would look like the end of a chain. */
static gboolean
connect_children(QblkNode *node, const QblkJson *children, GHashTable *nodes, GError **error)
{
    if (!qblk_json_is(children, QBLK_JSON_ARRAY)) {
        g_set_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE,
                    "node '%s': 'children' is not an array", node->name);
        return FALSE;
    }

    for (gsize i = 0; i < qblk_json_length(children); i++) {
        ChildReply reply = {0};
        g_autofree char *what =
            g_strdup_printf("child %" G_GSIZE_FORMAT " of node '%s'", i, node->name);
        if (!qblk_json_read(qblk_json_at(children, i), child_fields, &reply, what, error)) {
            return FALSE;
        }

        QblkNode *child = g_hash_table_lookup(nodes, reply.node);
        if (child == NULL) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_CHANGED,
                        "the graph changed while it was read: node '%s' is a child of '%s' and not "
                        "listed",
                        reply.node, node->name);
            return FALSE;
        }
        qblk_node_add_child(node, reply.edge, child);
    }
    return TRUE;
}

static gboolean
connect_from_nodes(const QblkJson *entries, GHashTable *nodes, GError **error)
{
    if (qblk_json_length(entries) > 0 && !qblk_edges_are_in(entries)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "this QEMU does not report the children of its nodes: QEMU 10.1 or later is "
                    "required");
        return FALSE;
    }

    for (gsize i = 0; i < qblk_json_length(entries); i++) {
        const QblkJson *entry = qblk_json_at(entries, i);
        QblkNode *node = g_hash_table_lookup(nodes, qblk_json_get_string(entry, "node-name"));
        if (!connect_children(node, qblk_json_get(entry, "children"), nodes, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* With two children at edges of one name the chain would be ambiguous. */
static gboolean
check_edge_names(const QblkNode *node, GError **error)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < node->children->len; i++) {
        const QblkChild *child = node->children->pdata[i];
        gboolean is_new = g_hash_table_add(names, child->name);
        if (!is_new) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID,
                        "node '%s' has two children '%s'", node->name, child->name);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
check_all_edge_names(GHashTable *nodes, GError **error)
{
    GHashTableIter iter;
    gpointer node;
    g_hash_table_iter_init(&iter, nodes);
    while (g_hash_table_iter_next(&iter, NULL, &node)) {
        if (((QblkNode *)node)->children->len > 1 && !check_edge_names(node, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static void
free_job_nodes(gpointer data)
{
    g_ptr_array_unref(data);
}

QblkEdges *
qblk_edges_load(const QblkReplies *replies, const QblkJson *entries, GHashTable *nodes,
                QblkEdgeSource wanted, GError **error)
{
    g_autoptr(QblkEdges) edges = g_new0(QblkEdges, 1);
    edges->roots = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    edges->jobs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_job_nodes);
    edges->used = qblk_edges_choose(replies, entries, wanted);

    const QblkJson *graph = qblk_replies_value(replies, "x-debug-query-block-graph");
    gboolean loaded;
    if (edges->used == QBLK_EDGE_SOURCE_CHILDREN) {
        loaded = connect_from_nodes(entries, nodes, error);
    } else if (edges->used == QBLK_EDGE_SOURCE_BLOCKSTATS) {
        loaded = qblk_block_stats_connect(replies, nodes, error);
    } else if (graph != NULL) {
        loaded = TRUE; /* connected below */
    } else {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "this QEMU does not have 'x-debug-query-block-graph'");
        loaded = FALSE;
    }

    if (loaded && graph != NULL) {
        gboolean connect = edges->used == QBLK_EDGE_SOURCE_DEBUG;
        loaded = qblk_block_graph_load(graph, nodes, connect, edges->roots, edges->jobs, error);
        edges->has_graph = loaded;
    }
    if (!loaded || !check_all_edge_names(nodes, error)) {
        return NULL;
    }
    return g_steal_pointer(&edges);
}
