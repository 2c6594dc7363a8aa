/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The lines of a tree: what joins them, and what is in them.
 */
#pragma once

#include "cli/print/terminal.h"

/* A deeper line has its level as a number.  Otherwise the output would grow with the square of the
 * depth, which a hostile peer can choose. */
#define QBLK_TREE_LINES_MAX_INDENT 40

/** All but the first two members start as zeros. */
typedef struct {
    const QblkTerminal *terminal;
    GString *out;
    gboolean has_more[QBLK_TREE_LINES_MAX_INDENT]; /* at each level: a later line is there, too */
    guint width;                                   /* of the current line */
} QblkTreeLines;

/**
 * Begin a line.
 *
 * @level: 0: directly below the head of the tree
 * @is_last: of its level, below the same line
 */
void qblk_tree_lines_begin(QblkTreeLines *lines, guint level, gboolean is_last);

/** Append @text, which is escaped. */
void qblk_tree_lines_put(QblkTreeLines *lines, QblkStyle style, const char *text);

/** Append @text, escaped. */
void qblk_tree_lines_put_escaped(QblkTreeLines *lines, QblkStyle style, const char *text);

/** Append two spaces and the file name @name, shortened to the rest of the line; nothing for "". */
void qblk_tree_lines_put_file(QblkTreeLines *lines, const char *name);

void qblk_tree_lines_end(QblkTreeLines *lines);
