/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/table.h"

#include "lib/check.h"

static const char *const heads[] = {"NAME", ">SIZE", "FILE", NULL};

/* @cells ends with "end". */
static char *
print_table(const char *const *cells)
{
    g_autoptr(QblkTable) table = qblk_table_new(heads);

    for (guint i = 0; g_strcmp0(cells[i], "end") != 0; i++) {
        qblk_table_add(table, cells[i]);
    }
    GString *out = g_string_new(NULL);
    qblk_table_print(table, out);
    return g_string_free(out, FALSE);
}

static void
a_table_without_rows_has_heads(void **state)
{
    const char *const cells[] = {"end"};
    g_autofree char *text = print_table(cells);
    assert_string_equal(text, "NAME  SIZE  FILE\n");
}

static void
columns_are_as_wide_as_their_widest_cell(void **state)
{
    const char *const cells[] = {"a", "1", "x", "long name", "10000", "y", "end"};
    g_autofree char *text = print_table(cells);
    assert_string_equal(text, "NAME        SIZE  FILE\n"
                              "a              1  x\n"
                              "long name  10000  y\n");
}

static void
an_empty_cell_is_a_dash(void **state)
{
    const char *const cells[] = {"", NULL, NULL, "end"};
    g_autofree char *text = print_table(cells);
    assert_string_equal(text, "NAME  SIZE  FILE\n"
                              "-        -  -\n");
}

static void
characters_count_by_their_width(void **state)
{
    const char *const cells[] = {
        "日本語", "1",     "wide", "größe", "1",    "one", "e\xcc\x81\xcc\x81",
        "1",      "marks", "💾",    "1",     "wide", "end"};
    g_autofree char *text = print_table(cells);
    assert_string_equal(text, "NAME    SIZE  FILE\n"
                              "日本語     1  wide\n"
                              "größe      1  one\n"
                              "e\xcc\x81\xcc\x81          1  marks\n"
                              "💾         1  wide\n");
}

static void
a_cell_cannot_break_its_line_or_reach_the_terminal(void **state)
{
    const char *const cells[] = {"a\nb", "\x1b[31m", "x\xff\n", "end"};
    g_autofree char *text = print_table(cells);
    assert_string_equal(text, "NAME      SIZE  FILE\n"
                              "a\\nb  \\x1b[31m  x\\xff\\n\n");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_without_rows_has_heads),
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(an_empty_cell_is_a_dash),
        cmocka_unit_test(characters_count_by_their_width),
        cmocka_unit_test(a_cell_cannot_break_its_line_or_reach_the_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
