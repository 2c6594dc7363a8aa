/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-parser.h"

#include <string.h>

const char *
qblk_source_parser_take(const QblkSourceParser *reading, const char *key)
{
    return qblk_source_options_take(reading->options, reading->prefix, key);
}

gboolean
qblk_source_parser_fail(const QblkSourceParser *reading, const char *reason, GError **error)
{
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, "driver '%s': %s", reading->driver,
                reason);
    return FALSE;
}

static gboolean
fail_value(const QblkSourceParser *reading, const char *key, const char *what, GError **error)
{
    g_autofree char *reason = g_strdup_printf("'%s' %s", key, what);
    return qblk_source_parser_fail(reading, reason, error);
}

gboolean
qblk_source_parser_is_number(const QblkSourceParser *reading, const char *key, const char *value,
                             guint64 most, GError **error)
{
    guint64 number;
    if (value == NULL || g_ascii_string_to_unsigned(value, 10, 0, most, &number, NULL)) {
        return TRUE;
    }
    g_autofree char *reason =
        g_strdup_printf("'%s' is no number up to %" G_GUINT64_FORMAT, key, most);
    return qblk_source_parser_fail(reading, reason, error);
}

gboolean
qblk_source_parser_switch(const QblkSourceParser *reading, const char *key, char **member,
                          GError **error)
{
    static const char *const on[] = {"on", "yes", "true", "y", NULL};
    static const char *const off[] = {"off", "no", "false", "n", NULL};
    const char *value = qblk_source_parser_take(reading, key);
    if (value == NULL) {
        return TRUE;
    }
    gboolean is_on = g_strv_contains(on, value);
    if (!is_on && !g_strv_contains(off, value)) {
        return fail_value(reading, key, "is neither on nor off", error);
    }
    *member = g_strdup(is_on ? "yes" : "no");
    return TRUE;
}

gboolean
qblk_source_parser_size(const QblkSourceParser *reading, const char *key, char **member,
                        GError **error)
{
    static const char suffixes[] = "BKMGTPE";
    const char *value = qblk_source_parser_take(reading, key);
    gsize digits = value == NULL ? 0 : strspn(value, "0123456789");
    guint64 size = 0;
    if (value == NULL) {
        return TRUE;
    }
    g_autofree char *number = g_strndup(value, digits);
    const char *suffix =
        value[digits] == '\0' ? suffixes : strchr(suffixes, g_ascii_toupper(value[digits]));
    gboolean is_one = suffix != NULL && (value[digits] == '\0' || value[digits + 1] == '\0') &&
                      g_ascii_string_to_unsigned(number, 10, 0, G_MAXUINT64, &size, NULL);
    if (!is_one || (size << 10 * (suffix - suffixes)) >> 10 * (suffix - suffixes) != size) {
        return fail_value(reading, key, "is no number of bytes", error);
    }
    *member = g_strdup_printf("%" G_GUINT64_FORMAT, size << 10 * (suffix - suffixes));
    return TRUE;
}
