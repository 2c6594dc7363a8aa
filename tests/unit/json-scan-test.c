/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json-scan.h"

#include "lib/check.h"

static gsize
scan_text(QblkJsonScan *scan, const char *text, gsize max_depth)
{
    return qblk_json_scan(scan, text, strlen(text), max_depth);
}

static void
a_scan_ends_behind_the_outermost_bracket(void **state)
{
    static const struct {
        const char *text;
        gsize scanned, depth, deepest, containers, commas;
    } cases[] = {
        {"{} {}", 2, 0, 1, 1, 0},
        {"{\"a\":[1,2],\"b\":{}}x", 18, 0, 2, 3, 2},
        {"[[[", 3, 3, 3, 3, 0},
        {"1,2", 3, 0, 0, 0, 1},
        {"]]{}", 4, 0, 1, 1, 0},
        {"{\"}\\\"}\"}", 8, 0, 1, 1, 0},
        {"{\"a,[{\\\\\"}", 10, 0, 1, 1, 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        QblkJsonScan scan = {0};
        assert_int_equal(scan_text(&scan, cases[i].text, 10), cases[i].scanned);
        assert_int_equal(scan.depth, cases[i].depth);
        assert_int_equal(scan.deepest, cases[i].deepest);
        assert_int_equal(scan.containers, cases[i].containers);
        assert_int_equal(scan.commas, cases[i].commas);
    }
}

static void
too_many_levels_end_a_scan(void **state)
{
    QblkJsonScan scan = {0};
    assert_int_equal(scan_text(&scan, "[[[[", 2), 3);
    assert_int_equal(scan.depth, 3);
}

static void
a_text_may_come_byte_by_byte(void **state)
{
    static const char text[] = "{\"a\\\"]\":[\"\\\\\",{}]}";
    QblkJsonScan scan = {0};
    for (gsize i = 0; i < strlen(text); i++) {
        assert_true(i == 0 || scan.depth > 0);
        assert_int_equal(qblk_json_scan(&scan, text + i, 1, 10), 1);
    }
    assert_int_equal(scan.depth, 0);
    assert_int_equal(scan.containers, 3);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scan_ends_behind_the_outermost_bracket),
        cmocka_unit_test(too_many_levels_end_a_scan),
        cmocka_unit_test(a_text_may_come_byte_by_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
