/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/complete-line.h"

#include "lib/check.h"

#define BREAKS " \t\n\"'><=;|&(:"

static void
words_are_split_as_by_a_shell(void **state)
{
    static const struct {
        const char *line, *words;
        char quote;
    } rows[] = {
        {"", "", 0},
        {"qblk", "qblk", 0},
        {"qblk ", "qblk|", 0},
        {" qblk  list\ta", "qblk|list|a", 0},
        {"a\\ b 'c d' \"e f\"g", "a b|c d|e fg", 0},
        {"a '' \"\" ", "a|||", 0},
        {"a '\\' \"\\\"\\$\\n\"", "a|\\|\"$\\n", 0},
        {"a 'b c", "a|b c", '\''},
        {"a \"b'c", "a|b'c", '"'},
        {"a --base='b", "a|--base=b", '\''},
        {"a b\\", "a|b", 0},
        {"a vda[1", "a|vda[1", 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(QblkCompleteLine) line = qblk_complete_line_new(rows[i].line, BREAKS);
        g_ptr_array_add(line->words, NULL);
        g_autofree char *words = g_strjoinv("|", (char **)line->words->pdata);
        g_ptr_array_set_size(line->words, (int)line->words->len - 1);
        assert_string_equal(words, rows[i].words);
        assert_int_equal(line->quote, rows[i].quote);
    }
}

static void
readline_replaces_what_follows_the_last_break_or_quote(void **state)
{
    static const struct {
        const char *line, *candidate, *inserted;
    } rows[] = {
        {"q vda", "vda[1]", "vda\\[1\\]"},
        {"q my", "my vm", "my\\ vm"},
        {"q my\\ ", "my vm", "my\\ vm"},
        {"q --base=v", "--base=vda[1]", "vda\\[1\\]"},
        {"q --base='v", "--base=vda[1]", "vda[1]"},
        {"q \"my", "my $vm", "my \\$vm"},
        {"q 'it", "it's", "it'\\''s"},
        {"q image:/im", "image:/img", "/img"},
        {"q image:", "image:/img", "/img"},
        {"q 'image:/im", "image:/img", "image:/img"},
        {"q ssh\\:x", "ssh:xyz", "ssh:xyz"},
        {"q ~/v", "~/vm", "~/vm"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(QblkCompleteLine) line = qblk_complete_line_new(rows[i].line, BREAKS);
        g_autofree char *inserted = qblk_complete_line_quote(line, rows[i].candidate, TRUE);
        assert_string_equal(inserted, rows[i].inserted);
    }

    g_autoptr(QblkCompleteLine) without = qblk_complete_line_new("q --base=v", " ");
    g_autofree char *whole = qblk_complete_line_quote(without, "--base=vda", TRUE);
    assert_string_equal(whole, "--base=vda");
}

static void
brackets_of_several_candidates_are_left_as_typed(void **state)
{
    g_autoptr(QblkCompleteLine) line = qblk_complete_line_new("q vda[", BREAKS);
    g_autofree char *inserted = qblk_complete_line_quote(line, "vda[1]", FALSE);
    assert_string_equal(inserted, "vda[1]");
    g_autofree char *other = qblk_complete_line_quote(line, "vda [1]", FALSE);
    assert_string_equal(other, "vda\\ [1]");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_split_as_by_a_shell),
        cmocka_unit_test(readline_replaces_what_follows_the_last_break_or_quote),
        cmocka_unit_test(brackets_of_several_candidates_are_left_as_typed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
