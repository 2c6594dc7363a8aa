/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A table for people: columns as wide as what is in them.
 */
#pragma once

#include <glib.h>

typedef struct QblkTable QblkTable;

/** A table with the given heads (NULL-terminated, constants); a head with '>' in front is aligned
 * to the right. */
QblkTable *qblk_table_new(const char *const *heads);
void qblk_table_free(QblkTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkTable, qblk_table_free)

/** Add the next cell, escaped for a terminal; NULL or "" is shown as "-". */
void qblk_table_add(QblkTable *table, const char *text);

/** Append the table to @out; nothing follows the last cell of a line. */
void qblk_table_print(const QblkTable *table, GString *out);
