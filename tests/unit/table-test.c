/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/table.h"

#include "cli/print/fit.h"
#include "lib/check.h"

static const QblkTableColumn columns[] = {
    {.head = "NAME", .style = QBLK_STYLE_DIM, .rank = 1, .least = 8},
    {.head = "SIZE", .is_right = TRUE},
    {.head = "FILE", .is_path = TRUE, .rank = 2, .least = 10},
    {.head = NULL},
};

static const QblkTerminal pipe_of_utf8 = {.is_utf8 = TRUE};

/* @cells ends with "end". */
static char *
print_on(const QblkTerminal *terminal, const QblkTableColumn *of_table, const char *const *cells)
{
    g_autoptr(QblkTable) table = qblk_table_new(of_table, terminal);

    for (guint i = 0; g_strcmp0(cells[i], "end") != 0; i++) {
        qblk_table_add(table, cells[i]);
    }
    GString *out = g_string_new(NULL);
    qblk_table_print(table, out);
    return g_string_free(out, FALSE);
}

static char *
print_table(const char *const *cells)
{
    return print_on(&pipe_of_utf8, columns, cells);
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

static void
the_column_of_the_lowest_rank_is_shortened_first(void **state)
{
    const char *const cells[] = {
        "a long name of a node", "8 MiB", "/images/vm/disk-1.qcow2", "short", "1 B", "/x", "end"};
    const QblkTerminal wide = {.is_utf8 = TRUE, .columns = 53},
                       middle = {.is_utf8 = TRUE, .columns = 45},
                       narrow = {.is_utf8 = TRUE, .columns = 35};
    g_autofree char *all = print_on(&wide, columns, cells);
    assert_string_equal(all, "NAME                    SIZE  FILE\n"
                             "a long name of a node  8 MiB  /images/vm/disk-1.qcow2\n"
                             "short                    1 B  /x\n");
    g_autofree char *less = print_on(&middle, columns, cells);
    assert_string_equal(less, "NAME            SIZE  FILE\n"
                              "a long name …  8 MiB  /images/vm/disk-1.qcow2\n"
                              "short            1 B  /x\n");
    g_autofree char *least = print_on(&narrow, columns, cells);
    assert_string_equal(least, "NAME       SIZE  FILE\n"
                               "a long …  8 MiB  /ima…/disk-1.qcow2\n"
                               "short       1 B  /x\n");
}

static void
no_line_is_wider_than_the_terminal(void **state)
{
    const char *const cells[] = {"日本語日本語日本語", "8 MiB", "/images/vm/größe.qcow2", "end"};

    for (guint i = 17; i < 60; i++) {
        const QblkTerminal terminal = {.is_utf8 = i % 2 == 0, .columns = i};
        g_autofree char *text = print_on(&terminal, columns, cells);
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        assert_true(qblk_fit_width(lines[0]) <= i);
        assert_true(qblk_fit_width(lines[1]) <= i);
    }
    for (guint i = 1; i < 17; i++) { /* heads and sizes stay */
        const QblkTerminal terminal = {.columns = i};
        g_autofree char *text = print_on(&terminal, columns, cells);
        assert_non_null(strstr(text, "8 MiB"));
    }
}

static void
a_column_that_tells_nothing_is_left_out_if_the_table_is_too_wide(void **state)
{
    static const QblkTableColumn kinds[] = {{.head = "NAME"},
                                            {.head = "KIND", .usual = "disk"},
                                            {.head = "JOB", .usual = "-"},
                                            {.head = NULL}};
    const char *const usual[] = {"vda", "disk", NULL, "vdb", NULL, NULL, "end"};
    const char *const other[] = {"vda", "disk", NULL, "vdb", "cdrom", "commit", "end"};
    const QblkTerminal wide = {.columns = 15}, narrow = {.columns = 14};

    g_autofree char *all = print_on(&wide, kinds, usual);
    assert_string_equal(all, "NAME  KIND  JOB\n"
                             "vda   disk  -\n"
                             "vdb   -     -\n");
    g_autofree char *some = print_on(&narrow, kinds, usual);
    assert_string_equal(some, "NAME  JOB\n"
                              "vda   -\n"
                              "vdb   -\n");
    g_autofree char *kept = print_on(&narrow, kinds, other);
    assert_string_equal(kept, "NAME  KIND   JOB\n"
                              "vda   disk   -\n"
                              "vdb   cdrom  commit\n");
}

static void
a_column_is_left_out_if_shortening_is_not_enough(void **state)
{
    static const QblkTableColumn nodes[] = {
        {.head = "NAME"},
        {.head = "NODE", .rank = 1, .least = 5, .leaves = 1},
        {.head = "FILE", .is_path = TRUE, .rank = 2, .least = 6},
        {.head = NULL},
    };
    const char *const cells[] = {"vda", "#block123", "/a/b/c.raw", "end"};
    const QblkTerminal all = {.columns = 27}, narrow = {.columns = 19}, least = {.columns = 18};

    g_autofree char *whole = print_on(&all, nodes, cells);
    assert_string_equal(whole, "NAME  NODE       FILE\n"
                               "vda   #block123  /a/b/c.raw\n");
    g_autofree char *shorter = print_on(&narrow, nodes, cells);
    assert_string_equal(shorter, "NAME  NODE   FILE\n"
                                 "vda   #b...  ...raw\n");
    g_autofree char *shortest = print_on(&least, nodes, cells);
    assert_string_equal(shortest, "NAME  FILE\n"
                                  "vda   /a/b/c.raw\n");
}

static void
heads_and_columns_have_styles(void **state)
{
    const char *const cells[] = {"a", "1", "x", "end"};
    const QblkTerminal terminal = {.has_color = TRUE};
    g_autofree char *text = print_on(&terminal, columns, cells);
    assert_string_equal(text, "\033[1mNAME\033[0m  \033[1mSIZE\033[0m  \033[1mFILE\033[0m\n"
                              "\033[2ma\033[0m        1  x\n");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_without_rows_has_heads),
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(an_empty_cell_is_a_dash),
        cmocka_unit_test(characters_count_by_their_width),
        cmocka_unit_test(a_cell_cannot_break_its_line_or_reach_the_terminal),
        cmocka_unit_test(the_column_of_the_lowest_rank_is_shortened_first),
        cmocka_unit_test(no_line_is_wider_than_the_terminal),
        cmocka_unit_test(a_column_that_tells_nothing_is_left_out_if_the_table_is_too_wide),
        cmocka_unit_test(a_column_is_left_out_if_shortening_is_not_enough),
        cmocka_unit_test(heads_and_columns_have_styles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
