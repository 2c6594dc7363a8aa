/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-arguments.h"

#include "base/json.h"

/* "qblk-image", "qblk-image-1" ..., followed by @suffix. */
static char *
node_name(guint position, const char *suffix)
{
    if (position == 0) {
        return g_strconcat(QBLK_IMAGE_NODE, suffix, NULL);
    }
    return g_strdup_printf(QBLK_IMAGE_NODE "-%u%s", position, suffix);
}

static QblkJson *
new_node(const char *driver, const char *name)
{
    QblkJson *node = qblk_json_new_object();

    qblk_json_set_string(node, "driver", driver);
    qblk_json_set_string(node, "node-name", name);
    qblk_json_set_boolean(node, "read-only", TRUE);
    qblk_json_set_boolean(node, "force-share", TRUE);
    return node;
}

/* The option is JSON, because in JSON no character of a file name is special.  Takes @node over. */
static void
add_node(GPtrArray *arguments, QblkJson *node)
{
    g_ptr_array_add(arguments, g_strdup("--blockdev"));
    g_ptr_array_add(arguments, qblk_json_print(node, QBLK_JSON_COMPACT));
    qblk_json_unref(node);
}

static void
add_file(GPtrArray *arguments, const char *name, const char *path, gboolean is_block)
{
    QblkJson *node = new_node(is_block ? "host_device" : "file", name);

    qblk_json_set_string(node, "filename", path);
    add_node(arguments, node);
}

static void
add_layer(GPtrArray *arguments, const QblkImageLayer *layer, guint position, gboolean is_last)
{
    g_autofree char *name = node_name(position, "");
    g_autofree char *file = node_name(position, "-file");
    QblkJson *node = new_node(layer->format, name);

    add_file(arguments, file, layer->path, layer->is_block);
    qblk_json_set_string(node, "file", file);

    if (layer->data_path != NULL) {
        g_autofree char *data = node_name(position, "-data");
        add_file(arguments, data, layer->data_path, layer->data_is_block);
        qblk_json_set_string(node, "data-file", data);
    }

    if (layer->has_backing && !is_last) {
        g_autofree char *backing = node_name(position + 1, "");
        qblk_json_set_string(node, "backing", backing);
    } else if (!layer->has_backing && qblk_image_header_has_backing(layer->format)) {
        qblk_json_set(node, "backing", qblk_json_new_null());
    }

    add_node(arguments, node);
}

/* The number of layers, from the top, that need a node. */
static guint
count_nodes(const GPtrArray *layers)
{
    guint count = 1;

    for (guint i = 0; i < layers->len; i++) {
        const QblkImageLayer *layer = layers->pdata[i];

        /* QEMU searches the whole descriptor of a VMDK image for the name of its backing file. */
        if (layer->data_path != NULL || g_str_equal(layer->format, "vmdk")) {
            count = i + 1;
        }
        if (layer->has_backing && !layer->qemu_finds_backing) {
            count = i + 2;
        }
    }

    return MIN(count, layers->len);
}

char **
qblk_image_arguments(const GPtrArray *layers)
{
    static const char *const monitor[] = {"--chardev", "socket,id=qmp,fd=0", "--monitor",
                                          "chardev=qmp"};
    GPtrArray *arguments = g_ptr_array_new();
    guint count = count_nodes(layers);

    g_ptr_array_add(arguments, g_strdup(QBLK_IMAGE_PROGRAM));

    /* A node has to exist before another one refers to it: the bottom comes first. */
    for (guint i = count; i > 0; i--) {
        add_layer(arguments, layers->pdata[i - 1], i - 1, i == count);
    }

    for (gsize i = 0; i < G_N_ELEMENTS(monitor); i++) {
        g_ptr_array_add(arguments, g_strdup(monitor[i]));
    }
    g_ptr_array_add(arguments, NULL);

    return (char **)g_ptr_array_free(arguments, FALSE);
}
