/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/snapshot.h"

#include "base/const-cast.h"
#include "base/limits.h"
#include "graph/guest-state.h"

/* Of devices that an error names. */
#define MOST_CANDIDATES 4

QblkSnapshot *
qblk_snapshot_new(void)
{
    QblkSnapshot *snapshot = g_new0(QblkSnapshot, 1);
    g_atomic_ref_count_init(&snapshot->references);
    snapshot->nodes = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_node_free);
    snapshot->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    snapshot->devices = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_device_free);
    snapshot->by_target = g_hash_table_new(g_str_hash, g_str_equal);
    snapshot->targets = g_ptr_array_new();
    snapshot->ambiguous =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    return snapshot;
}

QblkSnapshot *
qblk_snapshot_ref(const QblkSnapshot *snapshot)
{
    QblkSnapshot *counted = qblk_const_cast(snapshot);
    g_atomic_ref_count_inc(&counted->references);
    return counted;
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
    g_hash_table_unref(snapshot->by_target);
    g_ptr_array_unref(snapshot->targets);
    g_hash_table_unref(snapshot->ambiguous);
    g_clear_pointer(&snapshot->jobs, g_ptr_array_unref);
    g_clear_pointer(&snapshot->users, qblk_node_user_index_free);
    g_clear_pointer(&snapshot->exports, g_ptr_array_unref);
    g_clear_pointer(&snapshot->edges, qblk_edges_free);
    g_clear_pointer(&snapshot->opened, qblk_opened_files_free);
    g_clear_pointer(&snapshot->files, g_hash_table_unref);
    g_free(snapshot->unknown_files);
    g_clear_pointer(&snapshot->image_layers, g_ptr_array_unref);
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

/* ---- the VM ---- */

gboolean
qblk_snapshot_get_qemu_version(const QblkSnapshot *snapshot, int *major, int *minor, int *micro)
{
    const QblkQemuVersion *version = &snapshot->version;
    const struct {
        int *out;
        int value;
    } parts[] = {{major, version->major}, {minor, version->minor}, {micro, version->micro}};

    if (version->major == 0) {
        return FALSE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (parts[i].out != NULL) {
            *parts[i].out = parts[i].value;
        }
    }
    return TRUE;
}

const char *
qblk_snapshot_get_vm_name(const QblkSnapshot *snapshot)
{
    return snapshot->vm_name;
}

const char *
qblk_snapshot_get_run_state(const QblkSnapshot *snapshot)
{
    return snapshot->run_state;
}

gboolean
qblk_snapshot_is_ordinary(const QblkSnapshot *snapshot)
{
    return qblk_guest_state_is_ordinary(snapshot->run_state);
}

gboolean
qblk_snapshot_has_statistics(const QblkSnapshot *snapshot)
{
    return snapshot->has_statistics;
}

const char *
qblk_snapshot_get_no_nodes_reason(const QblkSnapshot *snapshot)
{
    return snapshot->no_nodes_reason;
}

QblkEdgeSource
qblk_snapshot_get_edge_source(const QblkSnapshot *snapshot)
{
    return snapshot->edges == NULL ? QBLK_EDGE_SOURCE_BEST : snapshot->edges->used;
}

/* ---- lists ---- */

static gpointer
item_at(const GPtrArray *list, guint index)
{
    return index < list->len ? list->pdata[index] : NULL;
}

guint
qblk_snapshot_get_n_devices(const QblkSnapshot *snapshot)
{
    return snapshot->devices->len;
}

const QblkDevice *
qblk_snapshot_get_device(const QblkSnapshot *snapshot, guint index)
{
    return item_at(snapshot->devices, index);
}

guint
qblk_snapshot_get_n_nodes(const QblkSnapshot *snapshot)
{
    return snapshot->nodes->len;
}

const QblkNode *
qblk_snapshot_get_node(const QblkSnapshot *snapshot, guint index)
{
    return item_at(snapshot->nodes, index);
}

guint
qblk_snapshot_get_n_exports(const QblkSnapshot *snapshot)
{
    return snapshot->exports->len;
}

const QblkExport *
qblk_snapshot_get_export(const QblkSnapshot *snapshot, guint index)
{
    return item_at(snapshot->exports, index);
}

guint
qblk_snapshot_get_n_jobs(const QblkSnapshot *snapshot)
{
    return snapshot->jobs->len;
}

const QblkJob *
qblk_snapshot_get_job(const QblkSnapshot *snapshot, guint index)
{
    return item_at(snapshot->jobs, index);
}

/* ---- finding ---- */

const QblkJob *
qblk_snapshot_find_job(const QblkSnapshot *snapshot, const char *id)
{
    for (guint i = 0; i < snapshot->jobs->len; i++) {
        const QblkJob *job = snapshot->jobs->pdata[i];
        if (g_str_equal(job->id, id)) {
            return job;
        }
    }
    return NULL;
}

const QblkJob *
qblk_snapshot_find_job_of(const QblkSnapshot *snapshot, const char *target)
{
    for (guint i = 0; i < snapshot->jobs->len; i++) {
        const QblkJob *job = snapshot->jobs->pdata[i];
        if (g_strcmp0(job->target, target) == 0) {
            return job;
        }
    }
    return NULL;
}

const QblkNode *
qblk_snapshot_find_node(const QblkSnapshot *snapshot, const char *name)
{
    return g_hash_table_lookup(snapshot->by_name, name);
}

/* Returns: "'a' and 'b'", or the first of many */
static char *
list_labels(const GPtrArray *devices)
{
    GString *list = g_string_new(NULL);
    for (guint i = 0; i < MIN(devices->len, MOST_CANDIDATES); i++) {
        const char *label = qblk_device_get_label(devices->pdata[i]);
        g_string_append_printf(list, "%s'%s'", i == 0 ? "" : " and ", label);
    }
    if (devices->len > MOST_CANDIDATES) {
        g_string_append_printf(list, " and %u more", devices->len - MOST_CANDIDATES);
    }
    return g_string_free(list, FALSE);
}

static void
set_unknown_error(const QblkSnapshot *snapshot, const char *name, GError **error)
{
    const GPtrArray *devices = g_hash_table_lookup(snapshot->ambiguous, name);
    if (devices != NULL) {
        g_autofree char *candidates = list_labels(devices);
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

/* The name of the top node, of a filter below it, or of the format node of the active layer: those
 * that belong to the disk and not to a lower layer. */
static gboolean
has_node_name(const QblkDevice *device, const char *name)
{
    if (g_strcmp0(device->node_name, name) == 0) {
        return TRUE;
    }

    const QblkNode *node = device->node;
    for (guint i = 0; node != NULL && i < QBLK_LIMIT_NODES; i++) {
        if (g_str_equal(node->name, name)) {
            return TRUE;
        }
        node = qblk_node_is(node, QBLK_DRIVER_FILTER) ? qblk_node_filtered(node) : NULL;
    }
    return FALSE;
}

/* The only disk that @matches @name; NULL without an error if no disk does. */
static const QblkDevice *
find_only(const QblkSnapshot *snapshot, const char *name,
          gboolean (*matches)(const QblkDevice *device, const char *name), GError **error)
{
    const QblkDevice *found = NULL;
    for (guint i = 0; i < snapshot->disks; i++) {
        const QblkDevice *device = snapshot->devices->pdata[i];
        if (!matches(device, name)) {
            continue;
        }
        if (found != NULL) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS,
                        "'%s' could be the disk '%s' or '%s'", name, found->target, device->target);
            return NULL;
        }
        found = device;
    }
    return found;
}

/* A node may have the name of another disk's device: the device is what is meant. */
static const QblkDevice *
find_by_other_name(const QblkSnapshot *snapshot, const char *name, GError **error)
{
    static gboolean (*const rules[])(const QblkDevice *device, const char *name) = {has_other_name,
                                                                                    has_node_name};

    for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
        g_autoptr(GError) cause = NULL;
        const QblkDevice *found = find_only(snapshot, name, rules[i], &cause);
        if (cause != NULL) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return NULL;
        }
        if (found != NULL) {
            return found;
        }
    }

    set_unknown_error(snapshot, name, error);
    return NULL;
}

const QblkDevice *
qblk_snapshot_find_device(const QblkSnapshot *snapshot, const char *name, GError **error)
{
    const QblkDevice *device = g_hash_table_lookup(snapshot->by_target, name);
    if (device != NULL) {
        return device;
    }

    if (g_hash_table_contains(snapshot->ambiguous, name)) {
        set_unknown_error(snapshot, name, error);
        return NULL;
    }
    return find_by_other_name(snapshot, name, error);
}
