/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/picture-text.h"

#include "lib/check.h"

static void
assert_fits(const char *text, int width, const char *expected)
{
    g_autofree char *fitted = qblk_picture_text_fit(text, 12, FALSE, width);

    assert_string_equal(fitted, expected);
    assert_true(qblk_picture_text_width(fitted, 12, FALSE) <= width);
}

static void
a_text_that_fits_is_kept(void **state)
{
    int width = qblk_picture_text_width("disk-1.qcow2", 12, FALSE);

    assert_fits("disk-1.qcow2", width, "disk-1.qcow2");
    assert_fits("", 0, "");
}

static void
a_long_name_keeps_its_start_and_its_end(void **state)
{
    assert_fits("a-very-long-name-of-an-image-with-a-number-0042.qcow2", 150,
                "a-very-long…042.qcow2");
}

static void
characters_are_as_wide_as_in_the_widest_font(void **state)
{
    assert_int_equal(qblk_picture_text_width("@", 100, FALSE), 102);
    assert_int_equal(qblk_picture_text_width("日", 100, FALSE), 100);
    assert_int_equal(qblk_picture_text_width("e\xcc\x81", 100, FALSE), 62);
    assert_int_equal(qblk_picture_text_width("i", 100, TRUE), 34);
}

static void
a_shortened_name_is_still_utf_8(void **state)
{
    for (int width = 12; width < 200; width++) {
        g_autofree char *fitted = qblk_picture_text_fit(
            "日本語e\xcc\x81日本語e\xcc\x81日本語e\xcc\x81.qcow2", 12, FALSE, width);
        assert_true(g_utf8_validate(fitted, -1, NULL));
        assert_true(qblk_picture_text_width(fitted, 12, FALSE) <= width);
        assert_null(strstr(fitted, "…\xcc\x81"));
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_that_fits_is_kept),
        cmocka_unit_test(a_long_name_keeps_its_start_and_its_end),
        cmocka_unit_test(characters_are_as_wide_as_in_the_widest_font),
        cmocka_unit_test(a_shortened_name_is_still_utf_8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
