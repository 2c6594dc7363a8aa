/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/image-replies.h"

#include "graph/batch.h"
#include "image/image-arguments.h"
#include "image/image-info.h"

gboolean
qblk_image_replies_are_needed(const GPtrArray *layers)
{
    for (guint i = 0; i < layers->len; i++) {
        const QblkImageLayer *layer = layers->pdata[i];
        if (layer->encryption != NULL) {
            return TRUE;
        }
    }
    return FALSE;
}

/* ---- the nodes ---- */

/* The names that the private daemon would give: "qblk-image-1", followed by @suffix. */
static char *
node_name(guint position, const char *suffix)
{
    g_autofree char *number = position == 0 ? g_strdup("") : g_strdup_printf("-%u", position);
    return g_strconcat(QBLK_IMAGE_NODE, number, suffix, NULL);
}

/* Takes @children over. */
static QblkJson *
new_node(const char *name, const char *driver, const char *path, gboolean is_encrypted,
         QblkJson *children)
{
    QblkJson *cache = qblk_json_new_object();
    qblk_json_set_boolean(cache, "no-flush", FALSE);
    qblk_json_set_boolean(cache, "direct", FALSE);
    qblk_json_set_boolean(cache, "writeback", TRUE);

    QblkJson *node = qblk_json_new_object();
    qblk_json_set_string(node, "node-name", name);
    qblk_json_set_string(node, "drv", driver);
    qblk_json_set_string(node, "file", path);
    qblk_json_set_boolean(node, "ro", TRUE);
    qblk_json_set_boolean(node, "encrypted", is_encrypted);
    qblk_json_set_string(node, "detect_zeroes", "off");
    qblk_json_set_integer(node, "write_threshold", 0);
    qblk_json_set_integer(node, "backing_file_depth", 0);
    qblk_json_set(node, "cache", cache);
    qblk_json_set(node, "children", children);
    return node;
}

static QblkJson *
new_image(const char *path, const char *format, gint64 virtual_size, gint64 allocated)
{
    QblkJson *image = qblk_json_new_object();
    qblk_json_set_string(image, "filename", path);
    qblk_json_set_string(image, "format", format);
    qblk_json_set_integer(image, "virtual-size", virtual_size);
    qblk_json_set_integer(image, "actual-size", allocated);
    qblk_json_set_boolean(image, "dirty-flag", FALSE);
    return image;
}

static void
add_child(QblkJson *children, const char *edge, const char *name)
{
    QblkJson *child = qblk_json_new_object();
    qblk_json_set_string(child, "child", edge);
    qblk_json_set_string(child, "node-name", name);
    qblk_json_append(children, child);
}

/* Add the node of the file or block device at @path.  @file_size: in bytes */
static void
add_file(QblkJson *nodes, const char *name, const char *path, gboolean is_block, gint64 file_size,
         gint64 allocated)
{
    const char *driver = is_block ? "host_device" : "file";
    QblkJson *node = new_node(name, driver, path, FALSE, qblk_json_new_array());
    qblk_json_set(node, "image", new_image(path, driver, file_size, allocated));
    qblk_json_append(nodes, node);
}

/* ---- what a format has ---- */

/* QEMU lists the newest bitmap first, and creates them in the order of the file. */
static QblkJson *
bitmaps_json_new(const QblkImageInfo *info)
{
    QblkJson *list = qblk_json_new_array();
    for (guint i = info->content->bitmaps->len; i > 0; i--) {
        const QblkImageBitmap *bitmap = info->content->bitmaps->pdata[i - 1];
        QblkJson *object = qblk_json_new_object();
        qblk_json_set_string(object, "name", bitmap->name);
        qblk_json_set_boolean(object, "recording", bitmap->is_recording);
        qblk_json_set_boolean(object, "persistent", TRUE);
        qblk_json_set_boolean(object, "busy", FALSE);
        qblk_json_set_integer(object, "granularity", bitmap->granularity);
        qblk_json_set_integer(object, "count", bitmap->dirty);
        if (bitmap->is_inconsistent) {
            qblk_json_set_boolean(object, "inconsistent", TRUE);
        }
        qblk_json_append(list, object);
    }
    return list;
}

static QblkJson *
snapshots_json_new(const QblkImageInfo *info)
{
    QblkJson *list = qblk_json_new_array();
    for (guint i = 0; i < info->content->snapshots->len; i++) {
        const QblkImageSnapshot *snapshot = info->content->snapshots->pdata[i];
        QblkJson *object = qblk_json_new_object();
        qblk_json_set_string(object, "id", snapshot->id);
        qblk_json_set_string(object, "name", snapshot->name);
        qblk_json_set_integer(object, "vm-state-size", snapshot->vm_state_size);
        qblk_json_set_integer(object, "date-sec", snapshot->date);
        qblk_json_append(list, object);
    }
    return list;
}

