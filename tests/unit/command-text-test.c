/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/command-text.h"

#include "lib/check.h"

/* Check the text for QEMU with the id 42. */
static void
assert_built(const char *text, const char *arguments, const char *expected)
{
    QblkCommandText command;
    qblk_command_text_init(&command, text, strlen(text));
    assert_null(command.error);
    GString *built = g_string_new(text);
    GString *other = arguments == NULL ? NULL : g_string_new(arguments);
    qblk_command_text_build(&command, built, 42, other);
    g_autofree char *line = g_strconcat(expected, "\n", NULL);
    assert_string_equal(built->str, line);
    assert_int_equal(built->len, strlen(line));

    g_string_free(built, TRUE);
    if (other != NULL) {
        g_string_free(other, TRUE);
    }
    qblk_command_text_clear(&command);
}

static void
only_the_id_is_replaced(void **state)
{
    assert_built("{\"execute\":\"x\",\"id\":1}", NULL, "{\"execute\":\"x\",\"id\":42}");
    assert_built("{\"id\" : {\"a\": [1, 2]} , 'execute':'x'\n}", NULL,
                 "{\"id\" : 42 , 'execute':'x'\n}");
    assert_built("{'id':'}','execute':'x'}", NULL, "{'id':42,'execute':'x'}");
    assert_built("{\"\\u0069d\":null,\"execute\":\"x\"}", NULL,
                 "{\"\\u0069d\":42,\"execute\":\"x\"}");
    assert_built("{\"execute\":\"x\",\"arguments\":{\"id\":1}}", NULL,
                 "{\"execute\":\"x\",\"arguments\":{\"id\":1}, \"id\": 42}");
    assert_built("{\"execute\":\"x\"  }", NULL, "{\"execute\":\"x\", \"id\": 42  }");
}

static void
arguments_are_replaced_before_and_after_the_id(void **state)
{
    assert_built("{'execute':'x','arguments':{'a':1},'id':1}", "{}",
                 "{'execute':'x','arguments':{},'id':42}");
    assert_built("{'id':123456,'execute':'x','arguments':{'a':1}}", "{'longer':12345}",
                 "{'id':42,'execute':'x','arguments':{'longer':12345}}");
    assert_built("{'arguments':{'a':1},'execute':'x'}", "{'b':22}",
                 "{'arguments':{'b':22},'execute':'x', \"id\": 42}");
}

static void
assert_value(const char *text, const char *expected)
{
    g_autofree char *value = qblk_command_text_value(text, strlen(text));
    assert_string_equal(value, expected);
}

static void
an_id_comes_back_as_json_on_one_line(void **state)
{
    assert_value("null", "null");
    assert_value("18446744073709551616", "18446744073709551616");
    assert_value("1.50", "1.50");
    assert_value("\"a\\\"b\\u00e9\\/\xc3\xa9\"", "\"a\\\"b\\u00e9\\/\xc3\xa9\"");
    assert_value("'single \"x\\' \\\\'", "\"single \\\"x' \\\\\"");
    assert_value("\"it\\'s\"", "\"it's\"");
    assert_value("\"\xc0\x80\"", "\"\\u0000\"");
    assert_value("{\r\n  'a' : [1,\t2, {}]\n}", "{  \"a\" : [1,2, {}]}");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_id_is_replaced),
        cmocka_unit_test(arguments_are_replaced_before_and_after_the_id),
        cmocka_unit_test(an_id_comes_back_as_json_on_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
