/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-arguments.h"

#include "base/json.h"

/* "qblk-image", "qblk-image-1" ..., with what it is for at the end. */
static char *
node_name(guint position, const char *end)
{
    return position == 0 ? g_strconcat(QBLK_IMAGE_NODE, end, NULL)
                         : g_strdup_printf(QBLK_IMAGE_NODE "-%u%s", position, end);
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

/* As JSON, which no character of a file name gets out of. */
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
    g_autofree char *data = node_name(position, "-data");
    g_autofree char *backing = node_name(position + 1, "");
    QblkJson *node = new_node(layer->format, name);
    add_file(arguments, file, layer->path, layer->is_block);
    qblk_json_set_string(node, "file", file);
    if (layer->data_path != NULL) {
        add_file(arguments, data, layer->data_path, layer->data_is_block);
        qblk_json_set_string(node, "data-file", data);
    }
    if (layer->has_backing && !is_last) {
        qblk_json_set_string(node, "backing", backing);
    } else if (!layer->has_backing && qblk_image_header_has_backing(layer->format)) {
        qblk_json_set(node, "backing", qblk_json_new_null());
    }
    add_node(arguments, node);
}

/* How many layers, from the top, need a node of their own. */
static guint
count_nodes(const GPtrArray *layers)
{
    guint count = 1;
    for (guint i = 0; i < layers->len; i++) {
        const QblkImageLayer *layer = layers->pdata[i];
        /* Where a VMDK names its backing file is too loose to be left to QEMU. */
        if (layer->data_path != NULL || g_str_equal(layer->format, "vmdk")) {
            count = i + 1;
        }
        if (layer->has_backing && !layer->backing_is_said) {
            count = i + 2;
        }
    }
    return MIN(count, layers->len);
}

char **
qblk_image_arguments(const GPtrArray *layers)
{
    GPtrArray *arguments = g_ptr_array_new();
    guint count = count_nodes(layers);
    g_ptr_array_add(arguments, g_strdup(QBLK_IMAGE_PROGRAM));
    for (guint i = count; i > 0; i--) {
        add_layer(arguments, layers->pdata[i - 1], i - 1, i == count);
    }
    static const char *const monitor[] = {"--chardev", "socket,id=qmp,fd=0", "--monitor",
                                          "chardev=qmp"};
    for (gsize i = 0; i < G_N_ELEMENTS(monitor); i++) {
        g_ptr_array_add(arguments, g_strdup(monitor[i]));
    }
    g_ptr_array_add(arguments, NULL);
    return (char **)g_ptr_array_free(arguments, FALSE);
}
