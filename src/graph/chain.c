/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/chain.h"

#include "graph/fingerprint.h"
#include "graph/libvirt-node.h"
#include "graph/target.h"

static void
filter_free(gpointer data)
{
    QblkFilter *filter = data;
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
    filter->node_name = g_strdup(node_name);
    filter->driver = g_strdup(driver);
    g_ptr_array_add(filters, filter);
}

QblkLayer *
qblk_chain_layer_new(void)
{
    QblkLayer *layer = g_new0(QblkLayer, 1);
    layer->index = QBLK_UNKNOWN;
    layer->virtual_size = QBLK_UNKNOWN;
    layer->actual_size = QBLK_UNKNOWN;
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
    g_clear_pointer(&layer->source, qblk_source_free);
    g_free(layer->problem);
    g_free(layer->backing_name);
    g_free(layer->backing_format);
    g_ptr_array_unref(layer->filters);
    g_ptr_array_unref(layer->storage_filters);
    g_free(layer);
}

QblkChain *
qblk_chain_new(const char *target)
{
    QblkChain *chain = g_new0(QblkChain, 1);
    chain->references = 1;
    chain->target = g_strdup(target);
    chain->layers = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_chain_layer_free);
    return chain;
}

void
qblk_chain_free(QblkChain *chain)
{
    if (chain == NULL || --chain->references > 0) {
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
    g_ptr_array_unref(chain->layers);
    if (chain->mirror != NULL) {
        qblk_chain_layer_free(chain->mirror->layer);
        g_free(chain->mirror->job);
        g_free(chain->mirror);
    }
    g_free(chain);
}

/* Newer libvirt gives a raw image no format node: then the storage node is the layer's. */
static gint64
libvirt_index(const QblkLayer *layer)
{
    gint64 index = qblk_libvirt_node_index(layer->node_name);
    return index != QBLK_UNKNOWN ? index : qblk_libvirt_node_index(layer->storage);
}

/* An active commit writes to a layer of the chain, which has an index already. */
static gint64
mirror_index(const QblkChain *chain, const QblkLayer *mirror)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (mirror->node_name != NULL && g_strcmp0(layer->node_name, mirror->node_name) == 0) {
            return layer->index;
        }
    }
    return chain->has_libvirt_indexes ? libvirt_index(mirror) : QBLK_UNKNOWN;
}

void
qblk_chain_number(QblkChain *chain)
{
    chain->has_libvirt_indexes = FALSE;
    for (guint i = 0; i < chain->layers->len; i++) {
        if (libvirt_index(chain->layers->pdata[i]) != QBLK_UNKNOWN) {
            chain->has_libvirt_indexes = TRUE;
        }
    }
    for (guint i = 0; i < chain->layers->len; i++) {
        QblkLayer *layer = chain->layers->pdata[i];
        layer->position = i;
        if (!chain->has_own_indexes) {
            layer->index = chain->has_libvirt_indexes ? libvirt_index(layer) : (gint64)i;
        }
    }
    if (chain->mirror != NULL && chain->mirror->layer->index == QBLK_UNKNOWN) {
        chain->mirror->layer->index = mirror_index(chain, chain->mirror->layer);
    }
    qblk_fingerprint(chain, chain->fingerprint);
}

QblkChain *
qblk_chain_find(const GPtrArray *chains, const char *name, GError **error)
{
    for (guint i = 0; i < chains->len; i++) {
        QblkChain *chain = chains->pdata[i];
        if (g_str_equal(chain->target, name)) {
            chain->references++;
            return chain;
        }
    }
    g_autofree const char **targets = g_new0(const char *, chains->len + 1);
    for (guint i = 0; i < chains->len; i++) {
        targets[i] = qblk_chain_get_target(chains->pdata[i]);
    }
    qblk_target_set_unknown(name, targets, chains->len, error);
    return NULL;
}

static gboolean
is_one_run(GArray *indexes)
{
    for (guint i = 1; i < indexes->len; i++) {
        if (g_array_index(indexes, gint64, i) != g_array_index(indexes, gint64, i - 1) + 1) {
            return FALSE;
        }
    }
    return TRUE;
}

char *
qblk_chain_index_list(const QblkChain *chain)
{
    g_autoptr(GArray) indexes = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (layer->index > 0) {
            g_array_append_val(indexes, layer->index);
        }
    }
    if (indexes->len == 0) {
        return NULL;
    }
    if (indexes->len > 2 && is_one_run(indexes)) {
        return g_strdup_printf("%" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                               g_array_index(indexes, gint64, 0),
                               g_array_index(indexes, gint64, indexes->len - 1));
    }
    GString *list = g_string_new(NULL);
    for (guint i = 0; i < indexes->len; i++) {
        const char *comma = i == 0 ? "" : i + 1 == indexes->len ? " and " : ", ";
        g_string_append_printf(list, "%s%" G_GINT64_FORMAT, comma,
                               g_array_index(indexes, gint64, i));
    }
    return g_string_free(list, FALSE);
}

const char *
qblk_chain_get_target(const QblkChain *chain)
{
    return chain->target;
}

const char *
qblk_chain_get_name_source(const QblkChain *chain)
{
    return qblk_device_name_source(chain->name_source);
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
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_STALE,
                "the chain of '%s' is not the one expected: its fingerprint is %s, not '%s'; look "
                "at it again",
                chain->target, chain->fingerprint, fingerprint);
    return FALSE;
}
