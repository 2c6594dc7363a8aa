/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/picture-layers.h"

#include <qblk/chain.h>
#include <qblk/open-file.h>

struct QblkPictureLayers {
    const QblkSnapshot *snapshot; /* borrowed */
    GHashTable *by_node;          /* of node-name, owned, to QblkPictureLayer, owned */
    GHashTable *depths;           /* of target, owned, to the number of layers */
};

static void
free_layer(gpointer data)
{
    QblkPictureLayer *layer = data;

    g_ptr_array_unref(layer->specs);
    g_free(layer->format);
    g_free(layer);
}

static QblkPictureLayer *
add_layer(QblkPictureLayers *layers, const QblkLayer *layer)
{
    const QblkOpenFile *file = qblk_layer_get_open_file(layer);
    QblkPictureLayer *named = g_new0(QblkPictureLayer, 1);

    named->specs = g_ptr_array_new_with_free_func(g_free);
    named->format = g_strdup(qblk_layer_get_format_name(layer));
    named->file_state = file == NULL ? QBLK_FILE_UNKNOWN : qblk_open_file_get_state(file);
    g_hash_table_insert(layers->by_node, g_strdup(qblk_layer_get_node_name(layer)), named);
    return named;
}

/* A disk without a chain, such as a quorum, has no layers. */
static void
add_disk(QblkPictureLayers *layers, const char *target)
{
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(layers->snapshot, target, NULL);
    guint depth = chain == NULL ? 0 : qblk_chain_get_depth(chain);

    for (guint i = 0; i < depth; i++) {
        const QblkLayer *layer = qblk_chain_get_layer(chain, i);
        QblkPictureLayer *named =
            g_hash_table_lookup(layers->by_node, qblk_layer_get_node_name(layer));
        if (named == NULL) {
            named = add_layer(layers, layer);
        }
        g_ptr_array_add(named->specs, g_strdup(qblk_layer_get_spec(layer)));
    }
    g_hash_table_insert(layers->depths, g_strdup(target), GUINT_TO_POINTER(depth));
}

QblkPictureLayers *
qblk_picture_layers_new(const QblkSnapshot *snapshot, const QblkGraphSelection *selection)
{
    guint count = qblk_snapshot_get_n_devices(snapshot);
    QblkPictureLayers *layers = g_new0(QblkPictureLayers, 1);

    layers->snapshot = snapshot;
    layers->by_node = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_layer);
    layers->depths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < 2 * count; i++) {
        const QblkDevice *device = qblk_snapshot_get_device(snapshot, i % count);
        const char *target = qblk_device_get_target(device);
        gboolean is_first = i < count;
        if (target != NULL && qblk_graph_selection_has_device(selection, device) == is_first) {
            add_disk(layers, target);
        }
    }
    return layers;
}

void
qblk_picture_layers_free(QblkPictureLayers *layers)
{
    g_hash_table_unref(layers->by_node);
    g_hash_table_unref(layers->depths);
    g_free(layers);
}

const QblkPictureLayer *
qblk_picture_layers_find(const QblkPictureLayers *layers, const QblkNode *node)
{
    return g_hash_table_lookup(layers->by_node, qblk_node_get_name(node));
}

guint
qblk_picture_layers_depth(const QblkPictureLayers *layers, const char *target)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(layers->depths, target));
}
