/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/table.h"

#include "cli/print/output.h"

struct QblkTable {
    const char *const *heads;
    guint columns;
    GPtrArray *cells; /* of char, owned, row by row */
};

QblkTable *
qblk_table_new(const char *const *heads)
{
    QblkTable *table = g_new0(QblkTable, 1);
    table->heads = heads;
    while (heads[table->columns] != NULL) {
        table->columns++;
    }

    table->cells = g_ptr_array_new_with_free_func(g_free);
    return table;
}

void
qblk_table_free(QblkTable *table)
{
    if (table == NULL) {
        return;
    }

    g_ptr_array_unref(table->cells);
    g_free(table);
}

void
qblk_table_add(QblkTable *table, const char *text)
{
    gboolean is_empty = text == NULL || text[0] == '\0';

    g_ptr_array_add(table->cells, is_empty ? g_strdup("-") : qblk_output_escape(text));
}

static guint
character_width(gunichar character)
{
    if (g_unichar_iszerowidth(character)) {
        return 0;
    }
    return g_unichar_iswide(character) ? 2 : 1;
}

/* Returns: the number of terminal columns that @text takes. */
static guint
text_width(const char *text)
{
    guint columns = 0;

    for (const char *at = text; *at != '\0'; at = g_utf8_find_next_char(at, NULL)) {
        columns += character_width(g_utf8_get_char(at));
    }
    return columns;
}

static gboolean
is_right_aligned(const QblkTable *table, guint column)
{
    return table->heads[column][0] == '>';
}

static const char *
head_text(const QblkTable *table, guint column)
{
    return table->heads[column] + (is_right_aligned(table, column) ? 1 : 0);
}

static guint
column_width(const QblkTable *table, guint column)
{
    guint widest = text_width(head_text(table, column));

    for (guint i = column; i < table->cells->len; i += table->columns) {
        widest = MAX(widest, text_width(table->cells->pdata[i]));
    }
    return widest;
}

static void
append_spaces(GString *out, guint count)
{
    for (guint i = 0; i < count; i++) {
        g_string_append_c(out, ' ');
    }
}

static void
print_cell(const QblkTable *table, guint column, const char *text, guint widest, GString *out)
{
    guint space = widest - text_width(text);
    gboolean is_last = column + 1 == table->columns;

    if (is_right_aligned(table, column)) {
        append_spaces(out, space);
    }
    g_string_append(out, text);
    if (!is_right_aligned(table, column) && !is_last) {
        append_spaces(out, space);
    }
    g_string_append(out, is_last ? "\n" : "  ");
}

void
qblk_table_print(const QblkTable *table, GString *out)
{
    g_autofree guint *widths = g_new(guint, table->columns);

    for (guint i = 0; i < table->columns; i++) {
        widths[i] = column_width(table, i);
    }

    for (guint i = 0; i < table->columns; i++) {
        print_cell(table, i, head_text(table, i), widths[i], out);
    }

    for (guint i = 0; i < table->cells->len; i++) {
        guint column = i % table->columns;
        print_cell(table, column, table->cells->pdata[i], widths[column], out);
    }
}
