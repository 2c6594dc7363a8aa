/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The node that an index of a live QEMU means, from as few replies as possible.
 *
 * The names of nodes and the edges between them are enough, unless it is in doubt which nodes are
 * filters: only the nodes themselves report their drivers, and QEMU needs most of the time for
 * these. */
#include "chain/resolve-live.h"

#include "base/limits.h"
#include "chain/chain.h"
#include "chain/index-spec.h"
#include "graph/libvirt-node.h"
#include "graph/snapshot-fetch.h"

/* TRUE if @node stores its data in a node without children.  A format node with a backing image is
 * the only one with these two children: a filter has one child. */
static gboolean
is_layer_above(const QblkNode *node)
{
    const QblkNode *file = qblk_node_find_child(node, "file");
    return file != NULL && file->children->len == 0 &&
           qblk_node_find_child(node, "backing") != NULL && node->children->len == 2;
}

/* TRUE if @node has its data in itself, or, for a node whose driver is known, in one child that has
 * them. */
static gboolean
is_base(const QblkNode *node)
{
    if (node->children->len == 0) {
        return TRUE;
    }

    const QblkNode *file = qblk_node_find_child(node, "file");
    return node->kind != NULL && node->children->len == 1 && file != NULL &&
           file->children->len == 0;
}

/* TRUE if the nodes from @top down to the one at @position can be no filters, except those whose
 * drivers are known. */
static gboolean
is_certain(const QblkNode *top, guint position)
{
    const QblkNode *node = top;
    for (guint i = 0; node != NULL && qblk_node_is(node, QBLK_DRIVER_FILTER); i++) {
        node = i < QBLK_LIMIT_LAYERS ? qblk_node_filtered(node) : NULL;
    }

    for (guint i = 0; node != NULL && i < position; i++) {
        if (!is_layer_above(node)) {
            return FALSE;
        }
        node = qblk_node_find_child(node, "backing");
    }
    return node != NULL && (is_layer_above(node) || is_base(node));
}

/* TRUE if a node that was taken for a filter or a file may be a layer with an index of libvirt:
 * then an index is no position in the chain. */
static gboolean
may_have_libvirt_indexes(const QblkSnapshot *snapshot, const QblkChain *chain)
{
    for (guint i = 0; !chain->has_libvirt_indexes && i < snapshot->nodes->len; i++) {
        const QblkNode *node = snapshot->nodes->pdata[i];
        if (qblk_libvirt_node_index(node->name) != QBLK_UNKNOWN) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Returns: (transfer full) (nullable): the name of the node that @spec means; NULL if it is not
 * certain, or if there is no such layer */
static char *
resolve_by_names(const QblkSnapshot *snapshot, const char *spec)
{
    g_autoptr(QblkLayer) layer = qblk_snapshot_resolve(snapshot, spec, NULL, NULL);
    gboolean has_jobs = snapshot->edges == NULL || g_hash_table_size(snapshot->edges->jobs) > 0;
    if (layer == NULL || has_jobs || layer->node_name == NULL) {
        return NULL;
    }

    const QblkChain *chain = qblk_layer_get_chain(layer);
    if (may_have_libvirt_indexes(snapshot, chain)) {
        return NULL;
    }

    const char *target = qblk_chain_get_target(chain);
    const QblkDevice *device = qblk_snapshot_find_device(snapshot, target, NULL);
    gboolean is_known = device != NULL && device->node != NULL && device->node->kind != NULL;
    return is_known && is_certain(device->node, layer->position) ? g_strdup(layer->node_name)
                                                                 : NULL;
}

/* Returns: (transfer full) (nullable): the node of each of @specs; NULL if one is not certain */
static GHashTable *
resolve_all_by_names(QblkClient *client, const GPtrArray *specs, const QblkSnapshotOptions *options)
{
    for (guint i = 0; i < specs->len; i++) {
        if (!qblk_index_spec_has_brackets(specs->pdata[i])) {
            return NULL;
        }
    }

    g_autoptr(GHashTable) nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(QblkSnapshot) names = qblk_snapshot_fetch_names(client, options, NULL);
    for (guint i = 0; i < specs->len; i++) {
        const char *spec = specs->pdata[i];
        char *node = names == NULL ? NULL : resolve_by_names(names, spec);
        if (node == NULL) {
            return NULL;
        }
        g_hash_table_replace(nodes, g_strdup(spec), node);
    }
    return g_steal_pointer(&nodes);
}

GHashTable *
qblk_client_resolve_all(QblkClient *client, const GPtrArray *specs,
                        const QblkSnapshotOptions *options, GError **error)
{
    /* The file of a disk is what identifies some of a libvirt domain. */
    gboolean needs_files = options != NULL && options->hints->len > 0;
    GHashTable *certain = needs_files ? NULL : resolve_all_by_names(client, specs, options);
    if (certain != NULL) {
        return certain;
    }

    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_fetch(client, options, error);
    if (snapshot == NULL) {
        return NULL;
    }
    g_autoptr(GHashTable) nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint i = 0; i < specs->len; i++) {
        const char *spec = specs->pdata[i];
        g_autoptr(QblkLayer) layer = qblk_snapshot_resolve(snapshot, spec, NULL, error);
        if (layer == NULL) {
            return NULL;
        }
        g_hash_table_replace(nodes, g_strdup(spec), g_strdup(qblk_layer_get_node_name(layer)));
    }
    return g_steal_pointer(&nodes);
}

char *
qblk_client_resolve(QblkClient *client, const char *spec, const QblkSnapshotOptions *options,
                    GError **error)
{
    g_autoptr(GPtrArray) specs = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(specs, g_strdup(spec));
    g_autoptr(GHashTable) nodes = qblk_client_resolve_all(client, specs, options, error);
    return nodes == NULL ? NULL : g_strdup(g_hash_table_lookup(nodes, spec));
}
