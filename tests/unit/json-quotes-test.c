/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json-quotes.h"
#include "lib/check.h"

static void
strings_get_double_quotes(void **state)
{
    static const struct {
        const char *text, *json;
    } cases[] = {
        {"{'a': 'b'}", "{\"a\": \"b\"}"},
        {"{\"a\": \"b\"}", "{\"a\": \"b\"}"},
        {"{'a': \"b\", \"c\": 'd'}", "{\"a\": \"b\", \"c\": \"d\"}"},
        {"\"it's\"", "\"it's\""},
        {"'say \"it\"'", "\"say \\\"it\\\"\""},
        {"'it\\'s'", "\"it's\""},
        {"\"it\\'s\"", "\"it's\""},
        {"\"a\\\"'b\"", "\"a\\\"'b\""},
        {"'a\\\\'", "\"a\\\\\""},
        {"'a\\n'", "\"a\\n\""},
        {"", ""},
        {"[1, true]", "[1, true]"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *json = qblk_json_quotes_double(cases[i].text);
        assert_string_equal(json, cases[i].json);
    }
}

static void
a_string_that_does_not_end_stays_broken(void **state)
{
    static const struct {
        const char *text, *json;
    } cases[] = {{"'a", "\"a"}, {"\"a", "\"a"}, {"'a\\", "\"a\\"}, {"'", "\""}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *json = qblk_json_quotes_double(cases[i].text);
        assert_string_equal(json, cases[i].json);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_get_double_quotes),
        cmocka_unit_test(a_string_that_does_not_end_stays_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
