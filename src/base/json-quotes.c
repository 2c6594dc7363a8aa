/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json-quotes.h"

/* Copy the string that starts with the quote at @text.  Returns: the text after it. */
static const char *
copy_string(GString *out, const char *text)
{
    char quote = *text++;
    g_string_append_c(out, '"');
    for (; *text != '\0' && *text != quote; text++) {
        if (*text == '\\' && text[1] == '\'') {
            text++; /* an escape of QEMU only */
        } else if (*text == '\\' && text[1] != '\0') {
            g_string_append_c(out, *text++);
        } else if (*text == '"') {
            g_string_append_c(out, '\\');
        }

        g_string_append_c(out, *text);
    }

    if (*text == '\0') {
        return text;
    }

    g_string_append_c(out, '"');
    return text + 1;
}

char *
qblk_json_quotes_double(const char *text)
{
    GString *out = g_string_new(NULL);
    while (*text != '\0') {
        if (*text == '\'' || *text == '"') {
            text = copy_string(out, text);
        } else {
            g_string_append_c(out, *text++);
        }
    }

    return g_string_free(out, FALSE);
}
