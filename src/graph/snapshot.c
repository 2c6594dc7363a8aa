/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/snapshot.h"

QblkSnapshot *
qblk_snapshot_new(void)
{
    QblkSnapshot *snapshot = g_new0(QblkSnapshot, 1);
    g_atomic_ref_count_init(&snapshot->references);
    snapshot->nodes = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_node_free);
    snapshot->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    snapshot->devices = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_device_free);
    snapshot->targets = g_ptr_array_new();
    snapshot->ambiguous = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return snapshot;
}

QblkSnapshot *
qblk_snapshot_ref(QblkSnapshot *snapshot)
{
    g_atomic_ref_count_inc(&snapshot->references);
    return snapshot;
}

void
qblk_snapshot_unref(QblkSnapshot *snapshot)
{
    if (snapshot == NULL || !g_atomic_ref_count_dec(&snapshot->references)) {
        return;
    }
    g_free(snapshot->vm_name);
    g_free(snapshot->run_state);
    g_free(snapshot->no_nodes_reason);
    g_ptr_array_unref(snapshot->nodes);
    g_hash_table_unref(snapshot->by_name);
    g_ptr_array_unref(snapshot->devices);
    g_ptr_array_unref(snapshot->targets);
    g_hash_table_unref(snapshot->ambiguous);
    g_clear_pointer(&snapshot->jobs, g_ptr_array_unref);
    g_clear_pointer(&snapshot->users, qblk_node_user_index_free);
    g_clear_pointer(&snapshot->exports, g_ptr_array_unref);
    g_clear_pointer(&snapshot->edges, qblk_edges_free);
    g_clear_pointer(&snapshot->opened, qblk_opened_files_free);
    g_clear_pointer(&snapshot->files, g_hash_table_unref);
    g_free(snapshot->unknown_files);
    g_free(snapshot);
}

const char *const *
qblk_snapshot_get_targets(const QblkSnapshot *snapshot)
{
    return (const char *const *)snapshot->targets->pdata;
}

const char *
qblk_snapshot_get_manager(const QblkSnapshot *snapshot)
{
    return snapshot->manager == NULL ? NULL : snapshot->manager->id;
}

const QblkNode *
qblk_snapshot_find_node(const QblkSnapshot *snapshot, const char *name)
{
    return g_hash_table_lookup(snapshot->by_name, name);
}

static void
set_unknown_error(const QblkSnapshot *snapshot, const char *name, GError **error)
{
    const char *candidates = g_hash_table_lookup(snapshot->ambiguous, name);
    if (candidates != NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS,
                    "the disk name '%s' could mean %s: specify one with --target %s=DEVICE", name,
                    candidates, name);
        return;
    }
    qblk_device_set_unknown(name, qblk_snapshot_get_targets(snapshot), snapshot->disks, error);
}

static gboolean
has_other_name(const QblkDevice *device, const char *name)
{
    return g_strcmp0(device->id, name) == 0 || g_strcmp0(device->backend, name) == 0 ||
           g_strcmp0(device->qdev, name) == 0;
}

/* The only disk whose device or drive has the name @name. */
static const QblkDevice *
find_by_other_name(const QblkSnapshot *snapshot, const char *name, GError **error)
{
    const QblkDevice *found = NULL;
    for (guint i = 0; i < snapshot->disks; i++) {
        const QblkDevice *device = snapshot->devices->pdata[i];
        if (!has_other_name(device, name)) {
            continue;
        }
        if (found != NULL) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS,
                        "'%s' could be the disk '%s' or '%s'", name, found->target, device->target);
            return NULL;
        }
        found = device;
    }

    if (found == NULL) {
        set_unknown_error(snapshot, name, error);
    }
    return found;
}

const QblkDevice *
qblk_snapshot_find_device(const QblkSnapshot *snapshot, const char *name, GError **error)
{
    for (guint i = 0; i < snapshot->disks; i++) {
        const QblkDevice *device = snapshot->devices->pdata[i];
        if (g_str_equal(device->target, name)) {
            return device;
        }
    }

    if (g_hash_table_contains(snapshot->ambiguous, name)) {
        set_unknown_error(snapshot, name, error);
        return NULL;
    }
    return find_by_other_name(snapshot, name, error);
}
