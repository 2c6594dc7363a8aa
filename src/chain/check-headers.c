/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/check-chain.h"
#include "image/image-chain.h"
#include "source/driver.h"
#include "source/source-compare.h"
#include "source/source-decode.h"

/* The backing file that a header names. */
typedef struct {
    const char *name;   /* NULL if the image has no backing file */
    const char *format; /* NULL if the header does not specify it */
} Backing;

/* Returns: FALSE if the header of @layer was not read: a document does not quote it. */
static gboolean
get_backing(const QblkChain *chain, const QblkLayer *layer, const GPtrArray *headers,
            Backing *backing)
{
    const QblkImageHeader *header = headers == NULL ? NULL : headers->pdata[layer->position];
    if (header != NULL) {
        *backing = (Backing){header->backing_name, header->backing_format};
        return TRUE;
    }
    *backing = (Backing){layer->backing_name, layer->backing_format};
    return chain->document == NULL;
}

/* The source that @name means in the header of an image whose source is @own; NULL if it is not
 * known.  @format is set if the name specifies the format. */
static QblkSource *
decode_backing(const QblkSource *own, const char *name, char **format)
{
    g_auto(QblkSourceDecoded) decoded = {0};
    if (!qblk_source_decode(name, &decoded, NULL)) {
        return NULL;
    }

    QblkSource *source = decoded.source;
    if (source->path != NULL && source->path[0] != '/') {
        if (own == NULL || own->path == NULL || own->type == QBLK_SOURCE_NETWORK) {
            return NULL;
        }
        g_autofree char *directory = g_path_get_dirname(own->path);
        char *joined = g_build_filename(directory, source->path, NULL);
        g_free(source->path);
        source->path = joined;
    }

    *format = g_steal_pointer(&decoded.format);
    return g_steal_pointer(&decoded.source);
}

/* A qcow2 header without a format is a difference only if the backing image is not raw: libvirt
 * would take it for raw, or refuse it. */
static gboolean
is_other_format(const QblkLayer *layer, const char *format, const QblkLayer *next)
{
    if (g_str_equal(next->format, "unknown")) {
        return FALSE;
    }
    const char *meant = qblk_driver_backing_format(format);
    if (meant != NULL) {
        return !g_str_equal(meant, next->format);
    }
    return g_str_equal(layer->format, "qcow2") && !g_str_equal(next->format, "raw");
}

static void
free_source(gpointer source)
{
    qblk_source_unref(source);
}

/* The source of each layer, NULL if it is not known. */
static GPtrArray *
load_sources(const QblkChain *chain)
{
    GPtrArray *sources = g_ptr_array_new_with_free_func(free_source);
    for (guint i = 0; i < chain->layers->len; i++) {
        g_ptr_array_add(sources, qblk_layer_decode_source(chain->layers->pdata[i], NULL));
    }
    return sources;
}

/* TRUE if @named leads to the file that is open for @next, or is its name, which is reported for
 * @next if it leads elsewhere. */
static gboolean
leads_to_file(QblkOpenedFiles *opened, const QblkSource *named, const QblkLayer *next,
              const QblkSource *below)
{
    const QblkLayerFile *file = next->file;
    const QblkFileIdentity found = qblk_opened_files_look_up(opened, named->path);
    if (!qblk_file_identity_is_known(&found)) {
        g_autofree char *name = qblk_opened_files_absolute(opened, next->filename);
        return g_strcmp0(named->path, name) == 0;
    }
    if (g_strcmp0(named->slice_offset, below->slice_offset) != 0) {
        return FALSE;
    }
    return qblk_file_identity_is_same(&found, &file->open) ||
           qblk_file_identity_is_same(&found, &file->named);
}

static gboolean
is_path(const QblkSource *source)
{
    gboolean is_file = source->type == QBLK_SOURCE_FILE || source->type == QBLK_SOURCE_BLOCK;
    return is_file && source->path != NULL && g_path_is_absolute(source->path);
}

static gboolean
leads_to(QblkOpenedFiles *opened, const QblkSource *named, const QblkLayer *next,
         const QblkSource *below, gboolean has_same_name)
{
    if (opened != NULL && is_path(named) && qblk_layer_file_is_known(next->file)) {
        return leads_to_file(opened, named, next, below);
    }
    return has_same_name || qblk_source_is_same_place(named, below);
}

