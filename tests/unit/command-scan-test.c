/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What QEMU 5.2, 7.2 and 10.0 make of the bytes of a client, as they were recorded. */
#include "bridge/command-scan.h"

#include "base/limits.h"
#include "bridge/command-check.h"
#include "bridge/command-text.h"
#include "lib/check.h"

/* Append what a command means: its name, or the error that answers it. */
static void
append_command(GString *out, const char *text, gsize length)
{
    assert_false(g_ascii_isspace(*text));
    g_autofree char *error = qblk_command_check(text, length);
    if (error != NULL) {
        g_string_append_printf(out, "%s|", error);
        return;
    }
    QblkCommandText command;
    qblk_command_text_init(&command, text, length);
    assert_true((command.name == NULL) == (command.error != NULL));
    g_string_append_printf(out, "%s%s|", command.name == NULL ? "" : "!",
                           command.name == NULL ? command.error : command.name);
    qblk_command_text_clear(&command);
}

/* All that @bytes mean, if @piece more of them are seen at a time. */
static char *
read_all(const char *bytes, gsize length, gsize piece)
{
    QblkCommandScan scan = {0};
    GString *out = g_string_new(NULL);
    gsize start = 0, end = 0;
    while (start < length) {
        gsize used = 0;
        char *error = NULL;
        switch (qblk_command_scan(&scan, bytes + start, end - start, &used, &error)) {
        case QBLK_COMMAND_SCAN_MORE:
        case QBLK_COMMAND_SCAN_NOTHING:
            if (end == length && start + used < end && used == 0) {
                g_string_append(out, "...");
                return g_string_free(out, FALSE);
            }
            end = start + used == end || used == 0 ? MIN(end + piece, length) : end;
            break;
        case QBLK_COMMAND_SCAN_COMMAND:
            append_command(out, bytes + start + scan.start, used - scan.start);
            break;
        case QBLK_COMMAND_SCAN_ERROR:
            g_string_append_printf(out, "%s|", error);
            g_free(error);
            break;
        }
        start += used;
    }
    return g_string_free(out, FALSE);
}

static void
assert_means_length(const char *bytes, gsize length, const char *expected)
{
    for (gsize piece = 1; piece <= length + 1; piece += length > 100 ? length : 1) {
        g_autofree char *found = read_all(bytes, length, piece);
        assert_string_equal(found, expected);
    }
}

static void
assert_means(const char *bytes, const char *expected)
{
    assert_means_length(bytes, strlen(bytes), expected);
}

#define STATUS       "{\"execute\":\"query-status\"}"
#define PARSE        "JSON parse error, "
#define NO_OBJECT    "QMP input must be a JSON object|"
#define NO_VALUE     PARSE "expecting value|"
#define STRAY(bytes) PARSE "stray '" bytes "'|"

static void
any_value_is_a_command(void **state)
{
    assert_means("[]\n[1,2]\n5\n\"x\"\n'x'\nnull\ntrue\n-5.5e+3 ",
                 NO_OBJECT NO_OBJECT NO_OBJECT NO_OBJECT NO_OBJECT NO_OBJECT NO_OBJECT NO_OBJECT);
    assert_means("{}", "QMP input lacks member 'execute'|");
    assert_means("5", "...");
    assert_means("\n\n  \t\r\n", "");
}

static void
commands_need_no_line_end(void **state)
{
    assert_means(STATUS STATUS "  " STATUS "\n", "!query-status|!query-status|!query-status|");
    assert_means("   {\"execute\":\"query-status\"\n,\"id\":1\r\n}", "!query-status|");
    assert_means("{'execute':'query-status', 'id':'\"'}", "!query-status|");
    assert_means("{\"\\u0065xecute\":\"query\\u002dstatus\",\"\\u0069d\":3}", "!query-status|");
    assert_means("{\"execute\":\"x\" {\"execute\":\"y\"}\n", "...");
    assert_means("{\"execute\":\"x\" {\"execute\":\"y\"}\n}", PARSE "expected separator in dict|");
}

static void
a_byte_that_starts_no_token_is_an_error(void **state)
{
    assert_means("Foo bar\n" STATUS, STRAY("F") "!query-status|");
    assert_means("%d\n%s \n", STRAY("%") STRAY("%"));
    assert_means("\x7f\n\x01\n", STRAY("\x7f") STRAY("\x01"));
    assert_means("\xff\xff\n", STRAY("\xff") STRAY("\xff"));
    assert_means_length("\0\n", 2, STRAY(""));
    assert_means("-x\n1.x\n01\n1e\n01\n", STRAY("-x") STRAY("1.x") STRAY("01") STRAY("1e\n"));
    assert_means("\"abc\n" STATUS, STRAY("\"abc\n") "!query-status|");
    assert_means("0e5\n0E5\n",
                 NO_OBJECT PARSE "invalid keyword 'e'|" NO_OBJECT NO_OBJECT STRAY("E"));
}

