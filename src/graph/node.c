/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/node.h"

#include "base/redact.h"

typedef struct {
    const char *name;
    const char *driver;
    const char *filename;
    gboolean read_only;
    gboolean is_active;
    const char *detect_zeroes;
    gint64 write_threshold;
    const QblkJson *cache;
    const QblkJson *bitmaps;
    const QblkJson *image;
} NodeReply;

static const QblkJsonField node_fields[] = {
    {"node-name", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(NodeReply, name)},
    {"drv", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(NodeReply, driver)},
    {"file", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(NodeReply, filename)},
    {"ro", QBLK_JSON_BOOLEAN, TRUE, G_STRUCT_OFFSET(NodeReply, read_only)},
    {"active", QBLK_JSON_BOOLEAN, FALSE, G_STRUCT_OFFSET(NodeReply, is_active)},
    {"detect_zeroes", QBLK_JSON_STRING, FALSE, G_STRUCT_OFFSET(NodeReply, detect_zeroes)},
    {"write_threshold", QBLK_JSON_INTEGER, FALSE, G_STRUCT_OFFSET(NodeReply, write_threshold)},
    {"cache", QBLK_JSON_OBJECT, FALSE, G_STRUCT_OFFSET(NodeReply, cache)},
    {"dirty-bitmaps", QBLK_JSON_ARRAY, FALSE, G_STRUCT_OFFSET(NodeReply, bitmaps)},
    {"image", QBLK_JSON_OBJECT, TRUE, G_STRUCT_OFFSET(NodeReply, image)},
    {NULL},
};

typedef struct {
    gint64 virtual_size;
    gint64 actual_size;
    const char *backing_name;
    const char *backing_format;
} ImageReply;

static const QblkJsonField image_fields[] = {
    {"virtual-size", QBLK_JSON_INTEGER, TRUE, G_STRUCT_OFFSET(ImageReply, virtual_size)},
    {"actual-size", QBLK_JSON_INTEGER, FALSE, G_STRUCT_OFFSET(ImageReply, actual_size)},
    {"backing-filename", QBLK_JSON_STRING, FALSE, G_STRUCT_OFFSET(ImageReply, backing_name)},
    {"backing-filename-format", QBLK_JSON_STRING, FALSE,
     G_STRUCT_OFFSET(ImageReply, backing_format)},
    {NULL},
};

/* Returns: (nullable): @text (nullable), which all nodes share that have it: drivers, edges, the
 * name of a file, which its format node and its overlay have as well */
static GRefString *
share(const char *text)
{
    return text == NULL ? NULL : g_ref_string_new_intern(text);
}

void
qblk_node_set_text(char **text, const char *value)
{
    char *before = *text;
    *text = share(value);
    if (before != NULL) {
        g_ref_string_release(before);
    }
}

static void
child_free(gpointer data)
{
    QblkChild *child = data;
    g_ref_string_release(child->name);
    g_free(child);
}

GPtrArray *
qblk_node_children_new(void)
{
    return g_ptr_array_new_with_free_func(child_free);
}

void
qblk_node_children_add(GPtrArray *children, const char *edge, const QblkNode *node)
{
    QblkChild *child = g_new0(QblkChild, 1);
    child->name = share(edge);
    child->node = node;
    g_ptr_array_add(children, child);
}

QblkNode *
qblk_node_new(const char *name)
{
    QblkNode *node = g_new0(QblkNode, 1);
    node->name = g_strdup(name);
    node->driver = share("unknown");
    node->filename = share("");
    node->virtual_size = QBLK_UNKNOWN;
    node->actual_size = QBLK_UNKNOWN;
    node->written_end = QBLK_UNKNOWN;
    node->children = qblk_node_children_new();
    node->parents = g_ptr_array_new();
    return node;
}

/* Only qcow2 has an external data file. */
static gboolean
has_data_file(const QblkJson *image)
{
    const QblkJson *data = qblk_json_get(qblk_json_get(image, "format-specific"), "data");
    return qblk_json_get_string(data, "data-file") != NULL;
}

/* Version 2 of qcow2: "compat: 0.10". */
static gboolean
is_qcow2_v2(const QblkJson *image)
{
    const QblkJson *data = qblk_json_get(qblk_json_get(image, "format-specific"), "data");
    return g_strcmp0(qblk_json_get_string(data, "compat"), "0.10") == 0;
}

