/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-decode.h"

#include "base/json-quotes.h"
#include "base/redact.h"
#include "source/driver.h"
#include "source/source-dropped.h"
#include "source/source-protocol.h"
#include "source/source-string.h"
#include "source/source-url.h"

#include <string.h>

/* Layers of drivers in one name; QEMU's own names have three or four. */
#define DEEPEST_NAME 32

typedef struct {
    QblkSourceOptions *options;
    char *format;      /* the first format driver met, owned */
    char *offset;      /* of a raw driver that uses a part of its file, owned */
    char *size;        /* likewise */
    char *encryption;  /* owned */
    QblkSource *data;  /* owned: an external data file */
    char *data_format; /* owned */
} Decoding;

static void
decoding_clear(Decoding *decoding)
{
    g_clear_pointer(&decoding->options, qblk_source_options_free);
    g_free(decoding->format);
    g_free(decoding->offset);
    g_free(decoding->size);
    g_free(decoding->encryption);
    g_free(decoding->data_format);
    qblk_source_free(decoding->data);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Decoding, decoding_clear)

void
qblk_source_decode_clear(QblkSourceDecoded *decoded)
{
    g_clear_pointer(&decoded->source, qblk_source_free);
    g_clear_pointer(&decoded->format, g_free);
}

static gboolean
fail(GError **error, const char *reason)
{
    g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, reason);
    return FALSE;
}

static gboolean
unsupported(GError **error, const char *reason)
{
    g_set_error_literal(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED, reason);
    return FALSE;
}

/* ---- drivers on top of each other ---- */

static const char *
take(const Decoding *decoding, const char *prefix, const char *key)
{
    return qblk_source_options_take(decoding->options, prefix, key);
}

/* A slice is where raw says so; of two on top of each other the sum, which nobody writes. */
static gboolean
take_slice(Decoding *decoding, const char *prefix, GError **error)
{
    const char *offset = take(decoding, prefix, "offset");
    const char *size = take(decoding, prefix, "size");
    guint64 start = 0, length = 0;
    if ((offset != NULL && !g_ascii_string_to_unsigned(offset, 10, 0, G_MAXINT64, &start, NULL)) ||
        (size != NULL && !g_ascii_string_to_unsigned(size, 10, 1, G_MAXINT64, &length, NULL)) ||
        length > G_MAXINT64 - start) {
        return fail(error, "offset and size have to be numbers of bytes");
    }
    if (start == 0 && size == NULL) {
        return TRUE;
    }
    if (decoding->size != NULL) {
        return unsupported(error, "a part of a part of a file has no form in libvirt's XML");
    }
    if (size == NULL) {
        return unsupported(error, "a part of a file without its size has no form in libvirt's XML");
    }
    decoding->offset = g_strdup(offset == NULL ? "0" : offset);
    decoding->size = g_strdup(size);
    return TRUE;
}

static QblkSource *read_driver(Decoding *decoding, const char *prefix, guint depth, GError **error);

/* What the drivers above the protocol said of the source. */
static void
finish_source(Decoding *decoding, QblkSource *source)
{
    source->slice_offset = g_steal_pointer(&decoding->offset);
    source->slice_size = g_steal_pointer(&decoding->size);
    source->data_store = g_steal_pointer(&decoding->data);
    source->data_format = g_steal_pointer(&decoding->data_format);
    for (guint i = 0; source->data_store != NULL && i < source->data_store->dropped->len; i++) {
        const char *text = source->data_store->dropped->pdata[i];
        g_ptr_array_add(source->dropped, g_strdup(text));
    }
    if (decoding->encryption != NULL) {
        g_free(source->encryption);
        g_clear_pointer(&source->encryption_engine, g_free);
        source->encryption = g_steal_pointer(&decoding->encryption);
    }
}

static gboolean
refuse_reference(GError **error)
{
    return unsupported(error, "it refers to another node by its name");
}