static void
the_rest_is_dropped_up_to_a_bracket_or_line(void **state)
{
    assert_means("@@@ " STATUS, STRAY("@") "!query-status|");
    assert_means("@ \"a\" " STATUS, STRAY("@") "!query-status|");
    assert_means("@5 \n5\n", STRAY("@") NO_OBJECT);
    assert_means("@\t5 \n@\r5 \n@\n5 \n", STRAY("@") STRAY("@") NO_OBJECT STRAY("@") NO_OBJECT);
    assert_means("@\x1b"
                 "5\n@\xfe"
                 "5\n@\xfd"
                 "5\n",
                 STRAY("@") STRAY("\x1b") STRAY("@") STRAY("\xfe") STRAY("@"));
    assert_means("@,5 \n@:5 \n@]5 \n@}5 \n",
                 STRAY("@") NO_VALUE NO_OBJECT STRAY("@") NO_VALUE NO_OBJECT STRAY("@")
                     NO_VALUE NO_OBJECT STRAY("@") NO_VALUE NO_OBJECT);
    assert_means("\xef\xbb\xbf" STATUS, STRAY("\xef") "!query-status|");
    assert_means(STATUS " @@ " STATUS, "!query-status|" STRAY("@") "!query-status|");
    assert_means("{\"execute\":\n@\n" STATUS, STRAY("@") "!query-status|");
    assert_means("{\"execute\": @ } " STATUS, STRAY("@") NO_VALUE "!query-status|");
    assert_means("{\"execute\":\"query-\nstatus\",\"id\":7}\n" STATUS,
                 STRAY("\"query-\n") NO_VALUE NO_OBJECT NO_VALUE NO_OBJECT NO_VALUE
                 "!query-status|");
}

static void
keywords_end_at_any_other_byte(void **state)
{
    assert_means("foo bar\n", PARSE "invalid keyword 'foo'|" PARSE "invalid keyword 'bar'|");
    assert_means("abc123\n", PARSE "invalid keyword 'abc'|" NO_OBJECT);
    assert_means("abcD{}",
                 PARSE "invalid keyword 'abc'|" STRAY("D") "QMP input lacks member 'execute'|");
    assert_means("abc\x80\n12\x80\n12A\n", PARSE "invalid keyword 'abc'|" STRAY("\x80")
                                               NO_OBJECT STRAY("\x80") NO_OBJECT STRAY("A"));
}

static void
errors_of_syntax_are_those_of_qemu(void **state)
{
    static const struct {
        const char *text;
        const char *error;
    } rows[] = {
        {"{\"execute\":\"query-status\",}", NO_VALUE},
        {"{\"execute\" \"query-status\"}", PARSE "missing : in object pair|"},
        {"{5:5}", PARSE "key is not a string in object|"},
        {"{\"a\":1 \"b\":2}", PARSE "expected separator in dict|"},
        {"{\"a\":[1 2]}", PARSE "expected separator in list|"},
        {"{\"a\":[1,]}", NO_VALUE},
        {"{,}", NO_VALUE},
        {"{\"a\":}", NO_VALUE},
        {"{\"a\":[}]", NO_VALUE},
        {"{\"a\":{]}", NO_VALUE NO_VALUE},
        {"{]}", NO_VALUE NO_VALUE},
        {"[1}", PARSE "expected separator in list|"},
        {"[1-2]", PARSE "expected separator in list|"},
        {"[1.5e3e4]", PARSE "expected separator in list|"},
        {"{\"id\":0e5}", PARSE "expected separator in dict|"},
        {"{\"id\":-0.1E+5}", "QMP input lacks member 'execute'|"},
        {"}", NO_VALUE},
        {"]", NO_VALUE},
        {",", NO_VALUE},
        {":", NO_VALUE},
        {"{\"id\":nul}", PARSE "invalid keyword 'nul'|"},
        {"{\"id\":01}", STRAY("01") NO_VALUE},
        {"{\"id\":1.}", STRAY("1.}")},
        {"{\"id\":%d}", STRAY("%") NO_VALUE},
        {"{\"id\":1,\"id\":2}", PARSE "duplicate key|"},
        {"{\"id\":{\"a\":1,'\\u0061':2}}", PARSE "duplicate key|"},
        {"[\"\\q\"]", PARSE "invalid escape sequence in string|"},
        {"[\"\\u12\"]", PARSE "\\u12\" is not a valid Unicode character|"},
        {"\"\\u12\"", PARSE "\\u12\" is not a valid Unicode character|"},
        {"\"\\ud800\"", PARSE "\\ud800 is not a valid Unicode character|"},
        {"\"\\ud83d\\u0041\"", PARSE "\\ud83d is not a valid Unicode character|"},
        {"\"\\udc00\"", PARSE "\\udc00 is not a valid Unicode character|"},
        {"\"\\uffff\"", PARSE "\\uffff is not a valid Unicode character|"},
        {"\"\\ufdd0\"", PARSE "\\ufdd0 is not a valid Unicode character|"},
        {"\"\\ud83d\\ude00\\u0000\\'\"", NO_OBJECT},
        {"\"\xc3\"", PARSE "invalid UTF-8 sequence in string|"},
        {"\"\xed\xa0\x80\"", PARSE "invalid UTF-8 sequence in string|"},
        {"\"\xef\xbf\xbf\"", PARSE "invalid UTF-8 sequence in string|"},
        {"\"\xf5\x80\x80\x80\"", PARSE "invalid UTF-8 sequence in string|"},
        {"\"a\xfd\"", PARSE "invalid UTF-8 sequence in string|"},
        {"\"a\xfe\"", STRAY("\"a\xfe")},
        {"\"\xc0\x80\xc3\xa9\xf0\x9f\x98\x80\"", NO_OBJECT},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *line = g_strconcat(rows[i].text, "\n", NULL);
        assert_means(line, rows[i].error);
    }
}

