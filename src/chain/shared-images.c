/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/shared-images.h>

#include "base/const-cast.h"
#include "chain/chain.h"
#include "graph/snapshot.h"

/* A peer chooses the number of disks with one base. */
#define MAX_LISTED 8

typedef struct {
    char *node; /* node-name, owned */
    char *spec; /* owned */
} Place;

struct QblkSharedImages {
    gatomicrefcount references;
    GHashTable *files;   /* char -> GPtrArray of Place, both owned: the layers of each image */
    GHashTable *by_node; /* char -> GPtrArray, both borrowed from @files: node-name -> its file */
};

static void
place_free(gpointer data)
{
    Place *place = data;

    g_free(place->node);
    g_free(place->spec);
    g_free(place);
}

/* Only an image in format raw can be a part of a file.  Returns: such as "1024+512", or "" */
static char *
describe_part(const QblkLayer *layer)
{
    gboolean may_be_part = qblk_layer_get_format(layer) == QBLK_FORMAT_RAW;
    g_autoptr(QblkSource) source = may_be_part ? qblk_layer_decode_source(layer, NULL) : NULL;

    if (source == NULL || source->slice_offset == NULL || source->slice_size == NULL) {
        return g_strdup("");
    }
    return g_strdup_printf("%s+%s", source->slice_offset, source->slice_size);
}

/* Returns: a text that is the same for layers of the same image; NULL if the image is not known. */
static char *
describe_image(const QblkLayer *layer)
{
    g_autofree char *part = describe_part(layer);

    if (qblk_layer_file_is_known(layer->file)) {
        const QblkFileIdentity *file = &layer->file->open;
        return g_strdup_printf("%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, part, file->device,
                               file->inode);
    }
    return layer->filename == NULL ? NULL : g_strdup_printf("%s %s", part, layer->filename);
}

static void
add_layer(QblkSharedImages *images, const QblkLayer *layer)
{
    g_autofree char *file = describe_image(layer);
    if (file == NULL || layer->node_name == NULL ||
        g_hash_table_contains(images->by_node, layer->node_name)) {
        return;
    }

    GPtrArray *places = g_hash_table_lookup(images->files, file);
    if (places == NULL) {
        places = g_ptr_array_new_with_free_func(place_free);
        g_hash_table_insert(images->files, g_steal_pointer(&file), places);
    }

    Place *place = g_new0(Place, 1);
    place->node = g_strdup(layer->node_name);
    place->spec = g_strdup(qblk_layer_get_spec(layer));
    g_ptr_array_add(places, place);
    g_hash_table_insert(images->by_node, place->node, places);
}

QblkSharedImages *
qblk_shared_images_new(const QblkSnapshot *snapshot)
{
    QblkSharedImages *images = g_new0(QblkSharedImages, 1);
    g_atomic_ref_count_init(&images->references);
    images->files =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    images->by_node = g_hash_table_new(g_str_hash, g_str_equal);

    const char *const *targets = qblk_snapshot_get_targets(snapshot);
    for (; *targets != NULL; targets++) {
        g_autoptr(QblkChain) chain = qblk_snapshot_chain(snapshot, *targets, NULL);
        guint depth = chain == NULL ? 0 : chain->layers->len;
        for (guint i = 0; i < depth; i++) {
            add_layer(images, chain->layers->pdata[i]);
        }
    }
    return images;
}

QblkSharedImages *
qblk_shared_images_ref(const QblkSharedImages *images)
{
    QblkSharedImages *shared = qblk_const_cast(images);

    g_atomic_ref_count_inc(&shared->references);
    return shared;
}

void
qblk_shared_images_unref(QblkSharedImages *images)
{
    if (images == NULL || !g_atomic_ref_count_dec(&images->references)) {
        return;
    }

    g_hash_table_unref(images->by_node);
    g_hash_table_unref(images->files);
    g_free(images);
}

char **
qblk_shared_images_list(const QblkSharedImages *images, const char *node_name)
{
    const GPtrArray *places = g_hash_table_lookup(images->by_node, node_name);
    g_autoptr(GPtrArray) specs = g_ptr_array_new();

    for (guint i = 0; places != NULL && i < places->len; i++) {
        const Place *place = places->pdata[i];
        if (!g_str_equal(place->node, node_name)) {
            g_ptr_array_add(specs, g_strdup(place->spec));
        }
    }
    g_ptr_array_add(specs, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&specs), FALSE);
}

char *
qblk_shared_images_to_text(const QblkSharedImages *images, const char *node_name)
{
    const GPtrArray *places = g_hash_table_lookup(images->by_node, node_name);
    if (places == NULL || places->len < 2) {
        return NULL;
    }

    GString *text = g_string_new("same image as ");
    guint count = 0;
    for (guint i = 0; i < places->len && count < MAX_LISTED; i++) {
        const Place *place = places->pdata[i];
        if (!g_str_equal(place->node, node_name)) {
            g_string_append_printf(text, "%s%s", count == 0 ? "" : ", ", place->spec);
            count++;
        }
    }

    guint more = places->len - 1 - count;
    if (more > 0) {
        g_string_append_printf(text, " and %u more layer%s", more, more == 1 ? "" : "s");
    }
    return g_string_free(text, FALSE);
}
