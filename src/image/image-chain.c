/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-chain.h"

#include "base/limits.h"
#include "base/redact.h"
#include "image/chain-format.h"
#include "source/driver.h"
#include "source/source-decode.h"

#include <stdlib.h>
#include <string.h>

static void
layer_free(gpointer data)
{
    QblkImageLayer *layer = data;

    g_free(layer->path);
    g_free(layer->format);
    g_free(layer->data_path);
    g_free(layer->secret);
    g_free(layer);
}

/* ---- names in headers ---- */

/* A relative name is relative to the directory of the image whose header has it.  Links in the path
 * of that image are not resolved; QEMU does not resolve them either. */
static char *
absolute(const char *name, const char *image)
{
    if (g_path_is_absolute(name)) {
        return g_strdup(name);
    }

    g_autofree char *directory = image == NULL ? g_get_current_dir() : g_path_get_dirname(image);
    return g_strconcat(directory, g_str_equal(directory, "/") ? "" : "/", name, NULL);
}

static void
set_not_local_error(const char *image, const char *name, GError **error)
{
    g_autofree char *clean = qblk_redact_name(name, NULL);

    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE,
                "the header of '%s' names '%s', which is not a local file: only local files are "
                "opened because a header names them",
                image, clean);
}

/* TRUE if @source is a whole file or block device of this machine. */
static gboolean
is_local_file(const QblkSource *source)
{
    gboolean is_local = source->type == QBLK_SOURCE_FILE || source->type == QBLK_SOURCE_BLOCK;

    return is_local && source->path != NULL && source->slice_offset == NULL &&
           source->data_store == NULL;
}

char *
qblk_image_chain_locate(const char *path, const char *name, char **format, GError **error)
{
    g_auto(QblkSourceDecoded) decoded = {0};

    if (!qblk_source_decode(name, &decoded, error)) {
        g_prefix_error(error, "header of '%s': ", path);
        return NULL;
    }
    if (!is_local_file(decoded.source)) {
        set_not_local_error(path, name, error);
        return NULL;
    }

    if (format != NULL) {
        *format = g_steal_pointer(&decoded.format);
    }
    return absolute(decoded.source->path, path);
}

/* ---- one layer ---- */

typedef struct {
    GPtrArray *layers; /* of QblkImageLayer, owned */
    GHashTable *seen;  /* "device:inode" -> path, both owned */
    char *path;        /* of the next layer, NULL at the end */
    char *format;      /* of the next layer as its overlay or the user specifies it, or NULL */
    gboolean is_given; /* the user has named the next layer */
    char *real; /* of the last layer, if its header leads to a file only from there, or NULL */
    const char *any_used; /* borrowed: overlay whose backing file the user has named without it */
    QblkChainFormats formats;        /* owned */
    const QblkImageOptions *options; /* borrowed */
} Walk;

static void
walk_clear(Walk *walk)
{
    g_clear_pointer(&walk->layers, g_ptr_array_unref);
    g_clear_pointer(&walk->seen, g_hash_table_unref);
    qblk_chain_formats_clear(&walk->formats);
    g_free(walk->path);
    g_free(walk->format);
    g_free(walk->real);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Walk, walk_clear)

/* Add @file to the files seen.  A file that was seen before means that the chain is a cycle. */
static gboolean
add_seen(Walk *walk, const QblkImageFile *file, const char *overlay, GError **error)
{
    g_autofree char *key = g_strdup_printf("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
                                           (guint64)file->device, (guint64)file->inode);
    const char *other = g_hash_table_lookup(walk->seen, key);

    if (other != NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "the chain forms a cycle: the backing file '%s' of '%s' is the same file as "
                    "'%s'",
                    file->path, overlay, other);
        return FALSE;
    }

    g_hash_table_insert(walk->seen, g_steal_pointer(&key), g_strdup(file->path));
    return TRUE;
}

static gboolean
read_data_file(QblkImageLayer *layer, const QblkImageHeader *header, GError **error)
{
    if (header->data_file == NULL) {
        return TRUE;
    }
    layer->data_path = qblk_image_chain_locate(layer->path, header->data_file, NULL, error);
    if (layer->data_path == NULL) {
        return FALSE;
    }

    g_autoptr(QblkImageFile) data = qblk_image_file_read(layer->data_path, error);
    if (data == NULL) {
        g_prefix_error(error, "data file of '%s': ", layer->path);
        return FALSE;
    }

    layer->data_is_block = data->is_block;
    return TRUE;
}

