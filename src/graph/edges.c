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
qblk_edges_are_in(QblkJsonView nodes)
{
    /* In a QEMU that has the member, each node has it, even if empty. */
    g_auto(QblkJsonWalk) walk = qblk_json_walk_new(nodes);
    QblkJsonView first;
    return qblk_json_walk_next_view(&walk, &first) &&
           !qblk_json_view_is_absent(qblk_json_view_get(first, "children"));
}

QblkEdgeSource
qblk_edges_choose(const QblkReplies *replies, QblkJsonView nodes, QblkEdgeSource wanted)
{
    if (wanted != QBLK_EDGE_SOURCE_BEST) {
        return wanted;
    }
    if (qblk_edges_are_in(nodes)) {
        return QBLK_EDGE_SOURCE_CHILDREN;
    }

    const QblkReply *graph = qblk_replies_find(replies, "x-debug-query-block-graph", NULL);
    gboolean is_refused = graph != NULL && graph->refusal != NULL;
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

/* ---- children ---- */

typedef struct {
    QblkNode *parent;
    const char *name;
    const char *child; /* node-name */
} ListedEdge;

struct QblkListedEdges {
    GArray *edges; /* of ListedEdge */
    GStringChunk *text;
};

QblkListedEdges *
qblk_listed_edges_new(void)
{
    QblkListedEdges *listed = g_new(QblkListedEdges, 1);
    listed->edges = g_array_new(FALSE, FALSE, sizeof(ListedEdge));
    listed->text = g_string_chunk_new(4096);
    return listed;
}

void
qblk_listed_edges_free(QblkListedEdges *listed)
{
    if (listed == NULL) {
        return;
    }
    g_array_unref(listed->edges);
    g_string_chunk_free(listed->text);
    g_free(listed);
}

static void
add_listed(QblkListedEdges *listed, QblkNode *node, const ChildReply *reply)
{
    const ListedEdge edge = {
        .parent = node,
        .name = g_string_chunk_insert_const(listed->text, reply->edge),
        .child = g_string_chunk_insert(listed->text, reply->node),
    };
    g_array_append_val(listed->edges, edge);
}

/* A node without the list of its children would look like the end of a chain. */
gboolean
qblk_listed_edges_add(QblkListedEdges *listed, QblkNode *node, const QblkJson *children,
                      GError **error)
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
        add_listed(listed, node, &reply);
    }
    return TRUE;
}

static gboolean
connect_listed(const QblkListedEdges *listed, GHashTable *nodes, GError **error)
{
    for (guint i = 0; i < listed->edges->len; i++) {
        const ListedEdge *edge = &g_array_index(listed->edges, ListedEdge, i);
        QblkNode *child = g_hash_table_lookup(nodes, edge->child);
        if (child == NULL) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_CHANGED,
                        "the graph changed while it was read: node '%s' is a child of '%s' and not "
                        "listed",
                        edge->child, edge->parent->name);
            return FALSE;
        }
        qblk_node_add_child(edge->parent, edge->name, child);
    }
    return TRUE;
}

static gboolean
connect_from_nodes(QblkJsonView entries, const QblkListedEdges *listed, GHashTable *nodes,
                   GError **error)
{
    if (g_hash_table_size(nodes) > 0 && !qblk_edges_are_in(entries)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "this QEMU does not report the children of its nodes: QEMU 10.1 or later is "
                    "required");
        return FALSE;
    }
    return listed == NULL || connect_listed(listed, nodes, error);
}

/* ---- all sources ---- */

/* Children are compared with each other up to this number. */
#define FEW_CHILDREN 8

static gboolean
has_earlier(const QblkNode *node, guint position)
{
    const QblkChild *child = node->children->pdata[position];
    for (guint i = 0; i < position; i++) {
        const QblkChild *other = node->children->pdata[i];
        if (g_str_equal(other->name, child->name)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* With two children at edges of one name the chain would be ambiguous. */
static gboolean
check_edge_names(const QblkNode *node, GError **error)
{
    gboolean are_few = node->children->len <= FEW_CHILDREN;
    g_autoptr(GHashTable) names = are_few ? NULL : g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < node->children->len; i++) {
        const QblkChild *child = node->children->pdata[i];
        gboolean is_new = are_few ? !has_earlier(node, i) : g_hash_table_add(names, child->name);
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
qblk_edges_load(const QblkReplies *replies, QblkJsonView entries, const QblkListedEdges *listed,
                GHashTable *nodes, QblkEdgeSource source, GError **error)
{
    g_autoptr(QblkEdges) edges = g_new0(QblkEdges, 1);
    edges->roots = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    edges->jobs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_job_nodes);
    edges->used = source;

    QblkJsonView graph =
        qblk_reply_view(qblk_replies_find(replies, "x-debug-query-block-graph", NULL));
    gboolean has_graph = !qblk_json_view_is_absent(graph);
    gboolean loaded;
    if (edges->used == QBLK_EDGE_SOURCE_CHILDREN) {
        loaded = connect_from_nodes(entries, listed, nodes, error);
    } else if (edges->used == QBLK_EDGE_SOURCE_BLOCKSTATS) {
        loaded = qblk_block_stats_connect(replies, nodes, error);
    } else if (has_graph) {
        loaded = TRUE; /* connected below */
    } else {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "this QEMU does not have 'x-debug-query-block-graph'");
        loaded = FALSE;
    }

    if (loaded && has_graph) {
        gboolean connect = edges->used == QBLK_EDGE_SOURCE_DEBUG;
        loaded = qblk_block_graph_load(graph, nodes, connect, edges->roots, edges->jobs, error);
        edges->has_graph = loaded;
    }
    if (!loaded || !check_all_edge_names(nodes, error)) {
        return NULL;
    }
    return g_steal_pointer(&edges);
}
