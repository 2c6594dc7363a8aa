/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/enum.h"
#include "chain/chain.h"

static void
further_file_free(gpointer data)
{
    QblkFurtherFile *further = data;
    g_free(further->filename);
    qblk_layer_file_free(further->file);
    g_free(further);
}

void
qblk_chain_further_file_add(QblkLayer *layer, const char *filename, const QblkLayerFile *file)
{
    QblkFurtherFile *further = g_new0(QblkFurtherFile, 1);
    further->filename = g_strdup(filename);
    further->file = qblk_layer_file_copy(file);
    if (layer->further_files == NULL) {
        layer->further_files = g_ptr_array_new_with_free_func(further_file_free);
    }
    g_ptr_array_add(layer->further_files, further);
}

QblkLayer *
qblk_chain_layer_new(void)
{
    QblkLayer *layer = g_new0(QblkLayer, 1);
    layer->index = QBLK_UNKNOWN;
    layer->virtual_size = QBLK_UNKNOWN;
    layer->actual_size = QBLK_UNKNOWN;
    layer->written_end = QBLK_UNKNOWN;
    layer->filters = qblk_chain_filters_new();
    layer->storage_filters = qblk_chain_filters_new();
    return layer;
}

void
qblk_chain_layer_free(QblkLayer *layer)
{
    if (layer == NULL) {
        return;
    }
    g_free(layer->spec);
    g_free(layer->node_name);
    g_free(layer->storage);
    g_free(layer->format);
    g_free(layer->xml_format);
    g_free(layer->filename);
    qblk_location_free(layer->location);
    qblk_source_unref(layer->source);
    g_free(layer->problem);
    qblk_layer_file_free(layer->file);
    g_clear_pointer(&layer->further_files, g_ptr_array_unref);
    g_clear_pointer(&layer->users, g_ptr_array_unref);
    g_clear_pointer(&layer->bitmaps, g_ptr_array_unref);
    g_clear_pointer(&layer->internal_snapshots, g_ptr_array_unref);
    g_free(layer->encryption);
    g_free(layer->backing_name);
    g_free(layer->backing_format);
    g_ptr_array_unref(layer->filters);
    g_ptr_array_unref(layer->storage_filters);
    g_free(layer);
}

/* The path that leads to the file which QEMU has open, if its name is relative, or means another
 * file or a descriptor. */
static QblkSource *
decode_source(const QblkLayer *layer, GError **error)
{
    QblkSource *source = qblk_location_decode(layer->location, error);
    if (source == NULL || !qblk_layer_file_has_path(layer->file)) {
        return source;
    }

    if (source->type == QBLK_SOURCE_FILE || source->type == QBLK_SOURCE_BLOCK) {
        g_free(source->path);
        source->path = g_strdup(layer->file->path);
    }
    return source;
}

QblkSource *
qblk_layer_decode_source(const QblkLayer *layer, GError **error)
{
    if (layer->source != NULL) {
        return qblk_source_ref(layer->source);
    }
    if (layer->location != NULL) {
        return decode_source(layer, error);
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED, "%s",
                layer->problem == NULL ? "the source is not known" : layer->problem);
    return NULL;
}

gboolean
qblk_layer_has_same_file(const QblkLayer *a, const QblkLayer *b, gboolean *is_same)
{
    if (!qblk_layer_file_is_known(a->file) || !qblk_layer_file_is_known(b->file)) {
        return FALSE;
    }
    *is_same = qblk_file_identity_is_same(&a->file->open, &b->file->open);
    return TRUE;
}

/* ---- formats ---- */

/* QBLK_FORMAT_OTHER has no name. */
static const char *const formats[] = {
    [QBLK_FORMAT_UNKNOWN] = "unknown", [QBLK_FORMAT_BOCHS] = "bochs",
    [QBLK_FORMAT_CLOOP] = "cloop",     [QBLK_FORMAT_DMG] = "dmg",
    [QBLK_FORMAT_LUKS] = "luks",       [QBLK_FORMAT_PARALLELS] = "parallels",
    [QBLK_FORMAT_QCOW] = "qcow",       [QBLK_FORMAT_QCOW2] = "qcow2",
    [QBLK_FORMAT_QED] = "qed",         [QBLK_FORMAT_RAW] = "raw",
    [QBLK_FORMAT_VDI] = "vdi",         [QBLK_FORMAT_VHDX] = "vhdx",
    [QBLK_FORMAT_VMDK] = "vmdk",       [QBLK_FORMAT_VPC] = "vpc",
};

const char *
qblk_format_name(QblkFormat format)
{
    gboolean is_other = format == QBLK_FORMAT_OTHER;
    return is_other ? NULL : qblk_enum_name(formats, G_N_ELEMENTS(formats), (int)format);
}

