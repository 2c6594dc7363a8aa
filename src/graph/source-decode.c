/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/source-decode.h"

#include "base/redact.h"
#include "graph/driver.h"
#include "graph/source-protocol.h"
#include "graph/source-string.h"
#include "graph/source-url.h"

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

/* ---- what is left over ---- */

/* Options that say how the bytes are reached and not where they are. */
static gboolean
is_harmless(const char *key)
{
    static const char *const words[] = {
        "aio",
        "aio-max-batch",
        "auth-client-required",
        "auto-read-only",
        "cache",
        "cache-size",
        "check-cache-dropped",
        "debug",
        "detect-zeroes",
        "discard",
        "drop-cache",
        "force-share",
        "header-digest",
        "host-key-check",
        "host_key_check",
        "keep-alive",
        "l2-cache-size",
        "lazy-refcounts",
        "locking",
        "logfile",
        "node-name",
        "open-timeout",
        "overlap-check",
        "pass-discard-other",
        "pass-discard-request",
        "pass-discard-snapshot",
        "preallocation",
        "read-only",
        "reconnect-delay",
        "refcount-cache-size",
        "throttle-group",
        "x-check-cache-dropped",
    };
    g_auto(GStrv) parts = g_strsplit(key, ".", -1);
    for (guint i = 0; parts[i] != NULL; i++) {
        for (gsize j = 0; j < G_N_ELEMENTS(words); j++) {
            if (g_str_equal(parts[i], words[j])) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

static gboolean
is_secret(const char *last)
{
    static const char *const words[] = {"password", "key", "cookie", "passphrase", "url-password"};
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_str_equal(last, words[i])) {
            return TRUE;
        }
    }
    return FALSE;
}

/* What is empty or off says no more than what is not there. */
static gboolean
says_nothing(const char *value)
{
    return value[0] == '\0' || g_str_equal(value, "off");
}

/* Say what was there and is not in the source; values are never said. */
static void
note_unused(const Decoding *decoding, QblkSource *source)
{
    g_autoptr(GPtrArray) keys = qblk_source_options_unused(decoding->options);
    for (guint i = 0; i < keys->len; i++) {
        const char *key = keys->pdata[i];
        const char *value = qblk_source_options_take(decoding->options, "", key);
        const char *dot = strrchr(key, '.');
        const char *last = dot == NULL ? key : dot + 1;
        if (g_str_equal(last, QBLK_SOURCE_URL_PASSWORD)) {
            g_ptr_array_add(source->dropped, g_strdup("the password in the URL"));
        } else if (is_secret(last)) {
            g_ptr_array_add(source->dropped, g_strdup_printf("the secret '%s'", last));
        } else if (!is_harmless(key) && !says_nothing(value)) {
            g_ptr_array_add(source->dropped, g_strdup_printf("the option '%s'", key));
        }
    }
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
    if (offset == NULL && size == NULL) {
        return TRUE;
    }
    guint64 value;
    if (decoding->offset != NULL) {
        return fail(error, "a part of a part of a file is not understood");
    }
    if ((offset != NULL && !g_ascii_string_to_unsigned(offset, 10, 0, G_MAXINT64, &value, NULL)) ||
        (size != NULL && !g_ascii_string_to_unsigned(size, 10, 1, G_MAXINT64, &value, NULL))) {
        return fail(error, "offset and size have to be numbers of bytes");
    }
    decoding->offset = g_strdup(offset == NULL ? "0" : offset);
    decoding->size = g_strdup(size);
    return TRUE;
}

static QblkSource *read_driver(Decoding *decoding, const char *prefix, guint depth, GError **error);

/* An external data file has a source of its own; its format is raw unless said. */
static gboolean
take_data_file(Decoding *decoding, const char *prefix, guint depth, GError **error)
{
    g_autofree char *below = g_strconcat(prefix, "data-file.", NULL);
    if (!qblk_source_options_has_below(decoding->options, below)) {
        return TRUE;
    }
    Decoding inner = {.options = decoding->options};
    decoding->data = read_driver(&inner, below, depth + 1, error);
    decoding->data_format = g_strdup(inner.format == NULL ? "raw" : inner.format);
    inner.options = NULL;
    decoding_clear(&inner);
    return decoding->data != NULL;
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
    const char *encryption =
        g_str_equal(driver->name, "luks") ? "luks" : take(decoding, prefix, "encrypt.format");
    if (encryption != NULL) {
        g_free(decoding->encryption);
        decoding->encryption = g_strdup(g_str_equal(encryption, "aes") ? "qcow" : encryption);
        (void)take(decoding, prefix, "key-secret");
        (void)take(decoding, prefix, "encrypt.key-secret");
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
        (void)fail(error, "it refers to another node by its name");
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
    g_autoptr(QblkSourceOptions) parts = qblk_source_options_new();
    if (!qblk_source_string_parse(filename, parts, error)) {
        return NULL;
    }
    Decoding inner = {.options = parts};
    QblkSource *source = read_driver(&inner, "", depth + 1, error);
    if (source != NULL) {
        note_unused(&inner, source);
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
    g_autoptr(GPtrArray) keys = qblk_source_options_unused(parts);
    for (guint i = 0; i < keys->len; i++) {
        g_autofree char *full = g_strconcat(prefix, keys->pdata[i], NULL);
        if (!g_str_equal(keys->pdata[i], "driver")) {
            qblk_source_options_set(decoding->options, full,
                                    qblk_source_options_take(parts, "", keys->pdata[i]));
        }
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
    if (driver == NULL || driver->kind == QBLK_DRIVER_SEVERAL) {
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
    g_autoptr(QblkJson) json = qblk_json_parse(text, strlen(text), error);
    if (json == NULL) {
        return FALSE;
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
        g_autofree char *valid = g_utf8_make_valid(name, -1);
        g_set_error(
            error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
            "the file name '%s' is not the real one: it is not UTF-8 and QEMU cannot say it",
            valid);
        return FALSE;
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
    if (decoding->offset != NULL && decoding->size == NULL) {
        return fail(error, "a part of a file without its size has no form in libvirt's XML");
    }
    source->slice_offset = g_steal_pointer(&decoding->offset);
    source->slice_size = g_steal_pointer(&decoding->size);
    source->data_store = g_steal_pointer(&decoding->data);
    source->data_format = g_steal_pointer(&decoding->data_format);
    if (decoding->encryption != NULL) {
        g_free(source->encryption);
        source->encryption = g_steal_pointer(&decoding->encryption);
    }
    note_unused(decoding, source);
    decoded->source = g_steal_pointer(&source);
    decoded->format = g_steal_pointer(&decoding->format);
    return TRUE;
}

gboolean
qblk_source_decode(const char *name, QblkSourceDecoded *decoded, GError **error)
{
    g_auto(Decoding) decoding = {.options = qblk_source_options_new()};
    if (!check_name(name, error)) {
        return FALSE;
    }
    if (!decode(name, &decoding, decoded, error)) {
        g_autofree char *clean = qblk_redact_name(name, NULL);
        if (g_str_has_prefix(name, "json:")) {
            g_prefix_error(error, "'%s' is not understood: ", clean);
        }
        return FALSE;
    }
    return TRUE;
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
    if (qblk_source_string_parse(filename, options, NULL) &&
        g_strcmp0(qblk_source_options_take(options, "", "driver"), driver) == 0) {
        return TRUE;
    }
    g_autofree char *clean = qblk_redact_name(filename, NULL);
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                "the file name '%s' of a node on '%s' is not understood", clean, driver);
    return FALSE;
}

QblkSource *
qblk_source_decode_node(const char *driver, const char *filename, GError **error)
{
    const QblkDriver *row = qblk_driver_find(driver);
    gboolean is_path = g_str_equal(driver, "file") || g_str_has_prefix(driver, "host_");
    if (is_path && !g_str_has_prefix(filename, "json:")) {
        g_autoptr(QblkSourceOptions) options = qblk_source_options_new();
        qblk_source_options_set(options, "filename", filename);
        return check_name(filename, error) ? qblk_source_protocol_read(driver, "", options, error)
                                           : NULL;
    }
    if (row == NULL || row->kind != QBLK_DRIVER_PROTOCOL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "the driver '%s' is not known", driver);
        return NULL;
    }
    g_auto(QblkSourceDecoded) decoded = {0};
    return check_driver(driver, filename, error) && qblk_source_decode(filename, &decoded, error)
               ? g_steal_pointer(&decoded.source)
               : NULL;
}
