/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-stack.h"

#include "source/driver.h"
#include "source/source-dropped.h"
#include "source/source-protocol.h"
#include "source/source-string.h"

/* Drivers on top of each other in one name; QEMU's own names have three or four. */
#define DEEPEST_NAME 32

/* What the drivers above the protocol specify. */
typedef struct {
    QblkSourceOptions *options; /* borrowed */
    char *format;               /* of the topmost format driver, or NULL */
    char *offset;               /* of a raw driver that uses a part of its file, or NULL */
    char *size;                 /* likewise */
    char *encryption;
    QblkSource *data; /* the external data file, or NULL */
    char *data_format;
} Stack;

static void
stack_clear(Stack *stack)
{
    g_free(stack->format);
    g_free(stack->offset);
    g_free(stack->size);
    g_free(stack->encryption);
    g_free(stack->data_format);
    qblk_source_unref(stack->data);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Stack, stack_clear)

/* Data files, children and file names inside options make this recursive; @depth bounds it. */
static QblkSource *read_driver(Stack *stack, const char *prefix, guint depth, GError **error);

static const char *
take(const Stack *stack, const char *prefix, const char *key)
{
    return qblk_source_options_take(stack->options, prefix, key);
}

static gboolean
set_reference_error(GError **error)
{
    return qblk_source_set_unsupported("it refers to another node by its node-name", error);
}

/* Move what @stack has to @source. */
static void
finish_source(Stack *stack, QblkSource *source)
{
    source->slice_offset = g_steal_pointer(&stack->offset);
    source->slice_size = g_steal_pointer(&stack->size);
    source->data_store = g_steal_pointer(&stack->data);
    source->data_format = g_steal_pointer(&stack->data_format);

    if (source->data_store != NULL) {
        const GPtrArray *dropped = source->data_store->dropped;
        for (guint i = 0; i < dropped->len; i++) {
            g_ptr_array_add(source->dropped, g_strdup(dropped->pdata[i]));
        }
    }

    if (stack->encryption != NULL) {
        g_free(source->encryption);
        g_clear_pointer(&source->encryption_engine, g_free);
        source->encryption = g_steal_pointer(&stack->encryption);
    }
}

/* ---- formats ---- */

static gboolean
parse_slice(const char *offset, const char *size, guint64 *start)
{
    guint64 length = 0;
    *start = 0;

    if (offset != NULL && !g_ascii_string_to_unsigned(offset, 10, 0, G_MAXINT64, start, NULL)) {
        return FALSE;
    }
    if (size != NULL && !g_ascii_string_to_unsigned(size, 10, 1, G_MAXINT64, &length, NULL)) {
        return FALSE;
    }
    return length <= G_MAXINT64 - *start;
}

/* Read the part of its file that a raw driver uses. */
static gboolean
read_slice(Stack *stack, const char *prefix, GError **error)
{
    const char *offset = take(stack, prefix, "offset");
    const char *size = take(stack, prefix, "size");
    guint64 start;

    if (!parse_slice(offset, size, &start)) {
        return qblk_source_set_invalid("'offset' and 'size' must be numbers of bytes", error);
    }
    if (start == 0 && size == NULL) {
        return TRUE;
    }
    if (stack->size != NULL) {
        return qblk_source_set_unsupported("libvirt's XML cannot express a slice of a slice",
                                           error);
    }
    if (size == NULL) {
        return qblk_source_set_unsupported("libvirt's XML cannot express a slice without a size",
                                           error);
    }

    stack->offset = g_strdup(offset == NULL ? "0" : offset);
    stack->size = g_strdup(size);
    return TRUE;
}

/* Read the external data file below @prefix: a stack of its own.  Its format is raw unless
 * specified, and has to have a name in libvirt. */
static QblkSource *
read_data_source(QblkSourceOptions *options, const char *prefix, guint depth, char **data_format,
                 GError **error)
{
    g_auto(Stack) inner = {.options = options};
    g_autoptr(QblkSource) source = read_driver(&inner, prefix, depth, error);
    if (source == NULL) {
        return NULL;
    }

    const char *format = inner.format == NULL ? "raw" : qblk_driver_find(inner.format)->format;
    if (format == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "the data file has the format '%s', which libvirt's XML cannot express",
                    inner.format);
        return NULL;
    }

    finish_source(&inner, source);
    *data_format = g_strdup(format);
    return g_steal_pointer(&source);
}

static gboolean
read_data_file(Stack *stack, const char *prefix, guint depth, GError **error)
{
    g_autofree char *below = g_strconcat(prefix, "data-file.", NULL);

    if (take(stack, prefix, "data-file") != NULL) {
        return set_reference_error(error);
    }
    if (!qblk_source_options_has_below(stack->options, below)) {
        return TRUE;
    }

    qblk_source_unref(stack->data);
    g_free(stack->data_format);
    stack->data_format = NULL;
    stack->data = read_data_source(stack->options, below, depth + 1, &stack->data_format, error);
    return stack->data != NULL;
}

/* QEMU's format "aes" is "qcow" to libvirt. */
static gboolean
read_encryption(Stack *stack, const char *prefix, const QblkDriver *driver, GError **error)
{
    gboolean is_luks = g_str_equal(driver->name, "luks");
    const char *format = is_luks ? "luks" : take(stack, prefix, "encrypt.format");

    if (format == NULL) {
        return TRUE;
    }
    if (g_str_equal(format, "aes")) {
        format = "qcow";
    } else if (!g_str_equal(format, "luks")) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                    "unknown encryption format '%s'", format);
        return FALSE;
    }

    g_free(stack->encryption);
    stack->encryption = g_strdup(format);
    return TRUE;
}

