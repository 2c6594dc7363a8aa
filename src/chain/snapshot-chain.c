/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/limits.h"
#include "chain/chain-number.h"
#include "chain/chain.h"
#include "chain/layer-users.h"
#include "graph/snapshot-jobs.h"
#include "graph/snapshot.h"
#include "image/image-arguments.h"

/* A walk over the graph with more steps than nodes has found a cycle. */
typedef struct {
    guint steps;
    guint limit;
} Walk;

static gboolean
count_step(Walk *walk, const QblkNode *node, GError **error)
{
    walk->steps++;
    if (walk->steps <= walk->limit) {
        return TRUE;
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID,
                "the graph forms a cycle at node '%s'", node->name);
    return FALSE;
}

static gboolean
check_single_child(const QblkNode *node, GError **error)
{
    if (!qblk_node_is(node, QBLK_DRIVER_MULTI_CHILD)) {
        return TRUE;
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                "node '%s' (%s) has several children with data: this is not a chain", node->name,
                node->driver);
    return FALSE;
}

static void
add_filter(GPtrArray *filters, const QblkNode *filter)
{
    const QblkNode *filtered = qblk_node_filtered(filter);

    qblk_chain_filter_add(filters, filter->name, filter->driver);
    for (guint i = 0; filtered != NULL && i < filter->children->len; i++) {
        const QblkChild *child = filter->children->pdata[i];
        if (child->node != filtered) {
            qblk_chain_filter_add_other(filters, child->name, child->node->name);
        }
    }
}

/* Move @node below the filters and add these to @filters. */
static gboolean
skip_filters(Walk *walk, const QblkNode **node, GPtrArray *filters, GError **error)
{
    while (qblk_node_is(*node, QBLK_DRIVER_FILTER)) {
        const QblkNode *below = qblk_node_filtered(*node);
        if (below == NULL) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                        "filter '%s' (%s) has no child", (*node)->name, (*node)->driver);
            return FALSE;
        }

        add_filter(filters, *node);
        *node = below;
        if (!count_step(walk, below, error)) {
            return FALSE;
        }
    }
    return check_single_child(*node, error);
}

/* An unknown driver with a child for its data can only be a format. */
static gboolean
is_protocol(const QblkNode *node)
{
    if (node->kind == NULL) {
        return qblk_node_find_child(node, "file") == NULL;
    }
    return node->kind->kind == QBLK_DRIVER_PROTOCOL;
}

/* Refuse @node between @format and its protocol node if it has a chain of its own: the layers of
 * that chain would be missing. */
static gboolean
check_between(const QblkNode *format, const QblkNode *node, GError **error)
{
    if (!qblk_node_is(node, QBLK_DRIVER_FILTER) && qblk_node_find_child(node, "backing") != NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "node '%s' (%s) has a backing image and stores the data of '%s': this is not "
                    "a chain",
                    node->name, node->driver, format->name);
        return FALSE;
    }
    return check_single_child(node, error);
}

/* Walk from the format node to the protocol node; @storage is NULL if the edges do not lead to one.
 * A raw node below another node is a slice and counts as a filter. */
static gboolean
find_storage(Walk *walk, const QblkNode *format, QblkLayer *layer, const QblkNode **storage,
             GError **error)
{
    const QblkNode *node = format;
    while (node != NULL && !is_protocol(node)) {
        if (node != format) {
            if (!check_between(format, node, error)) {
                return FALSE;
            }
            add_filter(layer->storage_filters, node);
        }

        node = qblk_node_storage(node);
        if (node != NULL && !count_step(walk, node, error)) {
            return FALSE;
        }
    }
    *storage = node;
    return TRUE;
}

static QblkLayerFile *
find_file(const QblkSnapshot *snapshot, const QblkNode *storage)
{
    if (snapshot->files == NULL || storage == NULL) {
        return NULL;
    }
    return qblk_layer_file_copy(g_hash_table_lookup(snapshot->files, storage->name));
}