/* libvirt's name of a format that is known; raw where none is said. */
static const char *
xml_format(const char *format)
{
    return format == NULL ? "raw" : qblk_driver_find(format)->format;
}

/* An external data file has a source of its own; its format is raw unless said. */
static gboolean
take_data_file(Decoding *decoding, const char *prefix, guint depth, GError **error)
{
    g_autofree char *below = g_strconcat(prefix, "data-file.", NULL);
    if (take(decoding, prefix, "data-file") != NULL) {
        return refuse_reference(error);
    }
    if (!qblk_source_options_has_below(decoding->options, below)) {
        return TRUE;
    }
    Decoding inner = {.options = decoding->options};
    decoding->data = read_driver(&inner, below, depth + 1, error);
    const char *format = xml_format(inner.format);
    decoding->data_format = g_strdup(format);
    if (decoding->data != NULL) {
        finish_source(&inner, decoding->data);
    }
    inner.options = NULL;
    decoding_clear(&inner);
    return decoding->data != NULL &&
           (format != NULL || unsupported(error, "libvirt's XML has no name for the format of its "
                                                 "data file"));
}

/* QEMU's "aes" is "qcow" to libvirt. */
static gboolean
take_encryption(Decoding *decoding, const char *prefix, const QblkDriver *driver, GError **error)
{
    gboolean is_luks = g_str_equal(driver->name, "luks");
    const char *format = is_luks ? "luks" : take(decoding, prefix, "encrypt.format");
    if (format == NULL) {
        return TRUE;
    }
    gboolean is_old = g_str_equal(format, "aes");
    g_free(decoding->encryption);
    decoding->encryption = g_strdup(is_old ? "qcow" : format);
    return is_old || g_str_equal(format, "luks") || fail(error, "its encryption is not known");
}

static gboolean
take_format(Decoding *decoding, const char *prefix, const QblkDriver *driver, guint depth,
            GError **error)
{
    g_autofree char *backing = g_strconcat(prefix, "backing.", NULL);
    if (decoding->format == NULL) {
        decoding->format = g_strdup(driver->name);
    }
    (void)take(decoding, prefix, "backing"); /* null: there is none; a string: a node */
    qblk_source_options_ignore_below(decoding->options, backing);
    if (!take_encryption(decoding, prefix, driver, error)) {
        return FALSE;
    }
    if (g_str_equal(driver->name, "raw") && !take_slice(decoding, prefix, error)) {
        return FALSE;
    }
    return take_data_file(decoding, prefix, depth, error);
}

/* The child @child of the driver below @prefix: options, or the name of a node, which could be
 * any. */
static QblkSource *
read_child(Decoding *decoding, const char *prefix, const char *child, guint depth, GError **error)
{
    g_autofree char *below = g_strconcat(prefix, child, ".", NULL);
    const char *node = take(decoding, prefix, child);
    if (node != NULL) {
        (void)refuse_reference(error);
        return NULL;
    }
    if (!qblk_source_options_has_below(decoding->options, below)) {
        (void)fail(error, "it does not say where the data are");
        return NULL;
    }
    return read_driver(decoding, below, depth + 1, error);
}

/* Options without a driver: a file name to take apart again, or only the child's options. */
static QblkSource *
read_without_driver(Decoding *decoding, const char *prefix, guint depth, GError **error)
{
    const char *filename = take(decoding, prefix, "filename");
    if (filename == NULL) {
        return read_child(decoding, prefix, "file", depth, error);
    }
    g_autofree char *file = g_strconcat(prefix, "file.", NULL);
    if (qblk_source_options_has_below(decoding->options, file)) {
        (void)fail(error, "it has both a file name and a file");
        return NULL;
    }
    g_autoptr(QblkSourceOptions) parts = qblk_source_options_new();
    if (!qblk_source_string_parse(filename, parts, error)) {
        return NULL;
    }
    Decoding inner = {.options = parts};
    QblkSource *source = read_driver(&inner, "", depth + 1, error);
    if (source != NULL) {
        qblk_source_dropped_note(parts, source);
    }
    inner.options = NULL;
    decoding_clear(&inner);
    return source;
}

