/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/block-stats.h"

QblkJson *
qblk_block_stats_arguments(void)
{
    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_boolean(arguments, "query-nodes", TRUE);
    return arguments;
}

typedef struct {
    const char *node_name;
    const QblkJson *parent;
    const QblkJson *backing;
} StatsReply;

static const QblkJsonField stats_fields[] = {
    {"node-name", QBLK_JSON_STRING, FALSE, G_STRUCT_OFFSET(StatsReply, node_name)},
    {"parent", QBLK_JSON_OBJECT, FALSE, G_STRUCT_OFFSET(StatsReply, parent)},
    {"backing", QBLK_JSON_OBJECT, FALSE, G_STRUCT_OFFSET(StatsReply, backing)},
    {NULL},
};

/* The edge to the child under `parent`.  That child stores the data: the data file of a qcow2 image
 * that has one. */
static const char *
storage_edge(const QblkNode *node)
{
    if (node->has_data_file) {
        return "data-file";
    }
    return node->kind == NULL || node->kind->child == NULL ? "file" : node->kind->child;
}

static const char *
backing_edge(const QblkNode *node)
{
    return qblk_node_is(node, QBLK_DRIVER_FILTER) ? node->kind->child : "backing";
}

/* Find the node of an entry; NULL for an empty drive. */
static gboolean
find_node(const StatsReply *reply, GHashTable *nodes, QblkNode **node, GError **error)
{
    *node = reply->node_name == NULL ? NULL : g_hash_table_lookup(nodes, reply->node_name);
    if (*node == NULL && reply->node_name != NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_CHANGED,
                    "the graph changed while it was read: node '%s' is in one reply and not in the "
                    "other",
                    reply->node_name);
        return FALSE;
    }
    return TRUE;
}

static gboolean
connect_child(QblkNode *node, const char *edge, const QblkJson *entry, GHashTable *nodes,
              GError **error)
{
    StatsReply reply = {0};
    QblkNode *child = NULL;

    if (entry == NULL) {
        return TRUE;
    }
    if (!qblk_json_read(entry, stats_fields, &reply, "query-blockstats", error) ||
        !find_node(&reply, nodes, &child, error)) {
        return FALSE;
    }
    if (child != NULL && qblk_node_find_child(node, edge) == NULL) {
        qblk_node_add_child(node, edge, child);
    }
    return TRUE;
}

static gboolean
connect_children(QblkNode *node, const StatsReply *reply, GHashTable *nodes, GError **error)
{
    if (!connect_child(node, storage_edge(node), reply->parent, nodes, error)) {
        return FALSE;
    }
    return connect_child(node, backing_edge(node), reply->backing, nodes, error);
}

/* Connect the node of @entry and all below it.  Without recursion: the reply for a chain nests as
 * deep as the chain is long. */
static gboolean
connect_tree(const QblkJson *entry, GHashTable *nodes, GError **error)
{
    g_autoptr(GArray) waiting = g_array_new(FALSE, FALSE, sizeof(const QblkJson *));
    g_array_append_val(waiting, entry);
    while (waiting->len > 0) {
        StatsReply reply = {0};
        QblkNode *node = NULL;
        const QblkJson *next = g_array_index(waiting, const QblkJson *, waiting->len - 1);
        g_array_set_size(waiting, waiting->len - 1);
        if (!qblk_json_read(next, stats_fields, &reply, "query-blockstats", error) ||
            !find_node(&reply, nodes, &node, error)) {
            return FALSE;
        }
        if (node != NULL && !connect_children(node, &reply, nodes, error)) {
            return FALSE;
        }

        if (reply.parent != NULL) {
            g_array_append_val(waiting, reply.parent);
        }
        if (reply.backing != NULL) {
            g_array_append_val(waiting, reply.backing);
        }
    }
    return TRUE;
}

/* Get the entries of one of the two replies. */
static gboolean
get_entries(const QblkReplies *replies, const QblkJson *arguments, QblkJsonView *entries,
            GError **error)
{
    *entries = qblk_reply_view(qblk_replies_find(replies, "query-blockstats", arguments));
    if (!qblk_json_view_is_array(*entries)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID,
                    "no reply to 'query-blockstats' to read the edges from");
        return FALSE;
    }
    return TRUE;
}

