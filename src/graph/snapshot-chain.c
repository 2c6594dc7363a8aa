/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/limits.h"
#include "graph/chain-number.h"
#include "graph/chain.h"
#include "graph/snapshot-jobs.h"
#include "graph/snapshot.h"
#include "image/image-arguments.h"

/* The walk goes from node to node downwards; a graph that goes in a circle would never end. */
typedef struct {
    guint steps;
    guint limit;
} Walk;

static gboolean
step(Walk *walk, const QblkNode *node, GError **error)
{
    if (++walk->steps <= walk->limit) {
        return TRUE;
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID,
                "the graph goes in a circle at node '%s'", node->name);
    return FALSE;
}

/* Several children with data are no chain. */
static gboolean
check_single(const QblkNode *node, GError **error)
{
    if (!qblk_node_is(node, QBLK_DRIVER_MULTI_CHILD)) {
        return TRUE;
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                "node '%s' (%s) has several children with data, which is no chain", node->name,
                node->driver);
    return FALSE;
}

/* Move @node past the filters on it, remembering them in @filters. */
static gboolean
skip_filters(Walk *walk, const QblkNode **node, GPtrArray *filters, GError **error)
{
    while (qblk_node_is(*node, QBLK_DRIVER_FILTER)) {
        const QblkNode *below = qblk_node_filtered(*node);
        if (below == NULL) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                        "filter '%s' (%s) has nothing below it", (*node)->name, (*node)->driver);
            return FALSE;
        }
        qblk_chain_filter_add(filters, (*node)->name, (*node)->driver);
        *node = below;
        if (!step(walk, below, error)) {
            return FALSE;
        }
    }
    return check_single(*node, error);
}

static gboolean
is_protocol(const QblkNode *node)
{
    /* An unknown driver with something to store its data in can only be a format. */
    return node->kind == NULL ? qblk_node_child(node, "file") == NULL
                              : node->kind->kind == QBLK_DRIVER_PROTOCOL;
}

/* Whether @node may be between @format and what stores its bytes: the layers below a node that is
 * there would be lost. */
static gboolean
check_between(const QblkNode *format, const QblkNode *node, GError **error)
{
    if (!qblk_node_is(node, QBLK_DRIVER_FILTER) && qblk_node_child(node, "backing") != NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "node '%s' (%s) has a backing image and stores the data of '%s', which is no "
                    "chain",
                    node->name, node->driver, format->name);
        return FALSE;
    }
    return check_single(node, error);
}

/* From the format node down to the node that stores its bytes; NULL where the edges do not tell.
 * A raw node below another node is a slice of what is below it, and a filter here. */
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
            qblk_chain_filter_add(layer->storage_filters, node->name, node->driver);
        }
        node = qblk_node_storage(node);
        if (node != NULL && !step(walk, node, error)) {
            return FALSE;
        }
    }
    *storage = node;
    return TRUE;
}

static QblkLayer *
load_layer(Walk *walk, const QblkNode *format, GError **error)
{
    const QblkNode *storage = NULL;
    QblkLayer *layer = qblk_chain_layer_new();
    if (!find_storage(walk, format, layer, &storage, error)) {
        qblk_chain_layer_free(layer);
        return NULL;
    }
    /* A protocol node used as it is holds a raw image. */
    const char *driver = is_protocol(format) ? "raw" : format->driver;
    const QblkDriver *row = qblk_driver_find(driver);
    layer->node_name = g_strdup(format->name);
    layer->storage = storage == NULL ? NULL : g_strdup(storage->name);
    layer->format = g_strdup(driver);
    layer->xml_format = row == NULL ? NULL : g_strdup(row->format);
    const QblkNode *named = storage == NULL ? format : storage;
    layer->filename = g_strdup(named->filename);
    layer->had_secrets = named->had_secrets;
    layer->read_only = format->read_only;
    layer->virtual_size = format->virtual_size;
    layer->actual_size = format->actual_size;
    layer->backing_name = g_strdup(format->backing_name);
    layer->backing_format = g_strdup(format->backing_format);
    layer->location = qblk_location_new(format, storage);
    return layer;
}

