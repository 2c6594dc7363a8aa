/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/source-parser.h"

#include <string.h>

const char *
qblk_source_parser_take(const QblkSourceParser *parser, const char *key)
{
    return qblk_source_options_take(parser->options, parser->prefix, key);
}

gboolean
qblk_source_parser_set_invalid(const QblkSourceParser *parser, const char *reason, GError **error)
{
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, "driver '%s': %s", parser->driver,
                reason);
    return FALSE;
}

gboolean
qblk_source_parser_check_number(const QblkSourceParser *parser, const char *key, const char *value,
                                guint64 most, GError **error)
{
    guint64 number;

    if (value == NULL || g_ascii_string_to_unsigned(value, 10, 0, most, &number, NULL)) {
        return TRUE;
    }
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                "driver '%s': option '%s' must be a number from 0 to "
                "%" G_GUINT64_FORMAT,
                parser->driver, key, most);
    return FALSE;
}

gboolean
qblk_source_parser_read_switch(const QblkSourceParser *parser, const char *key, char **member,
                               GError **error)
{
    static const char *const on[] = {"on", "yes", "true", "y", NULL};
    static const char *const off[] = {"off", "no", "false", "n", NULL};
    const char *value = qblk_source_parser_take(parser, key);

    if (value == NULL) {
        return TRUE;
    }
    if (g_strv_contains(on, value)) {
        *member = g_strdup("yes");
        return TRUE;
    }
    if (g_strv_contains(off, value)) {
        *member = g_strdup("no");
        return TRUE;
    }

    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                "driver '%s': option '%s' must be 'on' or 'off'", parser->driver, key);
    return FALSE;
}

/* Parse a number of bytes with an optional suffix.  FALSE if @text has another form or the number
 * does not fit. */
static gboolean
parse_size(const char *text, guint64 *bytes)
{
    static const char suffixes[] = "BKMGTPE";
    gsize digits = strspn(text, "0123456789");
    g_autofree char *number = g_strndup(text, digits);
    guint64 size = 0;
    guint shift = 0;

    if (text[digits] != '\0') {
        const char *suffix = strchr(suffixes, g_ascii_toupper(text[digits]));
        if (suffix == NULL || text[digits + 1] != '\0') {
            return FALSE;
        }
        shift = 10 * (guint)(suffix - suffixes);
    }

    if (!g_ascii_string_to_unsigned(number, 10, 0, G_MAXUINT64 >> shift, &size, NULL)) {
        return FALSE;
    }
    *bytes = size << shift;
    return TRUE;
}

gboolean
qblk_source_parser_read_size(const QblkSourceParser *parser, const char *key, char **member,
                             GError **error)
{
    const char *value = qblk_source_parser_take(parser, key);
    guint64 size;

    if (value == NULL) {
        return TRUE;
    }
    if (!parse_size(value, &size)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC,
                    "driver '%s': option '%s' must be a number of bytes", parser->driver, key);
        return FALSE;
    }

    *member = g_strdup_printf("%" G_GUINT64_FORMAT, size);
    return TRUE;
}
