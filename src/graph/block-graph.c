/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/block-graph.h"

typedef struct {
    const QblkJson *nodes;
    const QblkJson *edges;
} GraphReply;

static const QblkJsonField graph_fields[] = {
    {"nodes", QBLK_JSON_ARRAY, TRUE, G_STRUCT_OFFSET(GraphReply, nodes)},
    {"edges", QBLK_JSON_ARRAY, TRUE, G_STRUCT_OFFSET(GraphReply, edges)},
    {NULL},
};

/* A vertex of QEMU's graph, which is a block node, a BlockBackend or a job. */
typedef struct {
    gint64 id;
    const char *type;
    const char *name;
    QblkNode *node; /* borrowed, for a block node */
} Vertex;

static const QblkJsonField vertex_fields[] = {
    {"id", QBLK_JSON_INTEGER, TRUE, G_STRUCT_OFFSET(Vertex, id)},
    {"type", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(Vertex, type)},
    {"name", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(Vertex, name)},
    {NULL},
};

typedef struct {
    gint64 parent;
    gint64 child;
    const char *name;
} Edge;

static const QblkJsonField edge_fields[] = {
    {"parent", QBLK_JSON_INTEGER, TRUE, G_STRUCT_OFFSET(Edge, parent)},
    {"child", QBLK_JSON_INTEGER, TRUE, G_STRUCT_OFFSET(Edge, child)},
    {"name", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(Edge, name)},
    {NULL},
};

/* Find the node of @vertex; @found has the nodes of earlier vertices. */
static gboolean
find_node(Vertex *vertex, GHashTable *nodes, GHashTable *found, GError **error)
{
    vertex->node = g_hash_table_lookup(nodes, vertex->name);
    if (vertex->node == NULL) {
        g_set_error(
            error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_CHANGED,
            "the graph changed while it was read: node '%s' is in one reply and not in the other",
            vertex->name);
        return FALSE;
    }

    gboolean is_new = g_hash_table_add(found, vertex->node);
    if (!is_new) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID,
                    "x-debug-query-block-graph has the node '%s' twice", vertex->name);
        return FALSE;
    }
    return TRUE;
}

/* Read the vertices into @vertices (id -> Vertex, owned) and find their nodes. */
static gboolean
load_vertices(const QblkJson *entries, GHashTable *nodes, GHashTable *vertices, GError **error)
{
    g_autoptr(GHashTable) found = g_hash_table_new(NULL, NULL);
    for (gsize i = 0; i < qblk_json_length(entries); i++) {
        g_autofree Vertex *vertex = g_new0(Vertex, 1);
        if (!qblk_json_read(qblk_json_at(entries, i), vertex_fields, vertex,
                            "a node of x-debug-query-block-graph", error)) {
            return FALSE;
        }

        gboolean is_node = g_str_equal(vertex->type, "block-driver");
        if (is_node && !find_node(vertex, nodes, found, error)) {
            return FALSE;
        }
        if (g_hash_table_contains(vertices, &vertex->id)) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID,
                        "x-debug-query-block-graph has two nodes with the id %" G_GINT64_FORMAT,
                        vertex->id);
            return FALSE;
        }
        g_hash_table_insert(vertices, &vertex->id, vertex);
        g_steal_pointer(&vertex);
    }

    if (g_hash_table_size(found) != g_hash_table_size(nodes)) {
        g_set_error(
            error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_CHANGED,
            "the graph changed while it was read: %u nodes in one reply and %u in the other",
            g_hash_table_size(nodes), g_hash_table_size(found));
        return FALSE;
    }
    return TRUE;
}

static void
add_job_node(GHashTable *jobs, const char *job, const char *edge, const QblkNode *node)
{
    GPtrArray *children = g_hash_table_lookup(jobs, job);
    if (children == NULL) {
        children = qblk_node_children_new();
        g_hash_table_insert(jobs, g_strdup(job), children);
    }
    qblk_node_children_add(children, edge, node);
}

static gboolean
load_edge(const QblkJson *entry, GHashTable *vertices, gboolean connect, GHashTable *roots,
          GHashTable *jobs, GError **error)
{
    Edge edge = {0};
    if (!qblk_json_read(entry, edge_fields, &edge, "an edge of x-debug-query-block-graph", error)) {
        return FALSE;
    }

    const Vertex *parent = g_hash_table_lookup(vertices, &edge.parent);
    const Vertex *child = g_hash_table_lookup(vertices, &edge.child);
    if (parent == NULL || child == NULL || child->node == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID,
                    "x-debug-query-block-graph has an edge '%s' that does not end at a block node",
                    edge.name);
        return FALSE;
    }

    if (parent->node != NULL) {
        if (connect) {
            qblk_node_add_child(parent->node, edge.name, child->node);
        }
    } else if (g_str_equal(parent->type, "block-backend")) {
        /* BlockBackends without a name belong to jobs and exports. */
        if (parent->name[0] != '\0') {
            g_hash_table_insert(roots, g_strdup(parent->name), child->node);
        }
    } else if (g_str_equal(parent->type, "block-job")) {
        add_job_node(jobs, parent->name, edge.name, child->node);
    }
    return TRUE;
}

gboolean
qblk_block_graph_make_nodes(const QblkJson *graph, GPtrArray *nodes, GError **error)
{
    GraphReply reply = {0};
    if (!qblk_json_read(graph, graph_fields, &reply, "x-debug-query-block-graph", error)) {
        return FALSE;
    }
    for (gsize i = 0; i < qblk_json_length(reply.nodes); i++) {
        Vertex vertex = {0};
        if (!qblk_json_read(qblk_json_at(reply.nodes, i), vertex_fields, &vertex,
                            "a node of x-debug-query-block-graph", error)) {
            return FALSE;
        }
        if (g_str_equal(vertex.type, "block-driver")) {
            g_ptr_array_add(nodes, qblk_node_new(vertex.name));
        }
    }
    return TRUE;
}

gboolean
qblk_block_graph_load(const QblkJson *graph, GHashTable *nodes, gboolean connect, GHashTable *roots,
                      GHashTable *jobs, GError **error)
{
    GraphReply reply = {0};
    if (!qblk_json_read(graph, graph_fields, &reply, "x-debug-query-block-graph", error)) {
        return FALSE;
    }
    /* The key is the id inside the value. */
    g_autoptr(GHashTable) vertices =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    if (!load_vertices(reply.nodes, nodes, vertices, error)) {
        return FALSE;
    }
    for (gsize i = 0; i < qblk_json_length(reply.edges); i++) {
        if (!load_edge(qblk_json_at(reply.edges, i), vertices, connect, roots, jobs, error)) {
            return FALSE;
        }
    }
    return TRUE;
}
