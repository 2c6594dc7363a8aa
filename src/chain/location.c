/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/location.h"

#include "source/source-decode.h"

#include <string.h>

/* The way to the data file is not walked before; a graph may form a cycle. */
#define MAX_DEPTH 100

/* A node above the protocol node, as far as the source depends on it. */
typedef struct {
    char *name;
    char *driver;
    char *filename;
    gint64 virtual_size; /* bytes, or QBLK_UNKNOWN */
} Part;

struct QblkLocation {
    char *format_name;  /* node-name of the format node */
    char *driver;       /* of the protocol node, NULL if there is no such node */
    char *filename;     /* of the protocol node, NULL if there is no such node */
    GPtrArray *parts;   /* of Part, owned, topmost first */
    char *encryption;   /* of the format node, or NULL */
    QblkLocation *data; /* owned: the external data file, or NULL */
};

static void
part_free(gpointer data)
{
    Part *part = data;
    g_free(part->name);
    g_free(part->driver);
    g_free(part->filename);
    g_free(part);
}

static gboolean
is_raw(const char *driver)
{
    return g_str_equal(driver, "raw");
}

/* Nodes that use all of what is below them are left out: QEMU reports the options of a raw node
 * only in a `json:` name.  A format node is never below another one in a chain. */
static gboolean
is_relevant(const QblkNode *node, const QblkNode *format)
{
    if (is_raw(node->driver)) {
        return g_str_has_prefix(node->filename, "json:");
    }
    return node != format && !qblk_node_is(node, QBLK_DRIVER_FILTER);
}

static void
add_part(QblkLocation *location, const QblkNode *node)
{
    Part *part = g_new0(Part, 1);
    part->name = g_strdup(node->name);
    part->driver = g_strdup(node->driver);
    part->filename = g_strdup(node->filename);
    part->virtual_size = node->virtual_size;
    g_ptr_array_add(location->parts, part);
}

static QblkLocation *
location_new(const QblkNode *format, const QblkNode *protocol)
{
    QblkLocation *location = g_new0(QblkLocation, 1);
    location->format_name = g_strdup(format->name);
    location->parts = g_ptr_array_new_with_free_func(part_free);
    if (protocol == NULL) {
        return location;
    }

    location->driver = g_strdup(protocol->driver);
    location->filename = g_strdup(protocol->filename);
    for (const QblkNode *node = format; node != protocol; node = qblk_node_storage(node)) {
        if (is_relevant(node, format)) {
            add_part(location, node);
        }
    }
    return location;
}

static const QblkNode *
find_protocol(const QblkNode *top)
{
    const QblkNode *node = top;
    for (guint depth = 0; node != NULL && depth < MAX_DEPTH; depth++) {
        if (qblk_node_is(node, QBLK_DRIVER_PROTOCOL)) {
            return node;
        }
        node = qblk_node_storage(node);
    }
    return NULL;
}

QblkLocation *
qblk_location_new(const QblkNode *format, const QblkNode *protocol)
{
    QblkLocation *location = location_new(format, protocol);
    location->encryption = g_strdup(format->encryption);

    const QblkNode *data = qblk_node_find_child(format, "data-file");
    if (data != NULL) {
        location->data = location_new(data, find_protocol(data));
    }
    return location;
}

void
qblk_location_free(QblkLocation *location)
{
    if (location == NULL) {
        return;
    }
    g_free(location->format_name);
    g_free(location->driver);
    g_free(location->filename);
    g_free(location->encryption);
    g_ptr_array_unref(location->parts);
    qblk_location_free(location->data);
    g_free(location);
}

static QblkSourceOptions *
parse_options(const Part *part, GError **error)
{
    const char *text = part->filename + strlen("json:");
    g_autoptr(QblkJson) json = qblk_json_parse(text, strlen(text), NULL);
    if (!qblk_json_is(json, QBLK_JSON_OBJECT)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "QEMU does not report which part of its file node '%s' uses", part->name);
        return NULL;
    }

    g_autoptr(QblkSourceOptions) options = qblk_source_options_new();
    if (!qblk_source_options_add_json(options, "", json, error)) {
        return NULL;
    }
    return g_steal_pointer(&options);
}

/* Without a size a raw node uses all behind its offset: that is its virtual size. */
static gboolean
add_slice(QblkSource *source, const Part *part, GError **error)
{
    g_autoptr(QblkSourceOptions) options = parse_options(part, error);
    if (options == NULL) {
        return FALSE;
    }

    const char *offset = qblk_source_options_take(options, "", "offset");
    const char *size = qblk_source_options_take(options, "", "size");
    if (size == NULL && (offset == NULL || g_str_equal(offset, "0"))) {
        return TRUE;
    }

    if (source->slice_offset != NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "node '%s' uses a part of a part of a file, which libvirt's XML cannot express",
                    part->name);
        return FALSE;
    }
    if (size == NULL && part->virtual_size == QBLK_UNKNOWN) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "node '%s' uses a part of a file, and QEMU does not report its size",
                    part->name);
        return FALSE;
    }

    source->slice_offset = g_strdup(offset == NULL ? "0" : offset);
    source->slice_size =
        size != NULL ? g_strdup(size) : g_strdup_printf("%" G_GINT64_FORMAT, part->virtual_size);
    return TRUE;
}

/* Returns: the offset in the options of the raw node @part, 0 if they are not known */
static gint64
get_offset(const Part *part)
{
    const char *text = part->filename + strlen("json:");
    g_autoptr(QblkJson) options =
        is_raw(part->driver) ? qblk_json_parse(text, strlen(text), NULL) : NULL;
    gint64 offset = 0;

    (void)qblk_json_integer(qblk_json_get(options, "offset"), &offset);
    return offset;
}

gint64
qblk_location_get_offset(const QblkLocation *location)
{
    gint64 offset = 0;
    for (guint i = 0; i < location->parts->len; i++) {
        offset += get_offset(location->parts->pdata[i]);
    }
    return offset;
}

/* The source of the protocol node, and the part of it that is used. */
static QblkSource *
decode_file(const QblkLocation *location, GError **error)
{
    g_autoptr(QblkSource) source =
        qblk_source_decode_node(location->driver, location->filename, error);
    if (source == NULL) {
        return NULL;
    }

    for (guint i = 0; i < location->parts->len; i++) {
        const Part *part = location->parts->pdata[i];
        if (!is_raw(part->driver)) {
            g_set_error(
                error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                "node '%s' (%s) is between image '%s' and its file, which libvirt's XML cannot "
                "express",
                part->name, part->driver, location->filename);
            return NULL;
        }
        if (!add_slice(source, part, error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&source);
}

static gboolean
add_data_store(QblkSource *source, const QblkLocation *location, GError **error)
{
    const QblkLocation *data = location->data;
    if (data == NULL) {
        return TRUE;
    }
    if (data->driver == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "QEMU does not report the data file of node '%s'", location->format_name);
        return FALSE;
    }

    source->data_store = decode_file(data, error);
    source->data_format = g_strdup("raw");
    return source->data_store != NULL;
}

QblkSource *
qblk_location_decode(const QblkLocation *location, GError **error)
{
    if (location->driver == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "QEMU does not report the file of node '%s'", location->format_name);
        return NULL;
    }

    g_autoptr(QblkSource) source = decode_file(location, error);
    if (source == NULL || !add_data_store(source, location, error)) {
        return NULL;
    }

    if (location->encryption != NULL) {
        g_free(source->encryption);
        g_clear_pointer(&source->encryption_engine, g_free);
        source->encryption = g_strdup(location->encryption);
    }
    return g_steal_pointer(&source);
}
