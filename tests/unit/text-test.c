/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/text.h"

#include "lib/check.h"

#include <qblk/chain.h>

static void
the_last_name_is_joined_by_a_word(void **state)
{
    static const char *const names[] = {"a", "b", "", "100%s"};
    static const char *const lists[] = {"", "a", "a and b", "a, b and ", "a, b,  and 100%s"};
    for (guint count = 0; count < G_N_ELEMENTS(lists); count++) {
        g_autofree char *list = qblk_text_list(names, count);
        assert_string_equal(list, lists[count]);
    }
}

static void
only_the_first_of_many_names_are_listed(void **state)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    static const char *const lists[] = {"a and 3 more", "a, b and 2 more", "a, b, c and 1 more",
                                        "a, b, c and d", "a, b, c and d"};
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autofree char *list = qblk_text_list_some(names, G_N_ELEMENTS(names), i + 1);
        assert_string_equal(list, lists[i]);
    }
}

static void
no_names_need_no_array(void **state)
{
    g_autofree char *list = qblk_text_list(NULL, 0);
    assert_string_equal(list, "");
}

static void
assert_all(const gunichar *characters, gsize count, gboolean expected)
{
    for (gsize i = 0; i < count; i++) {
        if (qblk_text_is_printable(characters[i]) != expected) {
            fail_msg("U+%04X is %s", characters[i], expected ? "not shown" : "shown");
        }
    }
}

static void
letters_signs_and_combining_marks_are_shown(void **state)
{
    static const gunichar shown[] = {' ',    'a',    '~',    0xA0,   0xE9,   0x300,
                                     0x5D0,  0x627,  0x1100, 0x1161, 0x2026, 0x3000,
                                     0x4E2D, 0xAC00, 0xFFFD, 0x1F600};
    assert_all(shown, G_N_ELEMENTS(shown), TRUE);
}

static void
controls_and_ends_of_lines_are_not_shown(void **state)
{
    for (gunichar character = 0; character < 0x20; character++) {
        assert_all(&character, 1, FALSE);
        gunichar high = character + 0x80;
        assert_all(&high, 1, FALSE);
    }
    static const gunichar hidden[] = {0x7F, 0x2028, 0x2029};
    assert_all(hidden, G_N_ELEMENTS(hidden), FALSE);
}

static void
marks_of_direction_are_not_shown(void **state)
{
    static const gunichar hidden[] = {0x61C,  0x200E, 0x200F, 0x202A, 0x202B, 0x202C,
                                      0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069};
    assert_all(hidden, G_N_ELEMENTS(hidden), FALSE);
}

static void
invisible_characters_are_not_shown(void **state)
{
    static const gunichar hidden[] = {0xAD,   0x180E, 0x200B, 0x200C, 0x200D,  0x2060,
                                      0x2064, 0xFEFF, 0xFFF9, 0xFFFB, 0xE0001, 0xE007F};
    assert_all(hidden, G_N_ELEMENTS(hidden), FALSE);
}

/* Letters by their category, but without a glyph. */
static void
the_fillers_of_hangul_are_not_shown(void **state)
{
    static const gunichar hidden[] = {0x115F, 0x1160, 0x3164, 0xFFA0};
    assert_all(hidden, G_N_ELEMENTS(hidden), FALSE);
}

static void
values_that_are_not_characters_are_not_shown(void **state)
{
    static const gunichar hidden[] = {0x378,  0xD800,   0xDFFF,   0xFFFE,
                                      0xFFFF, 0x10FFFF, 0x110000, 0xFFFFFFFF};
    assert_all(hidden, G_N_ELEMENTS(hidden), FALSE);
}

static void
sizes_are_written_in_binary_units(void **state)
{
    static const struct {
        gint64 bytes;
        const char *text;
    } cases[] = {
        {0, "0 B"},
        {1, "1 B"},
        {1023, "1023 B"},
        {1024, "1 KiB"},
        {1024 + 102, "1 KiB"},
        {1024 + 103, "1.1 KiB"},
        {1536, "1.5 KiB"},
        {G_GINT64_CONSTANT(1) << 20, "1 MiB"},
        {G_GINT64_CONSTANT(10) << 30, "10 GiB"},
        {G_GINT64_CONSTANT(3) << 40, "3 TiB"},
        {G_GINT64_CONSTANT(5) << 50, "5 PiB"},
        {G_GINT64_CONSTANT(1) << 60, "1 EiB"},
        {G_MAXINT64, "7.9 EiB"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = qblk_text_size(cases[i].bytes);
        assert_string_equal(text, cases[i].text);
    }
}

static void
a_size_is_never_rounded_up_to_the_next_whole(void **state)
{
    g_autofree char *mib = qblk_text_size((G_GINT64_CONSTANT(1) << 20) - 1);
    g_autofree char *gib = qblk_text_size((G_GINT64_CONSTANT(1) << 30) - 1);
    assert_string_equal(mib, "1023.9 KiB");
    assert_string_equal(gib, "1023.9 MiB");
}

static void
an_unknown_size_has_no_text(void **state)
{
    assert_null(qblk_text_size(QBLK_UNKNOWN));
    assert_null(qblk_text_size(G_MININT64));
}

static void
percent_is_rounded_down(void **state)
{
    static const struct {
        gint64 done, total;
        int percent;
    } cases[] = {
        {0, 100, 0},
        {999, 1000, 99},
        {1000, 1000, 100},
        {1001, 1000, 100},
        {5, 0, -1},
        {-1, 10, -1},
        {5, -1, -1},
        {G_MAXINT64 - 1, G_MAXINT64, 99},
        {0, 0, -1},
        {1, 1000, 0},
        {G_MAXINT64 / 2, G_MAXINT64, 50},
        {G_MAXINT64, G_MAXINT64, 100},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_int_equal(qblk_text_percent(cases[i].done, cases[i].total), cases[i].percent);
    }
}

static void
a_url_has_a_scheme(void **state)
{
    static const char *const urls[] = {"nbd://h/x", "nbd+unix:///x?socket=y", "http://h", "a2://"};
    static const char *const paths[] = {"",      "/a",        "./nbd://h/x", "nbd:h:1", "://x",
                                        "2a://", "a b://h/x", "/nbd://h/x",  "nbd:/h",  "json:{}"};
    for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
        assert_true(qblk_text_is_url(urls[i]));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        assert_false(qblk_text_is_url(paths[i]));
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_has_a_scheme),
        cmocka_unit_test(the_last_name_is_joined_by_a_word),
        cmocka_unit_test(only_the_first_of_many_names_are_listed),
        cmocka_unit_test(no_names_need_no_array),
        cmocka_unit_test(letters_signs_and_combining_marks_are_shown),
        cmocka_unit_test(controls_and_ends_of_lines_are_not_shown),
        cmocka_unit_test(marks_of_direction_are_not_shown),
        cmocka_unit_test(invisible_characters_are_not_shown),
        cmocka_unit_test(the_fillers_of_hangul_are_not_shown),
        cmocka_unit_test(values_that_are_not_characters_are_not_shown),
        cmocka_unit_test(sizes_are_written_in_binary_units),
        cmocka_unit_test(a_size_is_never_rounded_up_to_the_next_whole),
        cmocka_unit_test(an_unknown_size_has_no_text),
        cmocka_unit_test(percent_is_rounded_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
