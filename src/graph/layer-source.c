/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/layer-source.h"

#include "source/source-decode.h"

#include <string.h>

const QblkNode *
qblk_layer_source_next(const QblkNode *node)
{
    return qblk_node_is(node, QBLK_DRIVER_FILTER) ? qblk_node_filtered(node)
                                                  : qblk_node_child(node, "file");
}

/* The options of a node, which QEMU says only in a `json:` name; without one there are none that
 * matter. */
static QblkSourceOptions *
options_of(const QblkNode *node, GError **error)
{
    g_autoptr(QblkSourceOptions) options = qblk_source_options_new();
    if (!g_str_has_prefix(node->filename, "json:")) {
        return g_steal_pointer(&options);
    }
    const char *text = node->filename + strlen("json:");
    g_autoptr(QblkJson) json = qblk_json_parse(text, strlen(text), NULL);
    if (!qblk_json_is(json, QBLK_JSON_OBJECT)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "QEMU does not say which part of its file node '%s' uses", node->name);
        return NULL;
    }
    return qblk_source_options_add_json(options, "", json, error) ? g_steal_pointer(&options)
                                                                  : NULL;
}

/* A raw node may use a part of what is below it.  One that says no size uses all behind its offset,
 * which is what it shows. */
static gboolean
add_slice(QblkSource *source, const QblkNode *node, GError **error)
{
    if (!g_str_equal(node->driver, "raw")) {
        return TRUE;
    }
    g_autoptr(QblkSourceOptions) options = options_of(node, error);
    const char *offset = options == NULL ? NULL : qblk_source_options_take(options, "", "offset");
    const char *size = options == NULL ? NULL : qblk_source_options_take(options, "", "size");
    if (size == NULL && (offset == NULL || g_str_equal(offset, "0"))) {
        return options != NULL;
    }
    if (source->slice_offset != NULL || (size == NULL && node->virtual_size == QBLK_UNKNOWN)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    source->slice_offset != NULL
                        ? "node '%s' uses a part of a part of a file, which XML cannot say"
                        : "node '%s' does not say how large the part of the file is that it uses",
                    node->name);
        return FALSE;
    }
    source->slice_offset = g_strdup(offset == NULL ? "0" : offset);
    source->slice_size =
        size != NULL ? g_strdup(size) : g_strdup_printf("%" G_GINT64_FORMAT, node->virtual_size);
    return TRUE;
}

/* @storage is reached from @format, and the way there was walked before. */
static gboolean
add_slices(QblkSource *source, const QblkNode *format, const QblkNode *storage, GError **error)
{
    for (const QblkNode *node = format; node != storage; node = qblk_layer_source_next(node)) {
        gboolean is_plain = node == format || qblk_node_is(node, QBLK_DRIVER_FILTER) ||
                            g_str_equal(node->driver, "raw");
        if (!is_plain) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                        "node '%s' (%s) is between image '%s' and its file, which XML cannot say",
                        node->name, node->driver, storage->filename);
            return FALSE;
        }
        if (!add_slice(source, node, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static const QblkNode *
protocol_below(const QblkNode *node)
{
    for (guint depth = 0; node != NULL && depth < 100; depth++) {
        if (qblk_node_is(node, QBLK_DRIVER_PROTOCOL)) {
            return node;
        }
        node = qblk_layer_source_next(node);
    }
    return NULL;
}

static gboolean
add_data_store(QblkSource *source, const QblkNode *format, GError **error)
{
    const QblkNode *child = qblk_node_child(format, "data-file");
    const QblkNode *storage = child == NULL ? NULL : protocol_below(child);
    if (child == NULL) {
        return TRUE;
    }
    if (storage == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "the data file of node '%s' has no place", format->name);
        return FALSE;
    }
    source->data_store = qblk_source_decode_node(storage->driver, storage->filename, error);
    source->data_format = g_strdup("raw");
    return source->data_store != NULL && add_slices(source->data_store, child, storage, error);
}

void
qblk_layer_source_load(QblkLayer *layer, const QblkNode *format, const QblkNode *storage)
{
    g_autoptr(GError) error = NULL;
    if (storage == NULL) {
        layer->problem =
            g_strdup_printf("node '%s' does not say where it stores its data", format->name);
        return;
    }
    g_autoptr(QblkSource) source =
        qblk_source_decode_node(storage->driver, storage->filename, &error);
    if (source == NULL || !add_slices(source, format, storage, &error) ||
        !add_data_store(source, format, &error)) {
        layer->problem = g_strdup(error->message);
        return;
    }
    if (format->encryption != NULL) {
        g_free(source->encryption);
        g_clear_pointer(&source->encryption_engine, g_free);
        source->encryption = g_strdup(format->encryption);
    }
    layer->source = g_steal_pointer(&source);
}
