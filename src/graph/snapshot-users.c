/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/snapshot-users.h"

#include "source/source-compare.h"

static gboolean
is_same_node(const char *a, const char *b)
{
    return a != NULL && g_strcmp0(a, b) == 0;
}

/* TRUE if @other is the image of @layer, whose source is @source (or NULL). */
static gboolean
is_same_image(const QblkLayer *other, const QblkLayer *layer, const QblkSource *source)
{
    if (is_same_node(other->node_name, layer->node_name) ||
        is_same_node(other->storage, layer->storage)) {
        return TRUE;
    }

    gboolean has_same_file = FALSE;
    if (qblk_layer_has_same_file(other, layer, &has_same_file)) {
        return has_same_file;
    }
    g_autoptr(QblkSource) place = source == NULL ? NULL : qblk_layer_source_new(other, NULL);
    return place != NULL && qblk_source_is_same_place(place, source);
}

static gboolean
has_image(const QblkChain *chain, const QblkLayer *layer, const QblkSource *source)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        if (is_same_image(chain->layers->pdata[i], layer, source)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
is_of_layer(const QblkNode *node, const QblkLayer *layer)
{
    return is_same_node(layer->node_name, node->name) || is_same_node(layer->storage, node->name);
}

/* A disk without a chain may have the node, too: as a child of a quorum. */
static gboolean
has_node(const QblkNode *top, const QblkLayer *layer)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) waiting = g_ptr_array_new(); /* of GPtrArray of QblkChild */

    if (is_of_layer(top, layer)) {
        return TRUE;
    }
    g_ptr_array_add(waiting, top->children);
    while (waiting->len > 0) {
        const GPtrArray *children = g_ptr_array_steal_index_fast(waiting, waiting->len - 1);
        for (guint i = 0; i < children->len; i++) {
            const QblkChild *child = children->pdata[i];
            if (is_of_layer(child->node, layer)) {
                return TRUE;
            }
            gboolean is_new = g_hash_table_add(seen, child->node->name);
            if (is_new) {
                g_ptr_array_add(waiting, child->node->children);
            }
        }
    }
    return FALSE;
}

static gboolean
uses_image(const QblkSnapshot *snapshot, const QblkDevice *device, const QblkLayer *layer,
           const QblkSource *source)
{
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(snapshot, device->target, NULL);
    if (chain != NULL) {
        return has_image(chain, layer, source);
    }
    return device->node != NULL && has_node(device->node, layer);
}

const char *
qblk_snapshot_users_other(const QblkSnapshot *snapshot, const char *target, const QblkLayer *layer)
{
    g_autoptr(QblkSource) source = qblk_layer_source_new(layer, NULL);
    for (guint i = 0; i < snapshot->disks; i++) {
        const QblkDevice *device = snapshot->devices->pdata[i];
        if (g_str_equal(device->target, target)) {
            continue;
        }
        if (uses_image(snapshot, device, layer, source)) {
            return device->target;
        }
    }
    return NULL;
}