/* libvirt's name of the encryption of an image, or NULL. */
static const char *
encryption_of(const char *driver, const QblkJson *image)
{
    const QblkJson *data = qblk_json_get(qblk_json_get(image, "format-specific"), "data");
    const char *format = qblk_json_get_string(qblk_json_get(data, "encrypt"), "format");
    if (g_str_equal(driver, "luks")) {
        return "luks";
    }
    return g_strcmp0(format, "aes") == 0 ? "qcow" : format;
}

/* A missing value is left out: the list only serves to warn. */
static GPtrArray *
load_internal_snapshots(const QblkJson *list)
{
    if (!qblk_json_is(list, QBLK_JSON_ARRAY) || qblk_json_length(list) == 0) {
        return NULL;
    }

    GPtrArray *snapshots =
        g_ptr_array_new_with_free_func((GDestroyNotify)qblk_internal_snapshot_unref);
    for (gsize i = 0; i < qblk_json_length(list); i++) {
        const QblkJson *entry = qblk_json_at(list, i);
        const char *name = qblk_json_get_string(entry, "name");
        QblkInternalSnapshot *snapshot = qblk_internal_snapshot_new();
        snapshot->name = g_strdup(name == NULL ? "" : name);
        (void)qblk_json_integer(qblk_json_get(entry, "date-sec"), &snapshot->date);
        (void)qblk_json_integer(qblk_json_get(entry, "vm-state-size"), &snapshot->vm_state_size);
        g_ptr_array_add(snapshots, snapshot);
    }
    return snapshots;
}

QblkNode *
qblk_node_load(const QblkJson *entry, const char *what, GError **error)
{
    NodeReply reply = {.is_active = TRUE};
    GPtrArray *bitmaps = NULL;
    ImageReply image = {.actual_size = QBLK_UNKNOWN};
    if (!qblk_json_read(entry, node_fields, &reply, what, error) ||
        !qblk_json_read(reply.image, image_fields, &image, what, error) ||
        !qblk_bitmap_load_all(reply.bitmaps, what, &bitmaps, error)) {
        return NULL;
    }

    QblkNode *node = qblk_node_new(reply.name);
    g_autofree char *filename = qblk_redact_name(reply.filename, &node->had_secrets);
    g_autofree char *backing_name =
        image.backing_name == NULL ? NULL : qblk_redact_name(image.backing_name, NULL);
    qblk_node_set_text(&node->driver, reply.driver);
    qblk_node_set_text(&node->filename, filename);
    node->kind = qblk_driver_find(reply.driver);
    node->read_only = reply.read_only;
    node->is_inactive = !reply.is_active;
    node->detects_zeroes = share(reply.detect_zeroes);
    node->is_direct = qblk_json_true(qblk_json_get(reply.cache, "direct"));
    node->encryption = share(encryption_of(node->driver, reply.image));

    node->virtual_size = image.virtual_size;
    node->actual_size = image.actual_size;
    node->write_threshold = reply.write_threshold;
    node->backing_name = share(backing_name);
    node->backing_format = share(image.backing_format);
    node->has_data_file = has_data_file(reply.image);
    node->bitmaps = bitmaps;
    node->has_unnamed_bitmaps =
        qblk_json_length(reply.bitmaps) > (bitmaps == NULL ? 0 : bitmaps->len);
    node->is_qcow2_v2 = is_qcow2_v2(reply.image);
    node->internal_snapshots = load_internal_snapshots(qblk_json_get(reply.image, "snapshots"));
    return node;
}

void
qblk_node_free(QblkNode *node)
{
    if (node == NULL) {
        return;
    }
    g_free(node->name);
    qblk_node_set_text(&node->driver, NULL);
    qblk_node_set_text(&node->filename, NULL);
    qblk_node_set_text(&node->backing_name, NULL);
    qblk_node_set_text(&node->backing_format, NULL);
    qblk_node_set_text(&node->detects_zeroes, NULL);
    qblk_node_set_text(&node->encryption, NULL);
    g_clear_pointer(&node->bitmaps, g_ptr_array_unref);
    g_clear_pointer(&node->internal_snapshots, g_ptr_array_unref);
    g_ptr_array_unref(node->children);
    g_ptr_array_unref(node->parents);
    g_clear_pointer(&node->users, g_ptr_array_unref);
    g_free(node);
}

void
qblk_node_add_child(QblkNode *parent, const char *name, QblkNode *child)
{
    qblk_node_children_add(parent->children, name, child);
    g_ptr_array_add(child->parents, parent);
}

