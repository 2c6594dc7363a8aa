/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-arguments.h"

#include "base/json.h"

/* The command line that is being made. */
typedef struct {
    GPtrArray *arguments; /* of char, owned */
    QblkImageUse use;
} Line;

static void
add_option(const Line *line, const char *name, char *value)
{
    g_ptr_array_add(line->arguments, g_strdup(name));
    g_ptr_array_add(line->arguments, value);
}

/* The option is JSON, because in JSON no character of a file name is special.  Takes @node over. */
static void
add_node(const Line *line, QblkJson *node)
{
    add_option(line, "--blockdev", qblk_json_print(node, QBLK_JSON_COMPACT));
    qblk_json_unref(node);
}

/* "qblk-image", "qblk-image-1" ..., followed by @suffix. */
static char *
node_name(const Line *line, guint position, const char *suffix)
{
    const char *top = line->use == QBLK_IMAGE_FOR_READING ? QBLK_IMAGE_NODE : QBLK_IMAGE_PLAN_NODE;

    if (position == 0) {
        return g_strconcat(top, suffix, NULL);
    }
    return g_strdup_printf("%s-%u%s", top, position, suffix);
}

static QblkJson *
new_node(const Line *line, const char *driver, const char *name, gboolean is_read_only)
{
    QblkJson *node = qblk_json_new_object();
    gboolean is_shared = line->use != QBLK_IMAGE_FOR_CHANGES;

    qblk_json_set_string(node, "driver", driver);
    qblk_json_set_string(node, "node-name", name);
    qblk_json_set_boolean(node, "read-only", is_read_only || is_shared);
    if (is_shared) {
        qblk_json_set_boolean(node, "force-share", TRUE);
    }
    return node;
}

static void
add_file(const Line *line, const char *name, const char *path, gboolean is_block)
{
    QblkJson *node = new_node(line, is_block ? "host_device" : "file", name, FALSE);

    qblk_json_set_string(node, "filename", path);
    if (line->use == QBLK_IMAGE_FOR_CHANGES) {
        qblk_json_set_boolean(node, "auto-read-only", TRUE);
        qblk_json_set_string(node, "discard", "unmap");
    }
    add_node(line, node);
}

static void
set_secret(QblkJson *node, const QblkImageLayer *layer)
{
    if (g_str_equal(layer->format, "luks")) {
        qblk_json_set_string(node, "key-secret", layer->secret);
        return;
    }

    QblkJson *encrypt = qblk_json_new_object();
    qblk_json_set_string(encrypt, "format", layer->encryption);
    qblk_json_set_string(encrypt, "key-secret", layer->secret);
    qblk_json_set(node, "encrypt", encrypt);
}

/* The format node of @layer, without its backing file. */
static QblkJson *
new_format_node(const Line *line, const QblkImageLayer *layer, guint position)
{
    g_autofree char *name = node_name(line, position, "");
    g_autofree char *file = node_name(line, position, "-file");
    QblkJson *node = new_node(line, layer->format, name, position > 0);

    qblk_json_set_string(node, "file", file);
    if (layer->data_path != NULL) {
        g_autofree char *data = node_name(line, position, "-data");
        qblk_json_set_string(node, "data-file", data);
    }
    if (layer->secret != NULL) {
        set_secret(node, layer);
    }
    if (line->use == QBLK_IMAGE_FOR_CHANGES) {
        qblk_json_set_string(node, "discard", "unmap");
    }
    return node;
}

static void
add_layer(const Line *line, const QblkImageLayer *layer, guint position, gboolean is_last)
{
    g_autofree char *file = node_name(line, position, "-file");
    add_file(line, file, layer->path, layer->is_block);
    if (layer->data_path != NULL) {
        g_autofree char *data = node_name(line, position, "-data");
        add_file(line, data, layer->data_path, layer->data_is_block);
    }

    QblkJson *node = new_format_node(line, layer, position);
    if (layer->has_backing && !is_last) {
        g_autofree char *backing = node_name(line, position + 1, "");
        qblk_json_set_string(node, "backing", backing);
    } else if (!layer->has_backing && qblk_image_header_has_backing(layer->format)) {
        qblk_json_set(node, "backing", qblk_json_new_null());
    }
    add_node(line, node);
}

/* QEMU reads the file of a secret, so that it is not in its arguments. */
static void
add_secret(const Line *line, const QblkImageSecret *secret)
{
    g_auto(GStrv) parts = g_strsplit(secret->path, ",", -1);
    g_autofree char *path = g_strjoinv(",,", parts);

    add_option(line, "--object", g_strdup_printf("secret,id=%s,file=%s", secret->object, path));
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
        if (layer->secret != NULL) {
            count = MAX(count, i + 1);
        }
    }

    return MIN(count, layers->len);
}

char **
qblk_image_arguments(const GPtrArray *layers, const GPtrArray *secrets, QblkImageUse use)
{
    const Line line = {.arguments = g_ptr_array_new(), .use = use};
    guint count = use == QBLK_IMAGE_FOR_READING ? count_nodes(layers) : layers->len;

    g_ptr_array_add(line.arguments, g_strdup(QBLK_IMAGE_PROGRAM));
    for (guint i = 0; i < secrets->len; i++) {
        add_secret(&line, secrets->pdata[i]);
    }

    /* A node has to exist before another one refers to it: the bottom comes first. */
    for (guint i = count; i > 0; i--) {
        add_layer(&line, layers->pdata[i - 1], i - 1, i == count);
    }

    add_option(&line, "--chardev", g_strdup("socket,id=qmp,fd=0"));
    add_option(&line, "--monitor", g_strdup("chardev=qmp"));
    g_ptr_array_add(line.arguments, NULL);
    return (char **)g_ptr_array_free(line.arguments, FALSE);
}

/* ---- one node ---- */

/* Returns: the position of the layer whose format node has @name, or that after the last one. */
static guint
find_position(const GPtrArray *layers, const char *name)
{
    const Line line = {.use = QBLK_IMAGE_FOR_CHANGES};

    for (guint i = 0; i < layers->len; i++) {
        g_autofree char *expected = node_name(&line, i, "");
        if (g_str_equal(name, expected)) {
            return i;
        }
    }
    return layers->len;
}

gboolean
qblk_image_arguments_is_node(guint position, const char *name)
{
    static const QblkImageUse uses[] = {QBLK_IMAGE_FOR_READING, QBLK_IMAGE_FOR_CHANGES};

    for (gsize i = 0; i < G_N_ELEMENTS(uses); i++) {
        const Line line = {.use = uses[i]};
        g_autofree char *expected = node_name(&line, position, "");
        if (g_str_equal(name, expected)) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
qblk_image_arguments_has_node(const GPtrArray *layers, const char *name)
{
    return find_position(layers, name) < layers->len;
}

QblkJson *
qblk_image_arguments_node(const GPtrArray *layers, const char *name)
{
    const Line line = {.use = QBLK_IMAGE_FOR_CHANGES};
    guint position = find_position(layers, name);

    return position == layers->len ? NULL
                                   : new_format_node(&line, layers->pdata[position], position);
}