/* TRUE if QEMU, given only @header, opens the same backing file with the same format as we do.  It
 * does not if the header has a protocol as the format: the name may mean something else then. */
static gboolean
qemu_finds_backing(const QblkImageHeader *header)
{
    const char *name = header->backing_name;
    const char *format = header->backing_format;

    if (format == NULL || !g_str_equal(qblk_driver_backing_format(format), format)) {
        return FALSE;
    }
    return strcspn(name, ":") >= strcspn(name, "/"); /* no protocol in front of it */
}

/* Returns: (transfer full) (nullable): the real path of @image, if the relative name @name in its
 * header leads to a file from there, and not from the link @image */
static char *
find_real(const char *image, const char *name)
{
    char *real = realpath(image, NULL); /* NULL: it has no name any longer */
    g_autofree char *path = real == NULL ? NULL : absolute(name, real);
    char *found = path != NULL && g_file_test(path, G_FILE_TEST_EXISTS) ? g_strdup(real) : NULL;
    free(real);
    return found;
}

static gboolean
check_only_one(const Walk *walk, const QblkImageLayer *layer, GError **error)
{
    if (walk->any_used == NULL) {
        return TRUE;
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                "2 wrong headers, of '%s' and '%s': use --backing LAYER=PATH, such as "
                "'vda[%u]=PATH'",
                walk->any_used, layer->path, walk->layers->len - 1);
    return FALSE;
}

/* Take the image that the user has named if the one that the header of the last layer names does
 * not exist.  One that is named without a layer is for one header. */
static gboolean
use_given(Walk *walk, const QblkImageLayer *layer, const char *name, GError **error)
{
    if (g_file_test(walk->path, G_FILE_TEST_EXISTS)) {
        return TRUE;
    }
    walk->real = find_real(layer->path, name);
    const QblkImageBacking *given =
        walk->real != NULL ? NULL
                           : qblk_image_options_find_backing(walk->options, walk->layers->len - 1);
    if (given == NULL) {
        return TRUE;
    }
    if (given->position == QBLK_IMAGE_ANY_POSITION) {
        if (!check_only_one(walk, layer, error)) {
            return FALSE;
        }
        walk->any_used = layer->path;
    }

    walk->is_given = TRUE;
    g_free(walk->path);
    walk->path = g_strdup(given->value);
    return TRUE;
}

/* Set what @walk has to read next. */
static gboolean
read_backing_file(Walk *walk, QblkImageLayer *layer, const QblkImageHeader *header, GError **error)
{
    g_autofree char *format = NULL;

    g_clear_pointer(&walk->path, g_free);
    g_clear_pointer(&walk->format, g_free);
    g_clear_pointer(&walk->real, g_free);
    walk->is_given = FALSE;
    if (header->backing_name == NULL) {
        return TRUE;
    }

    walk->path = qblk_image_chain_locate(layer->path, header->backing_name, &format, error);
    if (walk->path == NULL) {
        return FALSE;
    }
    if (!use_given(walk, layer, header->backing_name, error)) {
        return FALSE;
    }
    layer->has_backing = TRUE;
    layer->qemu_finds_backing = !walk->is_given && qemu_finds_backing(header);

    walk->format = header->backing_format != NULL ? g_strdup(header->backing_format)
                                                  : g_steal_pointer(&format);
    return TRUE;
}

static gboolean
read_header(Walk *walk, QblkImageLayer *layer, const QblkImageFile *file, GError **error)
{
    g_autoptr(QblkImageHeader) header =
        qblk_image_header_read(layer->format, file->bytes, file->length, error);

    if (header == NULL) {
        g_prefix_error(error, "image '%s': ", layer->path);
        return FALSE;
    }
    layer->encryption = header->encryption;
    if (!read_data_file(layer, header, error)) {
        return FALSE;
    }
    return read_backing_file(walk, layer, header, error);
}

/* ---- a layer and its file ---- */

/* Decide the format of the next layer.  @overlay: of the layer above, NULL for the top */
static gboolean
find_format(Walk *walk, const QblkImageFile *file, const char *overlay, QblkImageLayer *layer,
            GError **error)
{
    QblkBackingFormat found = {0};
    if (overlay == NULL) {
        layer->format = g_strdup(qblk_image_format(file, walk->format, error));
        return layer->format != NULL;
    }

    const QblkImageLayer *top = walk->layers->pdata[0];
    const QblkChainFormatRequest request = {
        .file = file,
        .top = top->path,
        .overlay = overlay,
        .position = walk->layers->len - 1,
        .recorded = walk->format,
        .is_given = walk->is_given,
    };
    if (!qblk_chain_formats_find(&walk->formats, &request, &found, error)) {
        return FALSE;
    }

    QblkImageLayer *above = walk->layers->pdata[request.position];
    above->qemu_finds_backing = above->qemu_finds_backing && !found.is_wrong;
    layer->format = g_strdup(found.format);
    layer->undecided = found.undecided;
    layer->has_wrong_record = found.is_wrong;
    layer->is_specified = found.is_specified;
    return TRUE;
}