static QblkJson *
specific_json_new(const QblkImageLayer *layer, const QblkImageInfo *info)
{
    QblkJson *data = qblk_json_new_object();
    if (info->version != 0) {
        qblk_json_set_string(data, "compat", info->version < 3 ? "0.10" : "1.1");
    }
    if (info->version != 0 && layer->encryption != NULL) {
        QblkJson *encrypt = qblk_json_new_object();
        qblk_json_set_string(encrypt, "format", layer->encryption);
        qblk_json_set(data, "encrypt", encrypt);
    }
    if (info->header->data_file != NULL) {
        qblk_json_set_string(data, "data-file", info->header->data_file);
    }

    QblkJson *specific = qblk_json_new_object();
    qblk_json_set_string(specific, "type", layer->format);
    qblk_json_set(specific, "data", data);
    return specific;
}

static QblkJson *
image_json_new(const QblkImageLayer *layer, const QblkImageInfo *info, gint64 allocated)
{
    QblkJson *image = new_image(layer->path, layer->format, info->virtual_size, allocated);
    if (layer->encryption != NULL) {
        qblk_json_set_boolean(image, "encrypted", TRUE);
    }
    if (info->cluster_size != 0) {
        qblk_json_set_integer(image, "cluster-size", info->cluster_size);
    }
    if (info->header->backing_name != NULL) {
        qblk_json_set_string(image, "backing-filename", info->header->backing_name);
    }
    if (info->header->backing_format != NULL) {
        qblk_json_set_string(image, "backing-filename-format", info->header->backing_format);
    }
    if (info->content->snapshots->len > 0) {
        qblk_json_set(image, "snapshots", snapshots_json_new(info));
    }
    qblk_json_set(image, "format-specific", specific_json_new(layer, info));
    return image;
}

/* ---- the layers ---- */

/* Add the node of the file of @info, and the edge to it.  Returns: bytes that it has allocated */
static gint64
add_storage(QblkJson *nodes, QblkJson *children, const char *edge, const char *name,
            const char *path, gboolean is_block, const QblkImageInfo *info)
{
    add_file(nodes, name, path, is_block, info->file_size, info->allocated);
    add_child(children, edge, name);
    return info->allocated;
}

/* Add the nodes of @layer, the format first as QEMU lists them.  @data: (nullable): of its external
 * data file */
static void
add_layer(QblkJson *nodes, const QblkImageLayer *layer, guint position, const QblkImageInfo *info,
          const QblkImageInfo *data)
{
    g_autofree char *name = node_name(position, "");
    g_autofree char *file_name = node_name(position, "-file");
    g_autofree char *data_name = node_name(position, "-data");
    g_autofree char *backing_name = node_name(position + 1, "");
    QblkJson *children = qblk_json_new_array();
    QblkJson *node =
        new_node(name, layer->format, layer->path, layer->encryption != NULL, children);
    qblk_json_append(nodes, node);

    gint64 allocated =
        add_storage(nodes, children, "file", file_name, layer->path, layer->is_block, info);
    if (data != NULL) {
        allocated += add_storage(nodes, children, "data-file", data_name, layer->data_path,
                                 layer->data_is_block, data);
    }
    if (layer->has_backing) {
        add_child(children, "backing", backing_name);
    }
    qblk_json_set(node, "image", image_json_new(layer, info, allocated));
    if (info->content->bitmaps->len > 0) {
        qblk_json_set(node, "dirty-bitmaps", bitmaps_json_new(info));
    }
}

static gboolean
read_layer(QblkJson *nodes, const QblkImageLayer *layer, guint position, GError **error)
{
    g_autoptr(QblkImageInfo) info = qblk_image_info_read(layer->path, layer->format, error);
    g_autoptr(QblkImageInfo) data = NULL;
    if (info == NULL) {
        return FALSE;
    }
    if (layer->data_path != NULL) {
        data = qblk_image_info_read(layer->data_path, "raw", error);
        if (data == NULL) {
            return FALSE;
        }
    }
    add_layer(nodes, layer, position, info, data);
    return TRUE;
}

/* ---- all replies ---- */

/* As a storage daemon replies to commands of a QEMU with a guest. */
static void
add_refusal(QblkReplies *replies, const char *command)
{
    g_autofree char *text = g_strdup_printf("The command %s has not been found", command);
    QblkJson *refusal = qblk_json_new_object();
    qblk_json_set_string(refusal, "class", "CommandNotFound");
    qblk_json_set_string(refusal, "desc", text);
    (void)qblk_replies_add(replies, command, NULL, NULL, refusal);
}

QblkReplies *
qblk_image_replies_new(const GPtrArray *layers, GError **error)
{
    static const char *const empty[] = {"query-jobs", "query-block-jobs", "query-block",
                                        "query-block-exports", "query-chardev"};
    static const char *const refused[] = {"query-name", "query-status", "query-uuid", "query-pci"};
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    QblkJson *nodes = qblk_json_new_array();
    (void)qblk_replies_add(replies, "query-named-block-nodes", qblk_batch_nodes_arguments(), nodes,
                           NULL);

    for (guint i = 0; i < layers->len; i++) {
        if (!read_layer(nodes, layers->pdata[i], i, error)) {
            return NULL;
        }
    }
    for (gsize i = 0; i < G_N_ELEMENTS(empty); i++) {
        (void)qblk_replies_add(replies, empty[i], NULL, qblk_json_new_array(), NULL);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        add_refusal(replies, refused[i]);
    }
    return g_steal_pointer(&replies);
}
