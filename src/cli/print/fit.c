/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/fit.h"

#include <string.h>

static guint
character_width(gunichar character)
{
    if (g_unichar_iszerowidth(character)) {
        return 0;
    }
    return g_unichar_iswide(character) ? 2 : 1;
}

guint
qblk_fit_width(const char *text)
{
    guint columns = 0;

    for (const char *at = text; *at != '\0'; at = g_utf8_find_next_char(at, NULL)) {
        columns += character_width(g_utf8_get_char(at));
    }
    return columns;
}

/* Returns: the end of the longest beginning of @text with at most @columns.  A combining mark
 * belongs to the character before it. */
static const char *
find_beginning(const char *text, guint columns)
{
    const char *at = text;

    for (guint used = 0; *at != '\0'; at = g_utf8_find_next_char(at, NULL)) {
        used += character_width(g_utf8_get_char(at));
        if (used > columns) {
            break;
        }
    }
    return at;
}

/* Returns: the start of the longest end of @text with at most @columns, at a character that does
 * not combine with the one before it */
static const char *
find_end(const char *text, guint columns)
{
    guint skipped = qblk_fit_width(text);
    const char *at = text;

    while (*at != '\0' && (skipped > columns || g_unichar_ismark(g_utf8_get_char(at)))) {
        skipped -= character_width(g_utf8_get_char(at));
        at = g_utf8_find_next_char(at, NULL);
    }
    return at;
}

/* @last: the columns of the end that stay */
static char *
cut(const QblkTerminal *terminal, const char *text, guint columns, guint last)
{
    const char *ellipsis = qblk_terminal_lines(terminal)->ellipsis;
    guint taken = qblk_fit_width(ellipsis);
    if (columns <= taken) {
        return g_strndup(ellipsis, (gsize)(find_beginning(ellipsis, columns) - ellipsis));
    }

    guint room = columns - taken;
    const char *end = find_end(text, MIN(last, room));
    const char *beginning = find_beginning(text, room - qblk_fit_width(end));
    return g_strdup_printf("%.*s%s%s", (int)(beginning - text), text, ellipsis, end);
}

char *
qblk_fit_text(const QblkTerminal *terminal, const char *text, guint columns)
{
    return qblk_fit_width(text) <= columns ? g_strdup(text) : cut(terminal, text, columns, 0);
}

/* QEMU's names for the inner part of a device, which do not tell which one it is. */
static gsize
length_of_inner_part(const char *path)
{
    static const char *const parts[] = {"/virtio-backend", "/legacy[0]"};

    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (g_str_has_suffix(path, parts[i])) {
            return strlen(parts[i]);
        }
    }
    return 0;
}

char *
qblk_fit_path(const QblkTerminal *terminal, const char *path, guint columns)
{
    if (qblk_fit_width(path) <= columns) {
        return g_strdup(path);
    }

    gsize inner = length_of_inner_part(path);
    const char *ellipsis = qblk_terminal_lines(terminal)->ellipsis;
    guint taken = qblk_fit_width(ellipsis);
    if (inner > 0 && inner < strlen(path) && columns > taken) {
        g_autofree char *outer = g_strndup(path, strlen(path) - inner);
        g_autofree char *fitting = qblk_fit_path(terminal, outer, columns - taken);
        return g_strconcat(fitting, ellipsis, NULL);
    }

    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return cut(terminal, path, columns, columns / 2);
    }

    /* The name stays with its slash; the end of one that is too long tells more. */
    guint name = qblk_fit_width(slash);
    return cut(terminal, path, columns, name < columns ? name : columns - columns / 4);
}