/* The children of a format node beside its storage and the next layer: an external data file of
 * qcow2, the extents of VMDK. */
static void
load_further_files(const QblkSnapshot *snapshot, Walk *walk, const QblkNode *format,
                   QblkLayer *layer)
{
    const QblkNode *storage = qblk_node_storage(format);
    if (snapshot->files == NULL || is_protocol(format)) {
        return;
    }

    for (guint i = 0; i < format->children->len; i++) {
        const QblkChild *child = format->children->pdata[i];
        const QblkNode *node = child->node;
        if (node == storage || g_str_equal(child->name, "backing")) {
            continue;
        }

        while (node != NULL && !is_protocol(node) && count_step(walk, node, NULL)) {
            node = qblk_node_storage(node);
        }
        const QblkLayerFile *file =
            node == NULL ? NULL : g_hash_table_lookup(snapshot->files, node->name);
        if (file != NULL) {
            qblk_chain_further_file_add(layer, node->filename, file);
        }
    }
}

/* The encryption of the format, or of a node between it and its file. */
static char *
find_encryption(const QblkNode *format, const QblkLayer *layer)
{
    if (format->encryption != NULL) {
        return g_strdup(format->encryption);
    }

    for (guint i = 0; i < layer->storage_filters->len; i++) {
        const QblkFilter *filter = layer->storage_filters->pdata[i];
        if (g_str_equal(filter->driver, "luks")) {
            return g_strdup("luks");
        }
    }
    return NULL;
}

static gboolean
is_device(const QblkLayer *layer, const QblkNode *storage)
{
    if (g_str_equal(storage->driver, "host_device")) {
        return TRUE;
    }
    return qblk_layer_file_is_known(layer->file) && layer->file->open.inode == 0;
}

/* QEMU reports 0 bytes as the allocated size of a block device; it is queried only for one how far
 * QEMU has written. */
static void
load_used_size(const QblkNode *format, const QblkNode *storage, QblkLayer *layer)
{
    layer->actual_size = format->actual_size;
    if (storage == NULL) {
        return;
    }

    gboolean is_set = storage->write_threshold > 0;
    layer->write_threshold = is_set ? storage->write_threshold : format->write_threshold;
    layer->is_device = is_device(layer, storage);
    if (layer->is_device) {
        layer->actual_size = QBLK_UNKNOWN;
        layer->written_end = storage->written_end;
    }
}

static QblkLayer *
load_layer(const QblkSnapshot *snapshot, Walk *walk, const QblkNode *format, GError **error)
{
    const QblkNode *storage = NULL;
    QblkLayer *layer = qblk_chain_layer_new();
    if (!find_storage(walk, format, layer, &storage, error)) {
        qblk_chain_layer_free(layer);
        return NULL;
    }

    /* A protocol node without a format node is a raw image. */
    const char *driver = is_protocol(format) ? "raw" : format->driver;
    const QblkDriver *row = qblk_driver_find(driver);
    const QblkNode *named = storage == NULL ? format : storage;

    layer->node_name = g_strdup(format->name);
    layer->storage = storage == NULL ? NULL : g_strdup(storage->name);
    layer->format = g_strdup(driver);
    layer->xml_format = row == NULL ? NULL : g_strdup(row->format);
    layer->filename = g_strdup(named->filename);
    layer->had_secrets = named->had_secrets;
    layer->read_only = format->read_only;
    layer->is_inactive = format->is_inactive;
    layer->is_qcow2_v2 = format->is_qcow2_v2;
    layer->virtual_size = format->virtual_size;
    layer->backing_name = g_strdup(format->backing_name);
    layer->backing_format = g_strdup(format->backing_format);

    layer->encryption = find_encryption(format, layer);
    if (format->bitmaps != NULL) {
        layer->bitmaps = g_ptr_array_ref(format->bitmaps);
    }
    if (format->internal_snapshots != NULL) {
        layer->internal_snapshots = g_ptr_array_ref(format->internal_snapshots);
    }

    layer->location = qblk_location_new(format, storage);
    layer->file = find_file(snapshot, storage);
    if (layer->file != NULL) {
        layer->file->offset = qblk_location_get_offset(layer->location);
    }
    load_used_size(format, storage, layer);
    load_further_files(snapshot, walk, format, layer);
    return layer;
}