QblkFormat
qblk_layer_get_format(const QblkLayer *layer)
{
    int format = QBLK_FORMAT_OTHER;
    if (layer->format == NULL) {
        return QBLK_FORMAT_UNKNOWN;
    }

    (void)qblk_enum_value(formats, G_N_ELEMENTS(formats), layer->format, &format);
    return (QblkFormat)format;
}

/* ---- getters ---- */

const QblkChain *
qblk_layer_get_chain(const QblkLayer *layer)
{
    return layer->chain;
}

const char *
qblk_layer_get_spec(const QblkLayer *layer)
{
    return layer->spec;
}

guint
qblk_layer_get_position(const QblkLayer *layer)
{
    return layer->position;
}

gint64
qblk_layer_get_index(const QblkLayer *layer)
{
    return layer->index;
}

const char *
qblk_layer_get_node_name(const QblkLayer *layer)
{
    return layer->node_name;
}

const char *
qblk_layer_get_storage_node_name(const QblkLayer *layer)
{
    return layer->storage;
}

const char *
qblk_layer_get_format_name(const QblkLayer *layer)
{
    return layer->format;
}

const char *
qblk_layer_get_filename(const QblkLayer *layer)
{
    return layer->filename;
}

const QblkOpenFile *
qblk_layer_get_open_file(const QblkLayer *layer)
{
    return layer->file == NULL ? NULL : &layer->open_file;
}

/* Returns: the length of @array, which may be NULL */
static guint
count(const GPtrArray *array)
{
    return array == NULL ? 0 : array->len;
}

/* Returns: (nullable): the element of @array (nullable) at @position */
static gconstpointer
at(const GPtrArray *array, guint position)
{
    return position < count(array) ? array->pdata[position] : NULL;
}

guint
qblk_layer_get_n_further_files(const QblkLayer *layer)
{
    return count(layer->further_files);
}

const QblkOpenFile *
qblk_layer_get_further_file(const QblkLayer *layer, guint position)
{
    return at(layer->further_files, position);
}

guint
qblk_layer_get_n_internal_snapshots(const QblkLayer *layer)
{
    return count(layer->internal_snapshots);
}

const QblkInternalSnapshot *
qblk_layer_get_internal_snapshot(const QblkLayer *layer, guint position)
{
    return at(layer->internal_snapshots, position);
}

guint
qblk_layer_get_n_bitmaps(const QblkLayer *layer)
{
    return count(layer->bitmaps);
}

const QblkBitmap *
qblk_layer_get_bitmap(const QblkLayer *layer, guint position)
{
    return at(layer->bitmaps, position);
}

guint
qblk_layer_get_n_users(const QblkLayer *layer)
{
    return count(layer->users);
}

const QblkUser *
qblk_layer_get_user(const QblkLayer *layer, guint position)
{
    return at(layer->users, position);
}

gboolean
qblk_layer_has_more_users(const QblkLayer *layer)
{
    return layer->has_more_users;
}

guint
qblk_layer_get_n_filters(const QblkLayer *layer)
{
    return count(layer->filters);
}

const QblkFilter *
qblk_layer_get_filter(const QblkLayer *layer, guint position)
{
    return at(layer->filters, position);
}

guint
qblk_layer_get_n_storage_filters(const QblkLayer *layer)
{
    return count(layer->storage_filters);
}

const QblkFilter *
qblk_layer_get_storage_filter(const QblkLayer *layer, guint position)
{
    return at(layer->storage_filters, position);
}

gint64
qblk_layer_get_virtual_size(const QblkLayer *layer)
{
    return layer->virtual_size;
}

gint64
qblk_layer_get_actual_size(const QblkLayer *layer)
{
    return layer->actual_size;
}

gint64
qblk_layer_get_written_end(const QblkLayer *layer)
{
    return layer->written_end;
}

gint64
qblk_layer_get_write_threshold(const QblkLayer *layer)
{
    return layer->write_threshold > 0 ? layer->write_threshold : QBLK_UNKNOWN;
}

gboolean
qblk_layer_is_read_only(const QblkLayer *layer)
{
    return layer->read_only;
}

gboolean
qblk_layer_is_active(const QblkLayer *layer)
{
    return !layer->is_inactive;
}

const char *
qblk_layer_get_backing_string(const QblkLayer *layer)
{
    return layer->backing_name;
}

const char *
qblk_layer_get_backing_format(const QblkLayer *layer)
{
    return layer->backing_format;
}

const char *
qblk_layer_get_encryption(const QblkLayer *layer)
{
    return layer->encryption;
}