/* Add the layers from @top downwards to @chain. */
static gboolean
load_layers(QblkChain *chain, const QblkNode *top, guint limit, GError **error)
{
    Walk walk = {.limit = limit};
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
        QblkLayer *layer = load_layer(&walk, node, error);
        if (layer == NULL) {
            return FALSE;
        }
        g_ptr_array_unref(layer->filters);
        layer->filters = g_steal_pointer(&filters);
        g_ptr_array_add(chain->layers, layer);

        node = qblk_node_child(node, "backing");
        if (node != NULL && !step(&walk, node, error)) {
            return FALSE;
        }
    }
    chain->is_complete = TRUE;
    return TRUE;
}

/* A copy or an active commit writes to a second place.  A commit within the chain uses another
 * filter (commit_top) and no mirror. */
static gboolean
load_mirror(const QblkSnapshot *snapshot, QblkChain *chain, GError **error)
{
    for (guint i = 0; i < snapshot->jobs->len; i++) {
        const QblkJob *job = snapshot->jobs->pdata[i];
        const QblkNode *target = qblk_snapshot_jobs_mirror_target(job);
        if (g_strcmp0(job->target, chain->target) != 0 || target == NULL) {
            continue;
        }
        g_autoptr(GPtrArray) filters = qblk_chain_filters_new();
        Walk walk = {.limit = snapshot->nodes->len + 1};
        if (!skip_filters(&walk, &target, filters, error)) {
            return FALSE;
        }
        QblkLayer *layer = load_layer(&walk, target, error);
        if (layer == NULL) {
            return FALSE;
        }
        chain->mirror = g_new0(QblkMirror, 1);
        chain->mirror->is_commit = g_str_equal(job->type, "commit");
        chain->mirror->ready = job->ready;
        /* The target of a shallow copy may get the backing that its header names at the pivot. */
        chain->mirror->is_complete =
            layer->backing_name == NULL && qblk_node_child(target, "backing") == NULL;
        chain->mirror->job = g_strdup(job->id);
        chain->mirror->layer = layer;
        return TRUE;
    }
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
    return chain;
}

/* The nodes of an image's private daemon are gone before anybody could use them, and those that
 * QEMU named have another name each time: a chain with them would never be the same again.  That
 * they are read-only says nothing of the image either. */
static void
forget_daemon(QblkChain *chain)
{
    const QblkLayer *top = qblk_chain_get_layer(chain, 0);
    if (chain->qdev != NULL || chain->backend != NULL || top == NULL ||
        g_strcmp0(top->node_name, QBLK_IMAGE_NODE) != 0) {
        return;
    }
    for (guint i = 0; i < chain->layers->len; i++) {
        QblkLayer *layer = chain->layers->pdata[i];
        g_clear_pointer(&layer->node_name, g_free);
        g_clear_pointer(&layer->storage, g_free);
        layer->read_only = i > 0;
    }
    chain->read_only = FALSE;
}

QblkChain *
qblk_snapshot_chain(const QblkSnapshot *snapshot, const char *name, GError **error)
{
    const QblkDevice *device = qblk_snapshot_find(snapshot, name, error);
    if (device == NULL) {
        return NULL;
    }
    if (snapshot->withheld != NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE, "%s: %s", device->target,
                    snapshot->withheld);
        return NULL;
    }
    g_autoptr(QblkChain) chain = load_disk(device);
    const QblkNode *top = qblk_snapshot_jobs_top(snapshot, device);
    if (top != NULL && (!load_layers(chain, top, snapshot->nodes->len + 1, error) ||
                        !load_mirror(snapshot, chain, error))) {
        g_prefix_error(error, "%s: ", device->target);
        return NULL;
    }
    forget_daemon(chain);
    qblk_chain_number(chain);
    return g_steal_pointer(&chain);
}

QblkChain *
qblk_snapshot_chain_of_node(const QblkSnapshot *snapshot, const QblkNode *node, GError **error)
{
    g_autoptr(QblkChain) chain = qblk_chain_new(node->name);
    if (!load_layers(chain, node, snapshot->nodes->len + 1, error)) {
        return NULL;
    }
    qblk_chain_number(chain);
    return g_steal_pointer(&chain);
}
