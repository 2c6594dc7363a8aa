/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/tree-lines.h"

#include "cli/print/fit.h"

#include <string.h>

/* The name of a file is shortened to this width, and not below it: the terminal breaks the line. */
#define LEAST_FILE 16
#define LEAST_NAME 40 /* the same if the name without its directory is longer */

void
qblk_tree_lines_put(QblkTreeLines *lines, QblkStyle style, const char *text)
{
    qblk_terminal_append(lines->terminal, style, text, lines->out);
    lines->width += qblk_fit_width(text);
}

void
qblk_tree_lines_put_escaped(QblkTreeLines *lines, QblkStyle style, const char *text)
{
    g_autofree char *safe = qblk_terminal_escape(lines->terminal, text);
    qblk_tree_lines_put(lines, style, safe);
}

void
qblk_tree_lines_begin(QblkTreeLines *lines, guint level, gboolean is_last)
{
    const QblkTerminalLines *drawn = qblk_terminal_lines(lines->terminal);
    guint indent = MIN(level, QBLK_TREE_LINES_MAX_INDENT - 1);

    for (guint i = 0; i < indent; i++) {
        qblk_tree_lines_put(lines, QBLK_STYLE_PLAIN,
                            lines->has_more[i] ? drawn->pass : drawn->none);
    }
    qblk_tree_lines_put(lines, QBLK_STYLE_PLAIN, is_last ? drawn->last : drawn->branch);
    if (level == indent) {
        lines->has_more[level] = !is_last;
        return;
    }

    g_autofree char *number = g_strdup_printf("[%u] ", level + 1);
    qblk_tree_lines_put(lines, QBLK_STYLE_PLAIN, number);
}

void
qblk_tree_lines_put_file(QblkTreeLines *lines, const char *name)
{
    g_autofree char *safe = qblk_terminal_escape(lines->terminal, name);
    if (safe[0] == '\0') {
        return;
    }

    qblk_tree_lines_put(lines, QBLK_STYLE_PLAIN, "  ");
    guint columns = lines->terminal->columns;
    if (columns == 0) {
        qblk_tree_lines_put(lines, QBLK_STYLE_PLAIN, safe);
        return;
    }

    const char *slash = strrchr(safe, '/');
    guint last = slash == NULL ? 0 : MIN(qblk_fit_width(slash) + 3, LEAST_NAME);
    guint room = columns > lines->width ? columns - lines->width : 0;
    g_autofree char *fitting =
        qblk_fit_path(lines->terminal, safe, MAX(room, MAX(last, LEAST_FILE)));
    qblk_tree_lines_put(lines, QBLK_STYLE_PLAIN, fitting);
}

void
qblk_tree_lines_end(QblkTreeLines *lines)
{
    g_string_append_c(lines->out, '\n');
    lines->width = 0;
}