const QblkNode *
qblk_node_find_child(const QblkNode *node, const char *name)
{
    for (guint i = 0; i < node->children->len; i++) {
        const QblkChild *child = node->children->pdata[i];
        if (g_str_equal(child->name, name)) {
            return child->node;
        }
    }
    return NULL;
}

const QblkNode *
qblk_node_filtered(const QblkNode *node)
{
    return qblk_node_is(node, QBLK_DRIVER_FILTER) ? qblk_node_find_child(node, node->kind->child)
                                                  : NULL;
}

const QblkNode *
qblk_node_storage(const QblkNode *node)
{
    return qblk_node_is(node, QBLK_DRIVER_FILTER) ? qblk_node_filtered(node)
                                                  : qblk_node_find_child(node, "file");
}

gboolean
qblk_node_is(const QblkNode *node, QblkDriverKind kind)
{
    return node->kind != NULL && node->kind->kind == kind;
}

/* ---- for programs ---- */

const char *
qblk_node_get_name(const QblkNode *node)
{
    return node->name;
}

const char *
qblk_node_get_driver(const QblkNode *node)
{
    return node->driver;
}

QblkNodeKind
qblk_node_get_kind(const QblkNode *node)
{
    static const QblkNodeKind kinds[] = {
        [QBLK_DRIVER_FORMAT] = QBLK_NODE_KIND_FORMAT,
        [QBLK_DRIVER_PROTOCOL] = QBLK_NODE_KIND_PROTOCOL,
        [QBLK_DRIVER_FILTER] = QBLK_NODE_KIND_FILTER,
        [QBLK_DRIVER_MULTI_CHILD] = QBLK_NODE_KIND_MULTI_CHILD,
    };
    return node->kind == NULL ? QBLK_NODE_KIND_UNKNOWN : kinds[node->kind->kind];
}

const char *
qblk_node_get_filename(const QblkNode *node)
{
    return node->filename;
}

gboolean
qblk_node_is_read_only(const QblkNode *node)
{
    return node->read_only;
}

gboolean
qblk_node_is_active(const QblkNode *node)
{
    return !node->is_inactive;
}

const char *
qblk_node_get_encryption(const QblkNode *node)
{
    return node->encryption;
}

gint64
qblk_node_get_virtual_size(const QblkNode *node)
{
    return node->virtual_size;
}

gint64
qblk_node_get_actual_size(const QblkNode *node)
{
    return node->actual_size;
}

gint64
qblk_node_get_written_end(const QblkNode *node)
{
    return node->written_end;
}

gint64
qblk_node_get_write_threshold(const QblkNode *node)
{
    return node->write_threshold;
}

const char *
qblk_node_get_backing_string(const QblkNode *node)
{
    return node->backing_name;
}

const char *
qblk_node_get_backing_format(const QblkNode *node)
{
    return node->backing_format;
}

/* @list: (nullable) */
static gpointer
item_at(const GPtrArray *list, guint index)
{
    return list == NULL || index >= list->len ? NULL : list->pdata[index];
}

guint
qblk_node_get_n_bitmaps(const QblkNode *node)
{
    return node->bitmaps == NULL ? 0 : node->bitmaps->len;
}

const QblkBitmap *
qblk_node_get_bitmap(const QblkNode *node, guint index)
{
    return item_at(node->bitmaps, index);
}

guint
qblk_node_get_n_internal_snapshots(const QblkNode *node)
{
    return node->internal_snapshots == NULL ? 0 : node->internal_snapshots->len;
}

const QblkInternalSnapshot *
qblk_node_get_internal_snapshot(const QblkNode *node, guint index)
{
    return item_at(node->internal_snapshots, index);
}

guint
qblk_node_get_n_children(const QblkNode *node)
{
    return node->children->len;
}

const QblkNode *
qblk_node_get_child(const QblkNode *node, guint index)
{
    const QblkChild *child = item_at(node->children, index);
    return child == NULL ? NULL : child->node;
}

const char *
qblk_node_get_child_name(const QblkNode *node, guint index)
{
    const QblkChild *child = item_at(node->children, index);
    return child == NULL ? NULL : child->name;
}

guint
qblk_node_get_n_parents(const QblkNode *node)
{
    return node->parents->len;
}

const QblkNode *
qblk_node_get_parent(const QblkNode *node, guint index)
{
    return item_at(node->parents, index);
}
