/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A table of text with aligned columns.
 */
#pragma once

#include <glib.h>

typedef struct QblkTable QblkTable;

/**
 * Create a table.
 *
 * @heads: (array zero-terminated=1): heads of the columns, constant; a column is aligned to the
 *   right if its head begins with '>', which is not printed
 */
QblkTable *qblk_table_new(const char *const *heads);
void qblk_table_free(QblkTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkTable, qblk_table_free)

/** Add the next cell.  @text is escaped for a terminal; NULL and "" are printed as "-". */
void qblk_table_add(QblkTable *table, const char *text);

/** Append the table to @out, without spaces at the end of lines. */
void qblk_table_print(const QblkTable *table, GString *out);
