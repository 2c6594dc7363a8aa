/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/scaled-integer.h"

#include <string.h>

/* The length of a number of 64 bits, and one more. */
#define MAX_DIGITS 20

/* Set @scale to the number of bytes of @unit.  Returns: FALSE if there is no such unit. */
static gboolean
parse_unit(const char *unit, guint64 *scale)
{
    static const char *const bytes[] = {"b", "byte", "bytes"};
    static const char prefixes[] = "kmgtpe";

    for (gsize i = 0; i < G_N_ELEMENTS(bytes); i++) {
        if (g_ascii_strcasecmp(unit, bytes[i]) == 0) {
            *scale = 1;
            return TRUE;
        }
    }

    const char *prefix = strchr(prefixes, g_ascii_tolower(unit[0]));
    gboolean is_binary = unit[1] == '\0' || g_ascii_strcasecmp(unit + 1, "iB") == 0;
    if (prefix == NULL || (!is_binary && g_ascii_strcasecmp(unit + 1, "B") != 0)) {
        return FALSE;
    }

    *scale = 1;
    for (const char *i = prefixes; i <= prefix; i++) {
        *scale *= is_binary ? 1024 : 1000;
    }
    return TRUE;
}

gboolean
qblk_scaled_integer_parse(const char *text, guint64 scale, gint64 *bytes)
{
    gsize length = strspn(text, "0123456789");
    g_autofree char *digits = g_strndup(text, MIN(length, MAX_DIGITS));
    guint64 number;

    if (text[length] != '\0' && !parse_unit(text + length, &scale)) {
        return FALSE;
    }
    if (length > MAX_DIGITS ||
        !g_ascii_string_to_unsigned(digits, 10, 0, G_MAXINT64 / scale, &number, NULL)) {
        return FALSE;
    }

    *bytes = (gint64)(number * scale);
    return TRUE;
}
