/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-decode.h"

#include "base/json-quotes.h"
#include "base/redact.h"
#include "source/driver.h"
#include "source/source-protocol.h"
#include "source/source-stack.h"
#include "source/source-string.h"
#include "source/source-url.h"

#include <string.h>

static const char json_prefix[] = "json:";

void
qblk_source_decode_clear(QblkSourceDecoded *decoded)
{
    g_clear_pointer(&decoded->source, qblk_source_unref);
    g_clear_pointer(&decoded->format, g_free);
}

/* ---- all names ---- */

static gboolean
parse_json_name(const char *text, QblkSourceOptions *options, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *standard = qblk_json_quotes_double(text);
    g_autoptr(QblkJson) json = qblk_json_parse(standard, strlen(standard), &cause);

    if (json == NULL) {
        /* QEMU ends a name of more than 4095 bytes with dots. */
        gboolean is_cut = g_str_has_suffix(text, "...");
        return qblk_source_set_invalid(is_cut ? "QEMU truncated it to 4095 bytes" : cause->message,
                                       error);
    }
    if (!qblk_json_is(json, QBLK_JSON_OBJECT)) {
        return qblk_source_set_invalid("not a JSON object", error);
    }
    return qblk_source_options_add_json(options, "", json, error);
}

static gboolean
parse_name(const char *name, QblkSourceOptions *options, GError **error)
{
    if (g_str_has_prefix(name, json_prefix)) {
        return parse_json_name(name + strlen(json_prefix), options, error);
    }
    return qblk_source_string_parse(name, options, error);
}

static gboolean
check_characters(const char *name, GError **error)
{
    if (name[0] == '\0') {
        return qblk_source_set_invalid("the file name is empty", error);
    }
    if (!g_utf8_validate(name, -1, NULL) || strstr(name, "\xef\xbf\xbd") != NULL) {
        return qblk_source_set_unsupported("not valid UTF-8, which QEMU and XML require", error);
    }
    return TRUE;
}

static gboolean
decode_name(const char *name, QblkSourceDecoded *decoded, GError **error)
{
    g_autoptr(QblkSourceOptions) options = qblk_source_options_new();

    if (!check_characters(name, error)) {
        return FALSE;
    }
    if (!parse_name(name, options, error)) {
        return FALSE;
    }
    decoded->source = qblk_source_stack_read(options, &decoded->format, error);
    return decoded->source != NULL;
}

/* Add the name to the error, without its secrets. */
static void
prefix_name(const char *name, GError **error)
{
    g_autofree char *valid = g_utf8_make_valid(name, -1);
    g_autofree char *clean = qblk_redact_name(valid, NULL);

    g_prefix_error(error, "cannot decode '%s': ", clean);
}

gboolean
qblk_source_decode(const char *name, QblkSourceDecoded *decoded, GError **error)
{
    if (!decode_name(name, decoded, error)) {
        prefix_name(name, error);
        return FALSE;
    }
    return TRUE;
}

/* ---- names of nodes ---- */

/* TRUE if nodes on @driver have a path as their name. */
static gboolean
has_path(const char *driver)
{
    return g_str_equal(driver, "file") || g_str_has_prefix(driver, "host_");
}

/* TRUE if QEMU makes the names of nodes on @driver of their options. */
static gboolean
has_reported_url(const char *driver)
{
    static const char *const drivers[] = {"nbd", "nfs", "ssh", NULL};

    return g_strv_contains(drivers, driver);
}

/* Check that @filename is a name that nodes on @driver have.  A `json:` name contains the driver.
 * */
static gboolean
check_driver(const char *driver, const char *filename, GError **error)
{
    g_autoptr(QblkSourceOptions) options = qblk_source_options_new();

    if (g_str_has_prefix(filename, json_prefix)) {
        return TRUE;
    }
    if (!qblk_source_string_parse(filename, options, error)) {
        return FALSE;
    }
    if (g_strcmp0(qblk_source_options_take(options, "", "driver"), driver) != 0) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "not a file name of driver '%s'", driver);
        return FALSE;
    }
    return TRUE;
}

static QblkSource *
decode_path(const char *driver, const char *path, GError **error)
{
    g_autoptr(QblkSourceOptions) options = qblk_source_options_new();

    qblk_source_options_set(options, "filename", path);
    return qblk_source_protocol_read(driver, "", options, error);
}

static QblkSource *
decode_reported_url(const char *driver, const char *url, GError **error)
{
    g_autoptr(QblkSourceOptions) options = qblk_source_options_new();

    if (!qblk_source_url_parse_reported(url, options, error)) {
        return NULL;
    }
    return qblk_source_protocol_read(driver, "", options, error);
}

static QblkSource *
decode_node(const char *driver, const char *filename, GError **error)
{
    const QblkDriver *row = qblk_driver_find(driver);
    gboolean is_json = g_str_has_prefix(filename, json_prefix);
    g_auto(QblkSourceDecoded) decoded = {0};

    if (row == NULL || row->kind != QBLK_DRIVER_PROTOCOL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                    "unknown protocol driver '%s'", driver);
        return NULL;
    }
    if (!check_characters(filename, error)) {
        return NULL;
    }

    if (has_path(driver) && !is_json) {
        return decode_path(driver, filename, error);
    }
    if (has_reported_url(driver) && strstr(filename, "://") != NULL && !is_json) {
        return decode_reported_url(driver, filename, error);
    }

    if (!check_driver(driver, filename, error)) {
        return NULL;
    }
    if (!decode_name(filename, &decoded, error)) {
        return NULL;
    }
    return g_steal_pointer(&decoded.source);
}

QblkSource *
qblk_source_decode_node(const char *driver, const char *filename, GError **error)
{
    QblkSource *source = decode_node(driver, filename, error);

    if (source == NULL) {
        prefix_name(filename, error);
    }
    return source;
}

QblkSource *
qblk_source_parse(const char *name, char **format, GError **error)
{
    g_auto(QblkSourceDecoded) decoded = {0};
    if (!qblk_source_decode(name, &decoded, error)) {
        return NULL;
    }

    if (format != NULL) {
        *format = g_steal_pointer(&decoded.format);
    }
    return g_steal_pointer(&decoded.source);
}
