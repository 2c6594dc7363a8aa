/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The node that an index of a live QEMU means, from as few replies as possible.
 *
 * The names of nodes and the edges between them are enough, unless it is in doubt which nodes are
 * filters: only the nodes themselves report their drivers, and QEMU needs most of the time for
 * these. */
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

char *
qblk_client_resolve(QblkClient *client, const char *spec, const QblkSnapshotOptions *options,
                    GError **error)
{
    /* The file of a disk is what identifies some of a libvirt domain. */
    gboolean needs_files = options != NULL && options->hints->len > 0;
    if (qblk_index_spec_has_brackets(spec) && !needs_files) {
        g_autoptr(QblkSnapshot) names = qblk_snapshot_fetch_names(client, options, NULL);
        char *node = names == NULL ? NULL : resolve_by_names(names, spec);
        if (node != NULL) {
            return node;
        }
    }

    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_fetch(client, options, error);
    g_autoptr(QblkLayer) layer =
        snapshot == NULL ? NULL : qblk_snapshot_resolve(snapshot, spec, NULL, error);
    return layer == NULL ? NULL : g_strdup(qblk_layer_get_node_name(layer));
}