/* `json:{"driver": "rbd", "filename": "rbd:..."}`: the older spelling of options as one string. */
static gboolean
expand_filename(Decoding *decoding, const char *prefix, const char *driver, GError **error)
{
    static const char *const plain[] = {"file", "host_device", "host_cdrom"};
    for (gsize i = 0; i < G_N_ELEMENTS(plain); i++) {
        if (g_str_equal(plain[i], driver)) {
            return TRUE;
        }
    }
    const char *filename = take(decoding, prefix, "filename");
    if (filename == NULL) {
        return TRUE;
    }
    g_autoptr(QblkSourceOptions) parts = qblk_source_options_new();
    if (!qblk_source_string_parse(filename, parts, error)) {
        return FALSE;
    }
    if (g_strcmp0(qblk_source_options_take(parts, "", "driver"), driver) != 0) {
        return fail(error, "its file name is one of another protocol");
    }
    g_autoptr(GPtrArray) keys = qblk_source_options_unused(parts);
    for (guint i = 0; i < keys->len; i++) {
        const char *key = keys->pdata[i];
        g_autofree char *full = g_strconcat(prefix, key, NULL);
        if (take(decoding, prefix, key) != NULL) {
            g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                        "'%s' is said twice, once in the file name", key);
            return FALSE;
        }
        qblk_source_options_set(decoding->options, full, qblk_source_options_take(parts, "", key));
    }
    return TRUE;
}

static QblkSource *
read_driver(Decoding *decoding, const char *prefix, guint depth, GError **error)
{
    const char *name = take(decoding, prefix, "driver");
    if (depth > DEEPEST_NAME) {
        (void)fail(error, "it nests too deep");
        return NULL;
    }
    if (name == NULL) {
        return read_without_driver(decoding, prefix, depth, error);
    }
    const QblkDriver *driver = qblk_driver_find(name);
    if (driver == NULL || driver->kind == QBLK_DRIVER_MULTI_CHILD) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    driver == NULL ? "the driver '%s' is not known"
                                   : "'%s' has several children with data, which is no source",
                    name);
        return NULL;
    }
    if (driver->kind == QBLK_DRIVER_PROTOCOL) {
        return expand_filename(decoding, prefix, name, error)
                   ? qblk_source_protocol_read(name, prefix, decoding->options, error)
                   : NULL;
    }
    if (driver->kind == QBLK_DRIVER_FORMAT &&
        !take_format(decoding, prefix, driver, depth, error)) {
        return NULL;
    }
    return read_child(decoding, prefix, driver->child, depth, error);
}

/* ---- whole names ---- */

static gboolean
add_json_name(Decoding *decoding, const char *text, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *standard = qblk_json_quotes_double(text);
    g_autoptr(QblkJson) json = qblk_json_parse(standard, strlen(standard), &cause);
    if (json == NULL) {
        /* QEMU ends a name of more than 4095 bytes with dots. */
        gboolean is_cut = g_str_has_suffix(text, "...");
        return fail(error, is_cut ? "QEMU cut it off, since it is too long" : cause->message);
    }
    if (!qblk_json_is(json, QBLK_JSON_OBJECT)) {
        return fail(error, "it is not an object");
    }
    return qblk_source_options_add_json(decoding->options, "", json, error);
}

static gboolean
check_name(const char *name, GError **error)
{
    if (name[0] == '\0') {
        return fail(error, "an empty name means nothing");
    }
    if (!g_utf8_validate(name, -1, NULL) || strstr(name, "\xef\xbf\xbd") != NULL) {
        return unsupported(error, "it is not UTF-8, so that neither QEMU nor XML can say it");
    }
    return TRUE;
}