/* Add the layers from @top downwards to @chain. */
static gboolean
load_layers(const QblkSnapshot *snapshot, QblkChain *chain, const QblkNode *top, GError **error)
{
    Walk walk = {.limit = snapshot->nodes->len + 1};
    const QblkNode *node = top;
    while (node != NULL) {
        g_autoptr(GPtrArray) filters = qblk_chain_filters_new();
        if (chain->layers->len == QBLK_LIMIT_LAYERS) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_LIMIT,
                        "the chain is longer than the limit of %d layers", QBLK_LIMIT_LAYERS);
            return FALSE;
        }
        if (!skip_filters(&walk, &node, filters, error)) {
            return FALSE;
        }

        QblkLayer *layer = load_layer(snapshot, &walk, node, error);
        if (layer == NULL) {
            return FALSE;
        }
        g_ptr_array_unref(layer->filters);
        layer->filters = g_steal_pointer(&filters);
        g_ptr_array_add(chain->layers, layer);

        node = qblk_node_find_child(node, "backing");
        if (node != NULL && !count_step(&walk, node, error)) {
            return FALSE;
        }
    }
    chain->is_complete = TRUE;
    chain->unknown_files = g_strdup(snapshot->unknown_files);
    return TRUE;
}

/* The job that copies or actively commits the disk of @chain, or NULL. */
static const QblkJob *
find_mirror_job(const QblkSnapshot *snapshot, const QblkChain *chain)
{
    for (guint i = 0; i < snapshot->jobs->len; i++) {
        const QblkJob *job = snapshot->jobs->pdata[i];
        gboolean is_own = g_strcmp0(job->target, chain->target) == 0;
        if (is_own && qblk_job_mirror_target(job) != NULL) {
            return job;
        }
    }
    return NULL;
}

static gboolean
load_mirror(const QblkSnapshot *snapshot, QblkChain *chain, GError **error)
{
    const QblkJob *job = find_mirror_job(snapshot, chain);
    if (job == NULL) {
        return TRUE;
    }

    const QblkNode *target = qblk_job_mirror_target(job);
    g_autoptr(GPtrArray) filters = qblk_chain_filters_new();
    Walk walk = {.limit = snapshot->nodes->len + 1};
    if (!skip_filters(&walk, &target, filters, error)) {
        return FALSE;
    }
    QblkLayer *layer = load_layer(snapshot, &walk, target, error);
    if (layer == NULL) {
        return FALSE;
    }

    chain->mirror = g_new0(QblkMirror, 1);
    chain->mirror->is_commit = g_str_equal(job->type, "commit");
    chain->mirror->ready = job->ready;
    /* At the pivot the target of a shallow copy may get the backing file that its header names. */
    chain->mirror->is_complete =
        layer->backing_name == NULL && qblk_node_find_child(target, "backing") == NULL;
    chain->mirror->job = g_strdup(job->id);
    chain->mirror->layer = layer;
    return TRUE;
}

static QblkChain *
load_disk(const QblkDevice *device)
{
    QblkChain *chain = qblk_chain_new(device->target);
    chain->name_source = device->name_source;
    chain->bus = device->bus;
    chain->kind = device->kind;
    chain->alias = g_strdup(device->id);
    chain->qdev = g_strdup(device->qdev);
    chain->backend = g_strdup(device->backend);
    chain->root = g_strdup(device->node_name);
    chain->serial =
        device->serial == NULL || device->serial[0] == '\0' ? NULL : g_strdup(device->serial);
    chain->removable = device->removable;
    chain->tray_open = device->tray_open;
    chain->read_only = device->read_only;
    chain->io_status = g_strdup(device->io_status);
    return chain;
}