static gboolean
connect_all(QblkJsonView entries, GHashTable *nodes, GError **error)
{
    g_auto(QblkJsonWalk) walk = qblk_json_walk_new(entries);
    for (const QblkJson *entry; (entry = qblk_json_walk_next(&walk)) != NULL;) {
        if (!connect_tree(entry, nodes, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
qblk_block_stats_connect(const QblkReplies *replies, GHashTable *nodes, GError **error)
{
    g_autoptr(QblkJson) arguments = qblk_block_stats_arguments();
    QblkJsonView by_node, by_device;
    if (!get_entries(replies, arguments, &by_node, error) ||
        !get_entries(replies, NULL, &by_device, error)) {
        return FALSE;
    }

    gsize count = qblk_json_view_length(by_node);
    if (count != g_hash_table_size(nodes)) {
        g_set_error(
            error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_CHANGED,
            "the graph changed while it was read: %u nodes in one reply and %" G_GSIZE_FORMAT
            " in the other",
            g_hash_table_size(nodes), count);
        return FALSE;
    }

    /* First by node: only that reply has the filters of jobs. */
    if (!connect_all(by_node, nodes, error)) {
        return FALSE;
    }
    return connect_all(by_device, nodes, error);
}

void
qblk_block_stats_load_writes(const QblkReplies *replies, GHashTable *nodes)
{
    g_autoptr(QblkJson) arguments = qblk_block_stats_arguments();
    const QblkReply *reply = qblk_replies_find(replies, "query-blockstats", arguments);
    g_auto(QblkJsonWalk) walk = qblk_json_walk_new(qblk_reply_view(reply));
    for (const QblkJson *entry; (entry = qblk_json_walk_next(&walk)) != NULL;) {
        const char *name = qblk_json_get_string(entry, "node-name");
        const QblkJson *stats = qblk_json_get(entry, "stats");
        QblkNode *node = name == NULL ? NULL : g_hash_table_lookup(nodes, name);
        gint64 end = 0;

        if (node != NULL && qblk_json_integer(qblk_json_get(stats, "wr_highest_offset"), &end) &&
            end > 0) {
            node->written_end = end;
        }
    }
}

gboolean
qblk_block_stats_exist(const QblkReplies *replies)
{
    g_autoptr(QblkJson) arguments = qblk_block_stats_arguments();
    const QblkReply *reply = qblk_replies_find(replies, "query-blockstats", arguments);
    return qblk_json_view_is_array(qblk_reply_view(reply));
}

/* A device made with -blockdev has no backend name, and one of -drive may have no device. */
static QblkDevice *
find_device(GHashTable *devices, const QblkJson *entry)
{
    static const char *const members[] = {"qdev", "device"};
    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        const char *name = qblk_json_get_string(entry, members[i]);
        if (name != NULL && name[0] != '\0') {
            return g_hash_table_lookup(devices, name);
        }
    }
    return NULL;
}

void
qblk_block_stats_load_devices(const QblkReplies *replies, GPtrArray *devices)
{
    const QblkReply *reply = qblk_replies_find(replies, "query-blockstats", NULL);
    g_autoptr(GHashTable) by_name = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < devices->len; i++) {
        QblkDevice *device = devices->pdata[i];
        char *name = device->qdev == NULL ? device->backend : device->qdev;
        if (name != NULL) {
            g_hash_table_insert(by_name, name, device);
        }
    }

    g_auto(QblkJsonWalk) walk = qblk_json_walk_new(qblk_reply_view(reply));
    for (const QblkJson *entry; (entry = qblk_json_walk_next(&walk)) != NULL;) {
        QblkDevice *device = find_device(by_name, entry);
        const QblkJson *stats = qblk_json_get(entry, "stats");
        if (device != NULL && device->statistics == NULL && stats != NULL) {
            device->statistics = qblk_io_statistics_load(stats);
        }
    }
}