/* The header of @overlay is right: it leads to a file from its real path.  The link to a layer
 * below the top is in the header above. */
static void
set_link_error(const Walk *walk, const char *overlay, GError **error)
{
    gboolean is_top = walk->layers->len == 1;
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                "backing file of '%s': '%s' does not exist, but the name in its header leads to a "
                "file from the directory of its real path: %s '%s'",
                overlay, walk->path,
                is_top ? "open it by its real path" : "the header above it has to name it",
                walk->real);
}

/* Check that the backing file of @overlay exists, which mend can put right if it was moved. */
static gboolean
check_exists(const Walk *walk, const char *overlay, GError **error)
{
    if (overlay == NULL || walk->is_given || g_file_test(walk->path, G_FILE_TEST_EXISTS)) {
        return TRUE;
    }
    if (walk->real != NULL) {
        set_link_error(walk, overlay, error);
        return FALSE;
    }
    const QblkImageLayer *top = walk->layers->pdata[0];
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                "backing file of '%s': '%s' does not exist: if it was moved, use 'qblk mend "
                "image:%s --backing PATH'",
                overlay, walk->path, top->path);
    return FALSE;
}

/* Add the next layer of @walk.  @overlay is the path of the layer above, NULL for the top. */
static gboolean
add_layer(Walk *walk, const char *overlay, GError **error)
{
    if (!check_exists(walk, overlay, error)) {
        return FALSE;
    }

    g_autoptr(QblkImageFile) file = qblk_image_file_read(walk->path, error);
    if (file == NULL) {
        if (overlay != NULL) {
            g_prefix_error(error, "backing file of '%s': ", overlay);
        }
        return FALSE;
    }
    if (!add_seen(walk, file, overlay, error)) {
        return FALSE;
    }

    QblkImageLayer *layer = g_new0(QblkImageLayer, 1);
    if (!find_format(walk, file, overlay, layer, error)) {
        layer_free(layer);
        return FALSE;
    }
    layer->path = g_strdup(walk->path);
    layer->is_block = file->is_block;
    layer->is_given = walk->is_given;
    g_ptr_array_add(walk->layers, layer);

    return read_header(walk, layer, file, error);
}

GPtrArray *
qblk_image_chain_for(const char *path, const QblkImageOptions *options, GError **error)
{
    g_auto(Walk) walk = {
        .layers = g_ptr_array_new_with_free_func(layer_free),
        .seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        .path = absolute(path, NULL),
        .format = g_strdup(options->format),
        .options = options,
    };
    const QblkImageLayer *overlay = NULL;

    qblk_chain_formats_init(&walk.formats, options);
    while (walk.path != NULL) {
        if (walk.layers->len == QBLK_LIMIT_LAYERS) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_LIMIT,
                        "the chain of '%s' has more layers than the limit of %d", path,
                        QBLK_LIMIT_LAYERS);
            return NULL;
        }

        if (!add_layer(&walk, overlay == NULL ? NULL : overlay->path, error)) {
            return NULL;
        }
        overlay = walk.layers->pdata[walk.layers->len - 1];
    }

    return qblk_chain_formats_check_unused(&walk.formats, error) ? g_steal_pointer(&walk.layers)
                                                                 : NULL;
}

GPtrArray *
qblk_image_chain(const char *path, const char *format, GError **error)
{
    g_autoptr(QblkImageOptions) options = qblk_image_options_new();

    qblk_image_options_set_format(options, format);
    return qblk_image_chain_for(path, options, error);
}

/* ---- secrets ---- */

gboolean
qblk_image_chain_set_secrets(GPtrArray *layers, const QblkImageOptions *options, GError **error)
{
    for (guint i = 0; i < layers->len; i++) {
        QblkImageLayer *layer = layers->pdata[i];
        if (layer->encryption == NULL) {
            continue;
        }

        const QblkImageSecret *secret = qblk_image_options_find_secret(options, layer->path, error);
        if (secret == NULL) {
            return FALSE;
        }
        layer->secret = g_strdup(secret->object);
    }
    return TRUE;
}
