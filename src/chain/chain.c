/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/chain.h"

static void
filter_child_free(gpointer data)
{
    QblkFilterChild *child = data;
    g_free(child->edge);
    g_free(child->node_name);
    g_free(child);
}

static void
filter_free(gpointer data)
{
    QblkFilter *filter = data;
    g_ptr_array_unref(filter->others);
    g_free(filter->node_name);
    g_free(filter->driver);
    g_free(filter);
}

GPtrArray *
qblk_chain_filters_new(void)
{
    return g_ptr_array_new_with_free_func(filter_free);
}

void
qblk_chain_filter_add(GPtrArray *filters, const char *node_name, const char *driver)
{
    QblkFilter *filter = g_new0(QblkFilter, 1);
    filter->others = g_ptr_array_new_with_free_func(filter_child_free);
    filter->node_name = g_strdup(node_name);
    filter->driver = g_strdup(driver);
    g_ptr_array_add(filters, filter);
}

void
qblk_chain_filter_add_other(GPtrArray *filters, const char *edge, const char *node_name)
{
    QblkFilter *filter = filters->pdata[filters->len - 1];
    QblkFilterChild *child = g_new0(QblkFilterChild, 1);
    child->edge = g_strdup(edge);
    child->node_name = g_strdup(node_name);
    g_ptr_array_add(filter->others, child);
}

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
qblk_layer_source_new(const QblkLayer *layer, GError **error)
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

static gboolean
is_unknown(const QblkLayer *layer)
{
    return layer->file != NULL && layer->file->state == QBLK_FILE_UNKNOWN;
}

const char *
qblk_chain_get_unknown_files(const QblkChain *chain)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        if (is_unknown(chain->layers->pdata[i])) {
            return chain->unknown_files;
        }
    }
    return NULL;
}

QblkChain *
qblk_chain_new(const char *target)
{
    QblkChain *chain = g_new0(QblkChain, 1);
    g_atomic_ref_count_init(&chain->references);
    chain->target = g_strdup(target);
    chain->layers = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_chain_layer_free);
    return chain;
}

QblkChain *
qblk_chain_ref(QblkChain *chain)
{
    g_atomic_ref_count_inc(&chain->references);
    return chain;
}

void
qblk_chain_unref(QblkChain *chain)
{
    if (chain == NULL || !g_atomic_ref_count_dec(&chain->references)) {
        return;
    }
    if (chain->element != NULL) {
        chain->free_element(chain->element);
    }
    g_free(chain->target);
    g_free(chain->alias);
    g_free(chain->qdev);
    g_free(chain->backend);
    g_free(chain->root);
    g_free(chain->serial);
    g_free(chain->io_status);
    g_free(chain->unknown_files);
    g_ptr_array_unref(chain->layers);
    if (chain->mirror != NULL) {
        qblk_chain_layer_free(chain->mirror->layer);
        g_free(chain->mirror->job);
        g_free(chain->mirror);
    }
    g_free(chain);
}

QblkChain *
qblk_chain_find(const GPtrArray *chains, const char *name, GError **error)
{
    for (guint i = 0; i < chains->len; i++) {
        QblkChain *chain = chains->pdata[i];
        if (g_str_equal(chain->target, name)) {
            return qblk_chain_ref(chain);
        }
    }

    g_autofree const char **targets = g_new0(const char *, chains->len + 1);
    for (guint i = 0; i < chains->len; i++) {
        targets[i] = qblk_chain_get_target(chains->pdata[i]);
    }
    qblk_device_set_unknown(name, targets, chains->len, error);
    return NULL;
}

const char *
qblk_chain_get_target(const QblkChain *chain)
{
    return chain->target;
}

const char *
qblk_chain_get_name_source(const QblkChain *chain)
{
    return qblk_name_source_name(chain->name_source);
}

const char *
qblk_chain_get_bus(const QblkChain *chain)
{
    return chain->bus;
}

const char *
qblk_chain_get_fingerprint(const QblkChain *chain)
{
    return chain->fingerprint;
}

guint
qblk_chain_get_depth(const QblkChain *chain)
{
    return chain->layers->len;
}

const QblkLayer *
qblk_chain_get_layer(const QblkChain *chain, guint position)
{
    return position < chain->layers->len ? chain->layers->pdata[position] : NULL;
}

gboolean
qblk_chain_expect(const QblkChain *chain, const char *fingerprint, GError **error)
{
    if (g_str_equal(chain->fingerprint, fingerprint)) {
        return TRUE;
    }
    g_set_error(
        error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_STALE,
        "the chain of '%s' has changed: its fingerprint is %s, not '%s'; check the chain again",
        chain->target, chain->fingerprint, fingerprint);
    return FALSE;
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
qblk_layer_get_format(const QblkLayer *layer)
{
    return layer->format;
}

const char *
qblk_layer_get_filename(const QblkLayer *layer)
{
    return layer->filename;
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
