/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/chain-headers.h"

#include "image/image-file.h"

/* A path of this process, which leads to the file that QEMU has open if that is known. */
static const char *
get_path(const QblkLayer *layer, const QblkSource *source)
{
    return qblk_layer_file_is_known(layer->file) ? layer->file->here : source->path;
}

/* The header of the image of @layer, or NULL if it cannot be read here. */
static QblkImageHeader *
read_header(const QblkLayer *layer)
{
    g_autoptr(QblkSource) source = qblk_layer_decode_source(layer, NULL);
    if (source == NULL || source->slice_offset != NULL ||
        !qblk_image_header_has_backing(layer->format)) {
        return NULL;
    }

    gboolean is_file = source->type == QBLK_SOURCE_FILE || source->type == QBLK_SOURCE_BLOCK;
    const char *path = get_path(layer, source);
    if (!is_file || path == NULL || !g_path_is_absolute(path)) {
        return NULL;
    }

    /* If the file is not known, a QEMU in another mount namespace may name an image that does not
     * exist here, or that is another one and has another format. */
    g_autoptr(QblkImageFile) file = qblk_image_file_read(path, NULL);
    if (file == NULL) {
        return NULL;
    }
    return qblk_image_header_read(layer->format, file->bytes, file->length, NULL);
}

static void
free_header(gpointer header)
{
    qblk_image_header_free(header);
}

GPtrArray *
qblk_chain_headers_read(const QblkChain *chain)
{
    GPtrArray *headers = g_ptr_array_new_with_free_func(free_header);
    for (guint i = 0; i < chain->layers->len; i++) {
        g_ptr_array_add(headers, read_header(chain->layers->pdata[i]));
    }
    return headers;
}
