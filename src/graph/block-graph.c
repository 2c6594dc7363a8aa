/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/block-graph.h"

typedef struct {
    gint64 id;
    const char *type;
    const char *name;
} VertexReply;

static const QblkJsonField vertex_fields[] = {
    {"id", QBLK_JSON_INTEGER, TRUE, G_STRUCT_OFFSET(VertexReply, id)},
    {"type", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(VertexReply, type)},
    {"name", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(VertexReply, name)},
    {NULL},
};

/* A vertex of QEMU's graph, which is a block node, a BlockBackend or a job. */
typedef struct {
    gint64 id;
    QblkNode *node; /* borrowed, of a block node, else NULL */
    char *name;     /* owned, NULL for a block node */
    gboolean is_backend;
    gboolean is_job;
} Vertex;

static void
vertex_free(gpointer data)
{
    Vertex *vertex = data;
    g_free(vertex->name);
    g_free(vertex);
}

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

/* Find the node of a vertex; @found has the nodes of earlier vertices. */
static QblkNode *
find_node(const VertexReply *reply, GHashTable *nodes, GHashTable *found, GError **error)
{
    QblkNode *node = g_hash_table_lookup(nodes, reply->name);
    if (node == NULL) {
        g_set_error(
            error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_CHANGED,
            "the graph changed while it was read: node '%s' is in one reply and not in the other",
            reply->name);
        return NULL;
    }

    gboolean is_new = g_hash_table_add(found, node);
    if (!is_new) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID,
                    "x-debug-query-block-graph has the node '%s' twice", reply->name);
        return NULL;
    }
    return node;
}

static gboolean
is_node(const VertexReply *reply)
{
    return g_str_equal(reply->type, "block-driver");
}

static gboolean
read_vertex(const QblkJson *entry, VertexReply *reply, GError **error)
{
    return qblk_json_read(entry, vertex_fields, reply, "a node of x-debug-query-block-graph",
                          error);
}

static void
add_vertex(GHashTable *vertices, const VertexReply *reply, QblkNode *node)
{
    Vertex *vertex = g_new0(Vertex, 1);
    vertex->id = reply->id;
    vertex->node = node;
    vertex->name = node == NULL ? g_strdup(reply->name) : NULL;
    vertex->is_backend = g_str_equal(reply->type, "block-backend");
    vertex->is_job = g_str_equal(reply->type, "block-job");
    g_hash_table_insert(vertices, &vertex->id, vertex);
}

/* Read the vertices into @vertices (id -> Vertex, owned) and find their nodes. */
static gboolean
load_vertices(QblkJsonView entries, GHashTable *nodes, GHashTable *vertices, GError **error)
{
    g_autoptr(GHashTable) found = g_hash_table_new(NULL, NULL);
    g_auto(QblkJsonWalk) walk = qblk_json_walk_new(entries);
    for (const QblkJson *entry; (entry = qblk_json_walk_next(&walk)) != NULL;) {
        VertexReply reply = {0};
        if (!read_vertex(entry, &reply, error)) {
            return FALSE;
        }

        QblkNode *node = is_node(&reply) ? find_node(&reply, nodes, found, error) : NULL;
        if (node == NULL && is_node(&reply)) {
            return FALSE;
        }
        if (g_hash_table_contains(vertices, &reply.id)) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID,
                        "x-debug-query-block-graph has two nodes with the id %" G_GINT64_FORMAT,
                        reply.id);
            return FALSE;
        }
        add_vertex(vertices, &reply, node);
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
    } else if (parent->is_backend) {
        /* BlockBackends without a name belong to jobs and exports. */
        if (parent->name[0] != '\0') {
            g_hash_table_insert(roots, g_strdup(parent->name), child->node);
        }
    } else if (parent->is_job) {
        add_job_node(jobs, parent->name, edge.name, child->node);
    }
    return TRUE;
}

/* ---- the graph ---- */

/* Find the list @key of @graph. */
static gboolean
find_list(QblkJsonView graph, const char *key, QblkJsonView *list, GError **error)
{
    *list = qblk_json_view_get(graph, key);
    if (qblk_json_view_is_array(*list)) {
        return TRUE;
    }

    static const char what[] = "x-debug-query-block-graph";
    if (!qblk_json_view_is_object(graph)) {
        g_set_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE, "%s is not an object", what);
    } else if (qblk_json_view_is_absent(*list)) {
        g_set_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE, "%s: '%s' is missing", what, key);
    } else {
        g_set_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE, "%s: '%s' is not an array", what,
                    key);
    }
    return FALSE;
}

static gboolean
find_lists(QblkJsonView graph, QblkJsonView *nodes, QblkJsonView *edges, GError **error)
{
    return find_list(graph, "nodes", nodes, error) && find_list(graph, "edges", edges, error);
}

gboolean
qblk_block_graph_make_nodes(QblkJsonView graph, GPtrArray *nodes, GError **error)
{
    QblkJsonView vertices, edges;
    if (!find_lists(graph, &vertices, &edges, error)) {
        return FALSE;
    }

    g_auto(QblkJsonWalk) walk = qblk_json_walk_new(vertices);
    for (const QblkJson *entry; (entry = qblk_json_walk_next(&walk)) != NULL;) {
        VertexReply reply = {0};
        if (!read_vertex(entry, &reply, error)) {
            return FALSE;
        }
        if (is_node(&reply)) {
            g_ptr_array_add(nodes, qblk_node_new(reply.name));
        }
    }
    return TRUE;
}

gboolean
qblk_block_graph_load(QblkJsonView graph, GHashTable *nodes, gboolean connect, GHashTable *roots,
                      GHashTable *jobs, GError **error)
{
    QblkJsonView entries, edges;
    if (!find_lists(graph, &entries, &edges, error)) {
        return FALSE;
    }
    /* The key is the id inside the value. */
    g_autoptr(GHashTable) vertices =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, vertex_free);
    if (!load_vertices(entries, nodes, vertices, error)) {
        return FALSE;
    }

    g_auto(QblkJsonWalk) walk = qblk_json_walk_new(edges);
    for (const QblkJson *edge; (edge = qblk_json_walk_next(&walk)) != NULL;) {
        if (!load_edge(edge, vertices, connect, roots, jobs, error)) {
            return FALSE;
        }
    }
    return TRUE;
}
