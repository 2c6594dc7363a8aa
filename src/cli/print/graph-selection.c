/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/graph-selection.h"

struct QblkGraphSelection {
    GHashTable *nodes; /* node-names, owned */
    GHashTable *disks; /* targets, owned */
};

/* Add @top and all that is below it. */
static void
add_nodes(QblkGraphSelection *selection, const QblkNode *top)
{
    g_autoptr(GArray) pending = g_array_new(FALSE, FALSE, sizeof(const QblkNode *));
    g_array_append_val(pending, top);

    while (pending->len > 0) {
        const QblkNode *node = g_array_index(pending, const QblkNode *, pending->len - 1);
        g_array_set_size(pending, pending->len - 1);
        if (!g_hash_table_add(selection->nodes, g_strdup(qblk_node_get_name(node)))) {
            continue;
        }
        for (guint i = 0; i < qblk_node_get_n_children(node); i++) {
            const QblkNode *child = qblk_node_get_child(node, i);
            g_array_append_val(pending, child);
        }
    }
}

QblkGraphSelection *
qblk_graph_selection_new(const QblkSnapshot *snapshot, const char *const *names, GError **error)
{
    if (names[0] == NULL) {
        return NULL;
    }

    g_autoptr(QblkGraphSelection) selection = g_new0(QblkGraphSelection, 1);
    selection->nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    selection->disks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; names[i] != NULL; i++) {
        const QblkDevice *device = qblk_snapshot_find_device(snapshot, names[i], error);
        if (device == NULL) {
            return NULL;
        }

        const QblkNode *top = qblk_device_get_top_node(device);
        g_hash_table_add(selection->disks, g_strdup(qblk_device_get_target(device)));
        if (top != NULL) {
            add_nodes(selection, top);
        }
    }
    return g_steal_pointer(&selection);
}

void
qblk_graph_selection_free(QblkGraphSelection *selection)
{
    g_hash_table_unref(selection->nodes);
    g_hash_table_unref(selection->disks);
    g_free(selection);
}

gboolean
qblk_graph_selection_has_node(const QblkGraphSelection *selection, const QblkNode *node)
{
    return selection == NULL || g_hash_table_contains(selection->nodes, qblk_node_get_name(node));
}

gboolean
qblk_graph_selection_has_device(const QblkGraphSelection *selection, const QblkDevice *device)
{
    const char *target = qblk_device_get_target(device);

    return selection == NULL || (target != NULL && g_hash_table_contains(selection->disks, target));
}

gboolean
qblk_graph_selection_has_export(const QblkGraphSelection *selection, const QblkExport *export)
{
    const QblkNode *node = qblk_export_get_node(export);

    return selection == NULL || (node != NULL && qblk_graph_selection_has_node(selection, node));
}

gboolean
qblk_graph_selection_has_job(const QblkGraphSelection *selection, const QblkJob *job)
{
    for (guint i = 0; selection != NULL && i < qblk_job_get_n_nodes(job); i++) {
        if (qblk_graph_selection_has_node(selection, qblk_job_get_node(job, i))) {
            return TRUE;
        }
    }
    return selection == NULL;
}

/* ---- JSON ---- */

typedef gboolean (*HasItem)(const QblkGraphSelection *selection, const QblkSnapshot *snapshot,
                            guint index);

static gboolean
has_device_at(const QblkGraphSelection *selection, const QblkSnapshot *snapshot, guint index)
{
    return qblk_graph_selection_has_device(selection, qblk_snapshot_get_device(snapshot, index));
}

static gboolean
has_node_at(const QblkGraphSelection *selection, const QblkSnapshot *snapshot, guint index)
{
    return qblk_graph_selection_has_node(selection, qblk_snapshot_get_node(snapshot, index));
}

static gboolean
has_export_at(const QblkGraphSelection *selection, const QblkSnapshot *snapshot, guint index)
{
    return qblk_graph_selection_has_export(selection, qblk_snapshot_get_export(snapshot, index));
}

static gboolean
has_job_at(const QblkGraphSelection *selection, const QblkSnapshot *snapshot, guint index)
{
    return qblk_graph_selection_has_job(selection, qblk_snapshot_get_job(snapshot, index));
}

void
qblk_graph_selection_reduce(const QblkGraphSelection *selection, const QblkSnapshot *snapshot,
                            QblkJson *graph)
{
    static const struct {
        const char *member; /* an array in the order of the snapshot */
        HasItem has_item;
    } members[] = {
        {"devices", has_device_at},
        {"nodes", has_node_at},
        {"exports", has_export_at},
        {"jobs", has_job_at},
    };

    for (gsize i = 0; selection != NULL && i < G_N_ELEMENTS(members); i++) {
        const QblkJson *all = qblk_json_get(graph, members[i].member);
        QblkJson *some = qblk_json_new_array();

        for (gsize j = 0; j < qblk_json_length(all); j++) {
            if (members[i].has_item(selection, snapshot, (guint)j)) {
                qblk_json_append(some, qblk_json_copy(qblk_json_at(all, j)));
            }
        }
        qblk_json_set(graph, members[i].member, some);
    }
}