static void
errors_of_members_are_those_of_qemu(void **state)
{
    static const struct {
        const char *text;
        const char *error;
    } rows[] = {
        {"{\"execute\":\"x\",\"foo\":1}", "QMP input member 'foo' is unexpected|"},
        {"{\"execute\":5}", "QMP input member 'execute' must be a string|"},
        {"{\"exec-oob\":5}", "QMP input member 'exec-oob' must be a string|"},
        {"{\"execute\":\"x\",\"arguments\":[]}", "QMP input member 'arguments' must be an object|"},
        {"{\"execute\":\"x\",\"arguments\":null}",
         "QMP input member 'arguments' must be an object|"},
        {"{\"arguments\":{},\"id\":1}", "QMP input lacks member 'execute'|"},
        {"{\"execute\":\"x\",\"exec-oob\":\"y\"}",
         "QMP input member 'execute' clashes with 'exec-oob'|"},
        {"{\"zz\":1,\"execute\":5,\"arguments\":[]}",
         "QMP input member 'execute' must be a string|"},
        {"{\"arguments\":5,\"execute\":5}", "QMP input member 'execute' must be a string|"},
        {"{\"exec-oob\":\"y\",\"execute\":\"x\"}",
         "QMP input member 'execute' clashes with 'exec-oob'|"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        assert_means(rows[i].text, rows[i].error);
    }
}

static char *
nested(gsize depth)
{
    g_autofree char *open = g_strnfill(depth, '[');
    g_autofree char *end = g_strnfill(depth, ']');
    return g_strconcat("{\"execute\":\"x\",\"id\":", open, end, "}" STATUS, NULL);
}

static void
nesting_and_tokens_have_the_limits_of_qemu(void **state)
{
    g_autofree char *good = nested(QBLK_LIMIT_COMMAND_DEPTH - 1);
    assert_means(good, "!x|!query-status|");
    g_autofree char *bad = nested(QBLK_LIMIT_COMMAND_DEPTH);
    assert_means(bad, "JSON nesting depth limit exceeded|!query-status|");
    g_autofree char *worse = nested(100000);
    assert_means(worse, "JSON nesting depth limit exceeded|!query-status|");

    g_autofree char *commas = g_strnfill(QBLK_LIMIT_COMMAND_TOKENS + 10, ',');
    g_autofree char *many = g_strconcat("[", commas, "]" STATUS, NULL);
    assert_means(many, "JSON token count limit exceeded|!query-status|");
}

static void
a_long_byte_that_is_no_token_is_cut_as_in_qemu(void **state)
{
    g_autofree char *letters = g_strnfill(2000, 'a');
    g_autofree char *text = g_strconcat("\"", letters, "\n", NULL);
    g_autofree char *cut = g_strndup(letters, 1023 - strlen("stray '\""));
    g_autofree char *expected = g_strconcat(PARSE "stray '\"", cut, "|", NULL);
    assert_means(text, expected);
}

static void
duplicates_are_found_among_many_keys(void **state)
{
    GString *text = g_string_new("{\"execute\":\"x\",\"arguments\":{");
    for (guint i = 0; i < 1000; i++) {
        g_string_append_printf(text, "\"key%u\":%u,", i, i);
    }
    g_autofree char *good = g_strconcat(text->str, "\"key\":1}}", NULL);
    assert_means(good, "!x|");
    g_autofree char *bad = g_strconcat(text->str, "\"key77\":1}}", NULL);
    assert_means(bad, PARSE "duplicate key|");
    g_string_free(text, TRUE);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_value_is_a_command),
        cmocka_unit_test(commands_need_no_line_end),
        cmocka_unit_test(a_byte_that_starts_no_token_is_an_error),
        cmocka_unit_test(the_rest_is_dropped_up_to_a_bracket_or_line),
        cmocka_unit_test(keywords_end_at_any_other_byte),
        cmocka_unit_test(errors_of_syntax_are_those_of_qemu),
        cmocka_unit_test(errors_of_members_are_those_of_qemu),
        cmocka_unit_test(nesting_and_tokens_have_the_limits_of_qemu),
        cmocka_unit_test(a_long_byte_that_is_no_token_is_cut_as_in_qemu),
        cmocka_unit_test(duplicates_are_found_among_many_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
