/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/table.h"

#include "cli/print/fit.h"

#define GAP   2
#define LEAST 4 /* of a column that may be shortened, if the terminal is very narrow */

typedef struct {
    char *text; /* owned, escaped */
    QblkStyle style;
} Cell;

struct QblkTable {
    const QblkTableColumn *columns;
    guint n_columns;
    const QblkTerminal *terminal;
    GArray *cells; /* of Cell, row by row */
};

static void
clear_cell(gpointer data)
{
    Cell *cell = data;

    g_free(cell->text);
}

QblkTable *
qblk_table_new(const QblkTableColumn *columns, const QblkTerminal *terminal)
{
    QblkTable *table = g_new0(QblkTable, 1);
    table->columns = columns;
    while (columns[table->n_columns].head != NULL) {
        table->n_columns++;
    }

    table->terminal = terminal;
    table->cells = g_array_new(FALSE, FALSE, sizeof(Cell));
    g_array_set_clear_func(table->cells, clear_cell);
    return table;
}

void
qblk_table_free(QblkTable *table)
{
    if (table == NULL) {
        return;
    }

    g_array_unref(table->cells);
    g_free(table);
}

void
qblk_table_add_styled(QblkTable *table, const char *text, QblkStyle style)
{
    gboolean is_empty = text == NULL || text[0] == '\0';
    Cell cell = {is_empty ? g_strdup("-") : qblk_terminal_escape(table->terminal, text), style};

    g_array_append_val(table->cells, cell);
}

void
qblk_table_add(QblkTable *table, const char *text)
{
    guint column = table->cells->len % table->n_columns;
    qblk_table_add_styled(table, text, table->columns[column].style);
}

/* ---- widths ---- */

/* The widths of the columns; 0: the column is left out. */
typedef guint *Widths;

static guint
natural_width(const QblkTable *table, guint column)
{
    guint widest = qblk_fit_width(table->columns[column].head);

    for (guint i = column; i < table->cells->len; i += table->n_columns) {
        widest = MAX(widest, qblk_fit_width(g_array_index(table->cells, Cell, i).text));
    }
    return widest;
}

static guint
total_width(const QblkTable *table, Widths widths)
{
    guint total = 0;

    for (guint i = 0; i < table->n_columns; i++) {
        total += widths[i] == 0 ? 0 : widths[i] + GAP;
    }
    return total - MIN(total, GAP);
}

static gboolean
tells_nothing(const QblkTable *table, guint column)
{
    const char *usual = table->columns[column].usual;

    for (guint i = column; usual != NULL && i < table->cells->len; i += table->n_columns) {
        const char *text = g_array_index(table->cells, Cell, i).text;
        if (!g_str_equal(text, "-") && !g_str_equal(text, usual)) {
            return FALSE;
        }
    }
    return usual != NULL;
}

static guint
excess(const QblkTable *table, Widths widths)
{
    guint total = total_width(table, widths);
    return total - MIN(total, table->terminal->columns);
}

/* @least: of all columns, 0: that of each column.  Returns: the least width of a column */
static guint
least_width(const QblkTable *table, Widths widths, guint column, guint least)
{
    const QblkTableColumn *of = &table->columns[column];
    guint end = MAX(least == 0 ? of->least : least, qblk_fit_width(of->head));

    return of->rank == 0 ? widths[column] : MIN(end, widths[column]);
}

static gboolean
can_fit(const QblkTable *table, Widths widths)
{
    g_autofree guint *leasts = g_new(guint, table->n_columns);

    for (guint i = 0; i < table->n_columns; i++) {
        leasts[i] = least_width(table, widths, i, 0);
    }
    return excess(table, leasts) == 0;
}

/* Leave out columns: first those that tell nothing, then as many as have to be. */
static void
choose_columns(const QblkTable *table, Widths widths)
{
    for (guint i = 0; i < table->n_columns; i++) {
        if (excess(table, widths) > 0 && tells_nothing(table, i)) {
            widths[i] = 0;
        }
    }

    for (guint order = 1; order <= table->n_columns && !can_fit(table, widths); order++) {
        for (guint i = 0; i < table->n_columns; i++) {
            widths[i] = table->columns[i].leaves == order ? 0 : widths[i];
        }
    }
}

/* If the table is still too wide then, the terminal breaks its lines. */
static void
shorten_columns(const QblkTable *table, Widths widths)
{
    static const guint leasts[] = {0, LEAST};

    for (gsize i = 0; i < G_N_ELEMENTS(leasts); i++) {
        for (guint rank = 1; rank <= table->n_columns; rank++) {
            for (guint j = 0; j < table->n_columns; j++) {
                guint least = least_width(table, widths, j, leasts[i]);
                guint wanted = table->columns[j].rank == rank ? widths[j] - least : 0;
                widths[j] -= MIN(excess(table, widths), wanted);
            }
        }
    }
}

/* ---- printing ---- */

static void
append_spaces(GString *out, guint count)
{
    for (guint i = 0; i < count; i++) {
        g_string_append_c(out, ' ');
    }
}

static void
print_cell(const QblkTable *table, guint index, const char *text, QblkStyle style, guint width,
           gboolean is_last, GString *out)
{
    const QblkTableColumn *column = &table->columns[index];
    g_autofree char *fitting = column->is_path ? qblk_fit_path(table->terminal, text, width)
                                               : qblk_fit_text(table->terminal, text, width);
    guint space = width - qblk_fit_width(fitting);

    if (column->is_right) {
        append_spaces(out, space);
    }
    qblk_terminal_append(table->terminal, style, fitting, out);
    if (!is_last) {
        append_spaces(out, GAP + (column->is_right ? 0 : space));
    }
}

/* @cells: (nullable): NULL: the heads */
static void
print_row(const QblkTable *table, const Cell *cells, Widths widths, GString *out)
{
    guint last = 0;
    for (guint i = 0; i < table->n_columns; i++) {
        last = widths[i] > 0 ? i : last;
    }

    for (guint i = 0; i <= last; i++) {
        if (widths[i] == 0) {
            continue;
        }
        const char *text = cells == NULL ? table->columns[i].head : cells[i].text;
        QblkStyle style = cells == NULL ? QBLK_STYLE_STRONG : cells[i].style;
        print_cell(table, i, text, style, widths[i], i == last, out);
    }
    g_string_append_c(out, '\n');
}

void
qblk_table_print(const QblkTable *table, GString *out)
{
    g_autofree guint *widths = g_new(guint, table->n_columns);

    for (guint i = 0; i < table->n_columns; i++) {
        widths[i] = natural_width(table, i);
    }
    if (table->terminal->columns > 0) {
        choose_columns(table, widths);
        shorten_columns(table, widths);
    }

    print_row(table, NULL, widths, out);
    for (guint i = 0; i < table->cells->len; i += table->n_columns) {
        print_row(table, &g_array_index(table->cells, Cell, i), widths, out);
    }
}