static gboolean
read_format(Stack *stack, const char *prefix, const QblkDriver *driver, guint depth, GError **error)
{
    g_autofree char *backing = g_strconcat(prefix, "backing.", NULL);

    if (stack->format == NULL) {
        stack->format = g_strdup(driver->name);
    }

    /* The backing file is another source: null, the name of a node, or options. */
    (void)take(stack, prefix, "backing");
    qblk_source_options_ignore_below(stack->options, backing);

    if (!read_encryption(stack, prefix, driver, error)) {
        return FALSE;
    }
    if (g_str_equal(driver->name, "raw") && !read_slice(stack, prefix, error)) {
        return FALSE;
    }
    return read_data_file(stack, prefix, depth, error);
}

/* ---- drivers ---- */

/* Read the child @child of the driver below @prefix.  A child may also be the name of a node, which
 * does not tell what the node is. */
static QblkSource *
read_child(Stack *stack, const char *prefix, const char *child, guint depth, GError **error)
{
    g_autofree char *below = g_strconcat(prefix, child, ".", NULL);

    if (take(stack, prefix, child) != NULL) {
        (void)set_reference_error(error);
        return NULL;
    }
    if (!qblk_source_options_has_below(stack->options, below)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, "missing option '%s%s'", prefix,
                    child);
        return NULL;
    }
    return read_driver(stack, below, depth + 1, error);
}

/* Read options without a driver: a file name, or only the options of the child "file". */
static QblkSource *
read_without_driver(Stack *stack, const char *prefix, guint depth, GError **error)
{
    const char *filename = take(stack, prefix, "filename");
    if (filename == NULL) {
        return read_child(stack, prefix, "file", depth, error);
    }

    g_autofree char *file = g_strconcat(prefix, "file.", NULL);
    if (qblk_source_options_has_below(stack->options, file)) {
        g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                            "a file name and a file cannot be combined");
        return NULL;
    }

    g_autoptr(QblkSourceOptions) parts = qblk_source_options_new();
    if (!qblk_source_string_parse(filename, parts, error)) {
        return NULL;
    }

    g_auto(Stack) inner = {.options = parts};
    QblkSource *source = read_driver(&inner, "", depth + 1, error);
    if (source != NULL) {
        qblk_source_dropped_note(parts, source);
    }
    return source;
}

static gboolean
has_plain_filename(const char *driver)
{
    static const char *const plain[] = {"file", "host_device", "host_cdrom", NULL};

    return g_strv_contains(plain, driver);
}

/* Replace the option "filename" of a protocol by the options that it stands for.  This is an older
 * form: `json:{"driver": "rbd", "filename": "rbd:..."}`. */
static gboolean
expand_filename(Stack *stack, const char *prefix, const char *driver, GError **error)
{
    if (has_plain_filename(driver)) {
        return TRUE;
    }
    const char *filename = take(stack, prefix, "filename");
    if (filename == NULL) {
        return TRUE;
    }

    g_autoptr(QblkSourceOptions) parts = qblk_source_options_new();
    if (!qblk_source_string_parse(filename, parts, error)) {
        return FALSE;
    }
    if (g_strcmp0(qblk_source_options_take(parts, "", "driver"), driver) != 0) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                    "the file name is not one of driver '%s'", driver);
        return FALSE;
    }

    g_autoptr(GPtrArray) keys = qblk_source_options_unused(parts);
    for (guint i = 0; i < keys->len; i++) {
        const char *key = keys->pdata[i];
        g_autofree char *full = g_strconcat(prefix, key, NULL);

        if (take(stack, prefix, key) != NULL) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                        "option '%s' occurs twice, once in the file name", key);
            return FALSE;
        }
        qblk_source_options_set(stack->options, full, qblk_source_options_take(parts, "", key));
    }
    return TRUE;
}

/* Returns: the row of the driver @name; NULL with @error if it is unknown or has no source */
static const QblkDriver *
find_driver(const char *name, GError **error)
{
    const QblkDriver *driver = qblk_driver_find(name);

    if (driver == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED, "unknown driver '%s'",
                    name);
        return NULL;
    }
    if (driver->kind == QBLK_DRIVER_MULTI_CHILD) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "driver '%s' has several children with data, which libvirt's XML cannot "
                    "express",
                    name);
        return NULL;
    }
    return driver;
}

static QblkSource *
read_driver(Stack *stack, const char *prefix, guint depth, GError **error)
{
    const char *name = take(stack, prefix, "driver");

    if (depth > DEEPEST_NAME) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                    "drivers are nested deeper than the limit of %d", DEEPEST_NAME);
        return NULL;
    }
    if (name == NULL) {
        return read_without_driver(stack, prefix, depth, error);
    }

    const QblkDriver *driver = find_driver(name, error);
    if (driver == NULL) {
        return NULL;
    }
    if (driver->kind == QBLK_DRIVER_PROTOCOL) {
        if (!expand_filename(stack, prefix, name, error)) {
            return NULL;
        }
        return qblk_source_protocol_read(name, prefix, stack->options, error);
    }

    if (driver->kind == QBLK_DRIVER_FORMAT && !read_format(stack, prefix, driver, depth, error)) {
        return NULL;
    }
    return read_child(stack, prefix, driver->child, depth, error);
}

QblkSource *
qblk_source_stack_read(QblkSourceOptions *options, char **format, GError **error)
{
    g_auto(Stack) stack = {.options = options};
    QblkSource *source = read_driver(&stack, "", 0, error);
    if (source == NULL) {
        return NULL;
    }

    finish_source(&stack, source);
    qblk_source_dropped_note(options, source);
    *format = g_steal_pointer(&stack.format);
    return source;
}
