/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/snapshot-users.h"

#include "source/source-compare.h"

static gboolean
is_same_node(const char *a, const char *b)
{
    return a != NULL && g_strcmp0(a, b) == 0;
}

/* Returns: FALSE if @source (or NULL) is not a part of a file, or not known to be one */
static gboolean
get_part(const QblkSource *source, guint64 *start, guint64 *end)
{
    guint64 size;
    if (source == NULL || source->slice_offset == NULL || source->slice_size == NULL) {
        return FALSE;
    }
    if (!g_ascii_string_to_unsigned(source->slice_offset, 10, 0, G_MAXINT64, start, NULL) ||
        !g_ascii_string_to_unsigned(source->slice_size, 10, 0, G_MAXINT64, &size, NULL)) {
        return FALSE;
    }
    *end = *start + size;
    return TRUE;
}

/* TRUE unless @a and @b, of one file, are parts that have no byte in common. */
static gboolean
may_overlap(const QblkSource *a, const QblkSource *b)
{
    guint64 start_a, end_a, start_b, end_b;
    if (!get_part(a, &start_a, &end_a) || !get_part(b, &start_b, &end_b)) {
        return TRUE;
    }
    return start_a < end_b && start_b < end_a;
}

/* TRUE if @other has data of the image of @layer, whose source is @source (or NULL). */
static gboolean
is_same_image(const QblkLayer *other, const QblkLayer *layer, const QblkSource *source)
{
    if (is_same_node(other->node_name, layer->node_name) ||
        is_same_node(other->storage, layer->storage)) {
        return TRUE;
    }

    gboolean has_same_file = FALSE;
    gboolean is_known = qblk_layer_has_same_file(other, layer, &has_same_file);
    if (is_known && !has_same_file) {
        return FALSE;
    }

    g_autoptr(QblkSource) place = qblk_layer_decode_source(other, NULL);
    if (is_known) {
        return may_overlap(place, source);
    }
    return source != NULL && place != NULL && qblk_source_is_same_place(place, source);
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
    g_autoptr(QblkSource) source = qblk_layer_decode_source(layer, NULL);
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
