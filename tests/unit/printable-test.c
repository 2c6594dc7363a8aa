/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/printable.h"

#include "lib/check.h"

static void
assert_all(const gunichar *characters, gsize count, gboolean expected)
{
    for (gsize i = 0; i < count; i++) {
        if (qblk_printable(characters[i]) != expected) {
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
what_is_invisible_is_not_shown(void **state)
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
what_is_no_character_is_not_shown(void **state)
{
    static const gunichar hidden[] = {0x378,  0xD800,   0xDFFF,   0xFFFE,
                                      0xFFFF, 0x10FFFF, 0x110000, 0xFFFFFFFF};
    assert_all(hidden, G_N_ELEMENTS(hidden), FALSE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_signs_and_combining_marks_are_shown),
        cmocka_unit_test(controls_and_ends_of_lines_are_not_shown),
        cmocka_unit_test(marks_of_direction_are_not_shown),
        cmocka_unit_test(what_is_invisible_is_not_shown),
        cmocka_unit_test(the_fillers_of_hangul_are_not_shown),
        cmocka_unit_test(what_is_no_character_is_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
