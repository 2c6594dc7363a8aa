/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/export.h"

#include "base/limits.h"

typedef struct {
    const char *id;
    const char *type;
    const char *node_name;
    gboolean is_shutting_down;
} ExportReply;

static const QblkJsonField export_fields[] = {
    {"id", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(ExportReply, id)},
    {"type", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(ExportReply, type)},
    {"node-name", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(ExportReply, node_name)},
    {"shutting-down", QBLK_JSON_BOOLEAN, TRUE, G_STRUCT_OFFSET(ExportReply, is_shutting_down)},
    {NULL},
};

void
qblk_export_free(QblkExport *export)
{
    if (export == NULL) {
        return;
    }
    g_free(export->id);
    g_free(export->type);
    g_free(export->node_name);
    g_free(export);
}

gboolean
qblk_export_exists(const QblkReplies *replies)
{
    return qblk_json_length(qblk_replies_value(replies, "query-block-exports")) > 0;
}

/* ---- access ---- */

/* The BlockBackends without a name at a node.  Exports have such, and some jobs: which one belongs
 * to which is not reported. */
typedef struct {
    guint readers; /* those that may read only */
    guint writers;
} Backends;

static gboolean
has_permission(const QblkJson *edge, const char *permission)
{
    const QblkJson *list = qblk_json_get(edge, "perm");
    for (gsize i = 0; i < qblk_json_length(list); i++) {
        if (g_strcmp0(qblk_json_string(qblk_json_at(list, i)), permission) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* A vertex of the graph, as far as it is needed. */
typedef struct {
    gint64 id;
    char *name; /* owned */
    gboolean is_backend;
} Vertex;

static void
vertex_free(gpointer data)
{
    Vertex *vertex = data;
    g_free(vertex->name);
    g_free(vertex);
}

/* id -> Vertex, owned.  What is not valid is left out: loading the edges reports it. */
static GHashTable *
index_vertices(QblkJsonView graph)
{
    GHashTable *vertices = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, vertex_free);
    g_auto(QblkJsonWalk) walk = qblk_json_walk_new(qblk_json_view_get(graph, "nodes"));

    for (const QblkJson *entry; (entry = qblk_json_walk_next(&walk)) != NULL;) {
        gint64 id;
        if (qblk_json_integer(qblk_json_get(entry, "id"), &id)) {
            Vertex *vertex = g_new0(Vertex, 1);
            vertex->id = id;
            vertex->name = g_strdup(qblk_json_get_string(entry, "name"));
            vertex->is_backend =
                g_strcmp0(qblk_json_get_string(entry, "type"), "block-backend") == 0;
            g_hash_table_replace(vertices, &vertex->id, vertex);
        }
    }
    return vertices;
}

static const Vertex *
find_vertex(GHashTable *vertices, const QblkJson *edge, const char *end)
{
    gint64 id;
    return qblk_json_integer(qblk_json_get(edge, end), &id) ? g_hash_table_lookup(vertices, &id)
                                                            : NULL;
}

static gboolean
is_unnamed_backend(const Vertex *vertex)
{
    return vertex != NULL && vertex->is_backend && g_strcmp0(vertex->name, "") == 0;
}

static void
count_backend(GHashTable *nodes, const char *node, const QblkJson *edge)
{
    Backends *backends = g_hash_table_lookup(nodes, node);
    if (backends == NULL) {
        backends = g_new0(Backends, 1);
        g_hash_table_insert(nodes, g_strdup(node), backends);
    }
    if (has_permission(edge, "write")) {
        backends->writers++;
    } else if (has_permission(edge, "consistent-read")) {
        backends->readers++;
    }
}

/* Returns: (transfer full): node-name -> Backends */
static GHashTable *
count_backends(QblkJsonView graph)
{
    GHashTable *nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GHashTable) vertices = index_vertices(graph);
    g_auto(QblkJsonWalk) walk = qblk_json_walk_new(qblk_json_view_get(graph, "edges"));

    for (const QblkJson *edge; (edge = qblk_json_walk_next(&walk)) != NULL;) {
        const Vertex *child = find_vertex(vertices, edge, "child");
        if (child != NULL && child->name != NULL &&
            is_unnamed_backend(find_vertex(vertices, edge, "parent"))) {
            count_backend(nodes, child->name, edge);
        }
    }
    return nodes;
}

/* An inactive node gives no permissions: then neither is counted. */
static void
set_access(GPtrArray *exports, const QblkReplies *replies)
{
    g_autoptr(GHashTable) nodes = count_backends(
        qblk_reply_view(qblk_replies_find(replies, "x-debug-query-block-graph", NULL)));

    for (guint i = 0; i < exports->len; i++) {
        QblkExport *export = exports->pdata[i];
        const Backends *backends = g_hash_table_lookup(nodes, export->node_name);
        if (backends == NULL || (backends->readers > 0) == (backends->writers > 0)) {
            continue;
        }
        export->access =
            backends->writers > 0 ? QBLK_EXPORT_ACCESS_WRITABLE : QBLK_EXPORT_ACCESS_READ_ONLY;
    }
}

/* ---- loading ---- */

static QblkExport *
load_export(const QblkJson *entry, GError **error)
{
    ExportReply reply = {0};
    if (!qblk_json_read(entry, export_fields, &reply, "query-block-exports", error)) {
        return NULL;
    }
    QblkExport *export = g_new0(QblkExport, 1);
    export->id = g_strdup(reply.id);
    export->type = g_strdup(reply.type);
    export->node_name = g_strdup(reply.node_name);
    export->is_shutting_down = reply.is_shutting_down;
    return export;
}

static gboolean
check_list(const QblkJson *entries, GError **error)
{
    if (!qblk_json_is(entries, QBLK_JSON_ARRAY)) {
        g_set_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE,
                    "query-block-exports is not a list");
        return FALSE;
    }
    if (qblk_json_length(entries) > QBLK_LIMIT_EXPORTS) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_LIMIT,
                    "'query-block-exports' lists more exports than the limit of %d",
                    QBLK_LIMIT_EXPORTS);
        return FALSE;
    }
    return TRUE;
}

GPtrArray *
qblk_export_load_all(const QblkReplies *replies, GError **error)
{
    g_autoptr(GPtrArray) exports = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_export_free);
    const QblkJson *entries = qblk_replies_value(replies, "query-block-exports");
    if (entries == NULL) {
        return g_steal_pointer(&exports);
    }
    if (!check_list(entries, error)) {
        return NULL;
    }

    g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
    for (gsize i = 0; i < qblk_json_length(entries); i++) {
        QblkExport *export = load_export(qblk_json_at(entries, i), error);
        if (export == NULL) {
            return NULL;
        }
        g_ptr_array_add(exports, export);
        gboolean is_new = g_hash_table_add(ids, export->id);
        if (!is_new) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID,
                        "two exports have the id '%s'", export->id);
            return NULL;
        }
    }
    if (exports->len > 0) {
        set_access(exports, replies);
    }
    return g_steal_pointer(&exports);
}

/* ---- for programs ---- */

const char *
qblk_export_get_id(const QblkExport *export)
{
    return export->id;
}

const char *
qblk_export_get_export_type(const QblkExport *export)
{
    return export->type;
}

const char *
qblk_export_get_node_name(const QblkExport *export)
{
    return export->node_name;
}

const QblkNode *
qblk_export_get_node(const QblkExport *export)
{
    return export->node;
}

QblkExportAccess
qblk_export_get_access(const QblkExport *export)
{
    return export->access;
}

gboolean
qblk_export_is_shutting_down(const QblkExport *export)
{
    return export->is_shutting_down;
}