/* Compare the backing file that the header of @layer names with the layer below. */
static void
compare_backing(const QblkChain *chain, QblkOpenedFiles *opened, const GPtrArray *sources,
                const QblkLayer *layer, const Backing *backing, GPtrArray *differences)
{
    const QblkLayer *next = qblk_chain_get_layer(chain, layer->position + 1);
    const QblkSource *below = sources->pdata[next->position];
    const char *found = qblk_layer_file_has_path(next->file) ? next->file->path : next->filename;
    gboolean has_same_name = g_strcmp0(backing->name, next->filename) == 0;
    g_autofree char *own_format = NULL;
    g_autoptr(QblkSource) named =
        decode_backing(sources->pdata[layer->position], backing->name, &own_format);

    if (named == NULL || below == NULL) {
        if (!has_same_name) {
            qblk_difference_add(differences, QBLK_DIFFERENCE_UNCOMPARABLE, chain, layer,
                                backing->name, found);
            return;
        }
    } else if (!leads_to(opened, named, next, below, has_same_name)) {
        qblk_difference_add(differences, QBLK_DIFFERENCE_BACKING_FILE, chain, layer, backing->name,
                            found);
    }

    const char *format = backing->format == NULL ? own_format : backing->format;
    if (is_other_format(layer, format, next)) {
        qblk_difference_add(differences, QBLK_DIFFERENCE_BACKING_FORMAT, chain, layer, format,
                            next->format);
    }
}

static void
compare_header(const QblkChain *chain, QblkOpenedFiles *opened, const GPtrArray *sources,
               const QblkLayer *layer, const Backing *backing, GPtrArray *differences)
{
    const QblkLayer *next = qblk_chain_get_layer(chain, layer->position + 1);
    if (next != NULL && backing->name != NULL) {
        compare_backing(chain, opened, sources, layer, backing, differences);
    } else if (next != NULL) {
        qblk_difference_add(differences, QBLK_DIFFERENCE_BACKING_GOES_ON, chain, layer, NULL,
                            next->filename);
    } else if (backing->name != NULL && chain->is_complete) {
        qblk_difference_add(differences, QBLK_DIFFERENCE_BACKING_ENDS, chain, layer, backing->name,
                            NULL);
    }
}

void
qblk_check_headers(const QblkChain *chain, QblkOpenedFiles *opened, const GPtrArray *headers,
                   GPtrArray *differences)
{
    g_autoptr(GPtrArray) sources = load_sources(chain);
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        Backing backing = {0};
        if (get_backing(chain, layer, headers, &backing)) {
            compare_header(chain, opened, sources, layer, &backing, differences);
        }
    }
}

/* ---- images that no QEMU has open ---- */

static QblkDifference *
find_or_add(const QblkChain *chain, const QblkLayer *layer, const char *format,
            GPtrArray *differences)
{
    for (guint i = 0; i < differences->len; i++) {
        QblkDifference *difference = differences->pdata[i];
        if (difference->kind == QBLK_DIFFERENCE_BACKING_FORMAT &&
            difference->position == (gint64)layer->position) {
            return difference;
        }
    }
    return qblk_difference_add(differences, QBLK_DIFFERENCE_BACKING_FORMAT, chain, layer, format,
                               "raw");
}

static void
check_format(const QblkChain *chain, const QblkLayer *layer, const QblkImageLayer *below,
             const char *recorded, GPtrArray *differences)
{
    if (below->undecided != NULL) {
        QblkDifference *difference = find_or_add(chain, layer, recorded, differences);
        g_autofree char *quoted =
            recorded == NULL ? g_strdup("none") : g_strdup_printf("'%s'", recorded);
        g_free(difference->text);
        difference->text = g_strdup_printf("backing format: header has %s, but '%s' looks like %s",
                                           quoted, below->path, below->undecided);
    } else if (recorded == NULL && below->is_specified && g_str_equal(layer->format, "qcow2")) {
        (void)find_or_add(chain, layer, NULL, differences);
    }
}

void
qblk_check_formats(const QblkChain *chain, const GPtrArray *images, const GPtrArray *headers,
                   GPtrArray *differences)
{
    for (guint i = 0; i + 1 < images->len && i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        Backing backing = {0};
        if (get_backing(chain, layer, headers, &backing)) {
            check_format(chain, layer, images->pdata[i + 1], backing.format, differences);
        }
    }
}
