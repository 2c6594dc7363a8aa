/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A table of text with aligned columns, which is not wider than the terminal.
 */
#pragma once

#include "cli/print/terminal.h"

/** A column.  The last element of an array of them has no head. */
typedef struct {
    const char *head;
    gboolean is_right; /* it is aligned to the right */
    gboolean is_path;  /* it is shortened in its middle, other text at its end */
    QblkStyle style;   /* of its cells */
    /* If the table is too wide for the terminal: */
    const char *usual; /* the column is left out if all of its cells are this or "-"; or NULL */
    guint rank;        /* the lowest is shortened first; 0: never */
    guint least;       /* the width to which it is shortened before the next ones are */
    guint leaves;      /* the lowest is left out first if shortening is not enough; 0: never */
} QblkTableColumn;

typedef struct QblkTable QblkTable;

/**
 * Create a table.
 *
 * @columns: constant
 * @terminal: (transfer none): stays valid as long as the table
 */
QblkTable *qblk_table_new(const QblkTableColumn *columns, const QblkTerminal *terminal);
void qblk_table_free(QblkTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkTable, qblk_table_free)

/** Add the next cell.  @text is escaped for a terminal; NULL and "" are printed as "-". */
void qblk_table_add(QblkTable *table, const char *text);

/** Add the next cell in @style instead of that of its column. */
void qblk_table_add_styled(QblkTable *table, const char *text, QblkStyle style);

/** Append the table to @out, without spaces at the end of lines. */
void qblk_table_print(const QblkTable *table, GString *out);