/* TRUE if a layer of @chain has a node whose name begins with @name, and no device uses it. */
static gboolean
is_of_daemon(const QblkChain *chain, const char *name)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (layer->node_name != NULL && g_str_has_prefix(layer->node_name, name)) {
            return chain->qdev == NULL && chain->backend == NULL;
        }
    }
    return FALSE;
}

/* The private daemon opens images read-only, which does not apply to the images. */
static void
set_image_access(QblkChain *chain)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        QblkLayer *layer = chain->layers->pdata[i];
        layer->read_only = i > 0;
    }
    chain->read_only = FALSE;
}

/* The nodes of the private daemon do not outlive it, and some have another name each time.  They
 * are kept if plans need them. */
static void
remove_daemon_state(QblkChain *chain)
{
    if (is_of_daemon(chain, QBLK_IMAGE_PLAN_NODE)) {
        chain->has_passing_nodes = TRUE;
        set_image_access(chain);
    } else if (is_of_daemon(chain, QBLK_IMAGE_NODE)) {
        for (guint i = 0; i < chain->layers->len; i++) {
            QblkLayer *layer = chain->layers->pdata[i];
            g_clear_pointer(&layer->node_name, g_free);
            g_clear_pointer(&layer->storage, g_free);
        }
        set_image_access(chain);
    }
}

/* Load the layers and the mirror of the disk @device. */
static gboolean
load_layers_of_disk(const QblkSnapshot *snapshot, const QblkDevice *device, QblkChain *chain,
                    GError **error)
{
    const QblkNode *top = qblk_snapshot_jobs_top(snapshot, device);
    if (top == NULL) {
        return TRUE; /* an empty drive */
    }
    if (!load_layers(snapshot, chain, top, error)) {
        return FALSE;
    }
    if (!load_mirror(snapshot, chain, error)) {
        return FALSE;
    }

    qblk_layer_users_load(snapshot, top, chain);
    return TRUE;
}

static gboolean
is_stopped(const QblkSnapshot *snapshot, const QblkChain *chain)
{
    gboolean has_failed = chain->io_status != NULL && !g_str_equal(chain->io_status, "ok");
    return has_failed && g_strcmp0(snapshot->run_state, "io-error") == 0;
}

QblkChain *
qblk_snapshot_chain(const QblkSnapshot *snapshot, const char *name, GError **error)
{
    const QblkDevice *device = qblk_snapshot_find_device(snapshot, name, error);
    if (device == NULL) {
        return NULL;
    }
    if (device->is_vhost_user) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_NODE,
                    "disk '%s' (vhost-user) has no block node in QEMU: its data are in another "
                    "process",
                    device->target);
        return NULL;
    }
    if (snapshot->no_nodes_reason != NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE, "%s: %s", device->target,
                    snapshot->no_nodes_reason);
        return NULL;
    }

    g_autoptr(QblkChain) chain = load_disk(device);
    chain->is_stopped = is_stopped(snapshot, chain);
    if (!load_layers_of_disk(snapshot, device, chain, error)) {
        g_prefix_error(error, "%s: ", device->target);
        return NULL;
    }
    remove_daemon_state(chain);
    qblk_chain_number(chain);
    return g_steal_pointer(&chain);
}

QblkChain *
qblk_snapshot_chain_of_node(const QblkSnapshot *snapshot, const QblkNode *node, GError **error)
{
    g_autoptr(QblkChain) chain = qblk_chain_new(node->name);
    if (!load_layers(snapshot, chain, node, error)) {
        return NULL;
    }
    qblk_chain_number(chain);
    return g_steal_pointer(&chain);
}