static gboolean
decode(const char *name, Decoding *decoding, QblkSourceDecoded *decoded, GError **error)
{
    gboolean is_json = g_str_has_prefix(name, "json:");
    if (is_json ? !add_json_name(decoding, name + strlen("json:"), error)
                : !qblk_source_string_parse(name, decoding->options, error)) {
        return FALSE;
    }
    g_autoptr(QblkSource) source = read_driver(decoding, "", 0, error);
    if (source == NULL) {
        return FALSE;
    }
    finish_source(decoding, source);
    qblk_source_dropped_note(decoding->options, source);
    decoded->source = g_steal_pointer(&source);
    decoded->format = g_steal_pointer(&decoding->format);
    return TRUE;
}

/* Say which name it is about, and no secret in it. */
static gboolean
name_in_error(const char *name, GError **error)
{
    g_autofree char *valid = g_utf8_make_valid(name, -1);
    g_autofree char *clean = qblk_redact_name(valid, NULL);
    g_prefix_error(error, "'%s' is not understood: ", clean);
    return FALSE;
}

gboolean
qblk_source_decode(const char *name, QblkSourceDecoded *decoded, GError **error)
{
    g_auto(Decoding) decoding = {.options = qblk_source_options_new()};
    return (check_name(name, error) && decode(name, &decoding, decoded, error)) ||
           name_in_error(name, error);
}

/* Whether @filename is a name that the driver @driver gives; a `json:` one says its driver
 * itself. */
static gboolean
check_driver(const char *driver, const char *filename, GError **error)
{
    g_autoptr(QblkSourceOptions) options = qblk_source_options_new();
    if (g_str_has_prefix(filename, "json:")) {
        return TRUE;
    }
    if (!qblk_source_string_parse(filename, options, error)) {
        return FALSE;
    }
    if (g_strcmp0(qblk_source_options_take(options, "", "driver"), driver) == 0) {
        return TRUE;
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                "a node on '%s' has no such name", driver);
    return FALSE;
}

/* Whether nodes of that driver have names that QEMU made of their options. */
static gboolean
is_reported(const char *driver)
{
    static const char *const drivers[] = {"nbd", "nfs", "ssh", NULL};
    return g_strv_contains(drivers, driver);
}

static QblkSource *
decode_node(const char *driver, const char *filename, GError **error)
{
    const QblkDriver *row = qblk_driver_find(driver);
    gboolean is_path = g_str_equal(driver, "file") || g_str_has_prefix(driver, "host_");
    g_auto(Decoding) decoding = {.options = qblk_source_options_new()};
    if (row == NULL || row->kind != QBLK_DRIVER_PROTOCOL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "the driver '%s' is not known", driver);
        return NULL;
    }
    if (is_path && !g_str_has_prefix(filename, "json:")) {
        qblk_source_options_set(decoding.options, "filename", filename);
        return check_name(filename, error)
                   ? qblk_source_protocol_read(driver, "", decoding.options, error)
                   : NULL;
    }
    if (is_reported(driver) && strstr(filename, "://") != NULL &&
        !g_str_has_prefix(filename, "json:")) {
        return check_name(filename, error) &&
                       qblk_source_url_parse_reported(filename, decoding.options, error)
                   ? qblk_source_protocol_read(driver, "", decoding.options, error)
                   : NULL;
    }
    g_auto(QblkSourceDecoded) decoded = {0};
    return check_name(filename, error) && check_driver(driver, filename, error) &&
                   decode(filename, &decoding, &decoded, error)
               ? g_steal_pointer(&decoded.source)
               : NULL;
}

QblkSource *
qblk_source_decode_node(const char *driver, const char *filename, GError **error)
{
    QblkSource *source = decode_node(driver, filename, error);
    if (source == NULL) {
        (void)name_in_error(filename, error);
    }
    return source;
}
