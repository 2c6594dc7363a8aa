/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/output.h"

#include "lib/check.h"
#include "lib/cli-check.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
safe_text_is_not_changed(void **state)
{
    static const char *const texts[] = {"",       "vda[2]",    "größe 日本語 💾",
                                        "a\\x1b", "e\xcc\x81", "\u00a0"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *safe = qblk_output_escape(texts[i]);
        assert_string_equal(safe, texts[i]);
    }
}

static void
terminal_controls_are_escaped(void **state)
{
    static const struct {
        const char *text, *safe;
    } cases[] = {
        {"\x1b[2J\a", "\\x1b[2J\\x07"},
        {"a\nb\tc\rd", "a\\nb\\tc\\x0dd"},
        {"\x7f", "\\x7f"},
        {"\xc2\x9b"
         "31m",
         "\\x9b31m"},
        {"\xc2\x85", "\\x85"},
        {"\u202e\u2066\u200f", "\\u202e\\u2066\\u200f"},
        {"\u200b\u200d\ufeff\u2060", "\\u200b\\u200d\\ufeff\\u2060"},
        {"\u2028\u2029", "\\u2028\\u2029"},
        {"\xc2\xad", "\\xad"},
        {"\uffff", "\\uffff"},
        {"\U000e0041", "\\U000e0041"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *safe = qblk_output_escape(cases[i].text);
        assert_string_equal(safe, cases[i].safe);
    }
}

static void
every_control_is_escaped(void **state)
{
    for (gunichar character = 1; character < 0xa0; character++) {
        char text[8] = {0};
        g_unichar_to_utf8(character, text);
        g_autofree char *safe = qblk_output_escape(text);
        gboolean is_control = character < 0x20 || character >= 0x7f;
        assert_int_equal(safe[0] == '\\' && safe[1] != '\0', is_control);
    }
}

static void
bytes_that_are_not_utf8_are_escaped_one_by_one(void **state)
{
    static const struct {
        const char *text, *safe;
    } cases[] = {
        {"\xff\xfe", "\\xff\\xfe"},
        {"gr\xf6\xdf"
         "e",
         "gr\\xf6\\xdfe"},
        {"cut\xe2\x82", "cut\\xe2\\x82"},
        {"\x80", "\\x80"},
        {"\xc0\x80", "\\xc0\\x80"},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
        {"\xe2\x28\xa1", "\\xe2(\\xa1"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *safe = qblk_output_escape(cases[i].text);
        assert_string_equal(safe, cases[i].safe);
    }
}

static void
any_bytes_end_as_printable_utf8(void **state)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(7);

    for (guint i = 0; i < 5000; i++) {
        char text[32] = {0};
        for (gsize j = 0; j + 1 < sizeof text; j++) {
            text[j] = (char)g_rand_int_range(random, 1, 256);
        }
        g_autofree char *safe = qblk_output_escape(text);
        assert_true(g_utf8_validate(safe, -1, NULL));
        for (const char *at = safe; *at != '\0'; at = g_utf8_find_next_char(at, NULL)) {
            assert_true(g_unichar_isprint(g_utf8_get_char(at)));
        }
    }
}

static void
json_begins_with_schema_and_command(void **state)
{
    g_auto(QblkOutput) output = {.command = "jobs", .text = g_string_new(NULL)};
    QblkJson *object = qblk_json_new_object();
    qblk_json_set_integer(object, "a", 1);
    qblk_output_json(&output, object);
    assert_string_equal(output.text->str, "{\n"
                                          "  \"schema\": \"qblk/1\",\n"
                                          "  \"command\": \"jobs\",\n"
                                          "  \"a\": 1\n"
                                          "}\n");
}

static void
escaped_json_has_the_same_values(void **state)
{
    static const char value[] = "\x1b\x7f\xc2\x9b\u202e\u2028\U000e0041\U0010fffe größe💾\n\"\\";
    g_auto(QblkOutput) output = {.command = "jobs", .text = g_string_new(NULL)};
    QblkJson *object = qblk_json_new_object();
    g_autoptr(GError) error = NULL;
    qblk_json_set_string(object, "a", value);
    qblk_output_json(&output, object);
    const GString *text = output.text;
    assert_non_null(strstr(text->str, "\"\\u001B\\u007F\\u009B\\u202E\\u2028\\uDB40\\uDC41"
                                      "\\uDBFF\\uDFFE größe💾\\n\\\"\\\\\""));
    g_autoptr(QblkJson) again = qblk_json_parse(text->str, text->len, &error);
    assert_no_error(error);
    assert_string_equal(qblk_json_get_string(again, "a"), value);
}

static int
warn(gconstpointer data)
{
    const QblkOutput output = {0};
    qblk_output_warn(&output, data);
    return 0;
}

static void
a_warning_goes_to_stderr_in_one_line(void **state)
{
    g_auto(CliCheckResult) result = cli_check_fork(warn, "a\nqblk: b\x1b[0m");
    assert_string_equal(result.out, "");
    assert_string_equal(result.err, "qblk: warning: a\\nqblk: b\\x1b[0m\n");
}

static int
print_json_lines(gconstpointer data)
{
    const QblkOutput output = {.command = "list", .vm = "./a.qmp", .json = TRUE};
    const QblkOutput unknown = {.json = TRUE};
    qblk_output_warn(&output, data);
    qblk_output_notice(&unknown, data);
    qblk_output_log(&output, TRUE, "{\"execute\": \"quit\"}");
    qblk_output_json_line(&output, "progress", qblk_json_new_object());
    return 0;
}

static void
with_json_each_message_is_one_line_of_json(void **state)
{
    g_auto(CliCheckResult) result =
        cli_check_fork(print_json_lines, "'http://u:geheim@h/'\nb\x1b\u202e");
    assert_string_equal(result.out, "");
    assert_string_equal(result.err,
                        "{\"schema\":\"qblk/1\",\"command\":\"list\",\"vm\":\"./a.qmp\","
                        "\"warning\":{\"message\":\"'http://u:***@h/'\\nb\\u001B\\u202E\"}}\n"
                        "{\"schema\":\"qblk/1\",\"command\":null,"
                        "\"notice\":{\"message\":\"'http://u:***@h/'\\nb\\u001B\\u202E\"}}\n"
                        "{\"schema\":\"qblk/1\",\"command\":\"list\",\"vm\":\"./a.qmp\","
                        "\"log\":{\"sent\":true,\"text\":\"{\\\"execute\\\": \\\"quit\\\"}\"}}\n"
                        "{\"schema\":\"qblk/1\",\"command\":\"list\",\"vm\":\"./a.qmp\","
                        "\"progress\":{}}\n");
}

static int
fail_with_hints(gconstpointer data)
{
    g_auto(QblkOutput) output = {0};
    g_autoptr(GError) error = g_error_new_literal(QBLK_OUTPUT_ERROR, QBLK_OUTPUT_ERROR_WRITE, data);

    qblk_output_init(&output);
    qblk_output_print(&output, "not printed\n");
    qblk_output_add_hint(&output, "to resume: qblk recover %s", "/run/\x1b");
    qblk_output_add_hint(&output, "second hint");
    qblk_output_error(&output, error);
    return 0;
}

static void
hints_follow_the_error_each_in_one_line(void **state)
{
    g_auto(CliCheckResult) result = cli_check_fork(fail_with_hints, "a\nb");
    assert_string_equal(result.out, "");
    assert_string_equal(result.err, "qblk: a\\nb\n"
                                    "qblk: to resume: qblk recover /run/\\x1b\n"
                                    "qblk: second hint\n");
}

static void
a_shell_word_is_quoted_if_necessary(void **state)
{
    static const char *const words[][2] = {
        {"/run/vm-1.qmp", "/run/vm-1.qmp"},
        {"", "''"},
        {"a b", "'a b'"},
        {"it's", "'it'\\''s'"},
        {"vda[2]", "'vda[2]'"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autofree char *word = qblk_output_shell_word(words[i][0]);
        assert_string_equal(word, words[i][1]);
    }
}

static int
flush(gconstpointer data)
{
    g_auto(QblkOutput) output = {.text = g_string_new(NULL)};
    g_autoptr(GError) error = NULL;
    g_string_append_len(output.text, "a\0b", 3);
    int code = 0;
    if (data != NULL && freopen(data, "w", stdout) == NULL) {
        code = 2;
    } else if (!qblk_output_flush(&output, &error)) {
        fprintf(stderr, "%d %s", g_error_matches(error, QBLK_OUTPUT_ERROR, QBLK_OUTPUT_ERROR_WRITE),
                error->message);
        code = 1;
    }
    return code;
}

static void
output_that_cannot_be_written_is_an_error(void **state)
{
    g_auto(CliCheckResult) result = cli_check_fork(flush, "/dev/full");
    assert_int_equal(result.status, 1);
    assert_string_equal(result.err, "1 cannot write to standard output: No space left on device");
    g_auto(CliCheckResult) good = cli_check_fork(flush, NULL);
    assert_int_equal(good.status, 0);
}

#define LONG_LINE 300000

/* Standard output is a pipe from now on.  Returns: its other end */
static int
make_stdout_a_pipe(int flags)
{
    int ends[2];
    if (pipe2(ends, flags) < 0 || dup2(ends[1], STDOUT_FILENO) < 0) {
        return -1;
    }
    close(ends[1]);
    return ends[0];
}

/* Without the wait for @stop_fd it does not return: the alarm ends it. */
static int
flush_into_a_full_pipe(gconstpointer data)
{
    g_auto(QblkOutput) output = {.text = g_string_new(NULL)};
    g_autoptr(GError) error = NULL;
    gboolean is_stopped = FALSE;
    int reader = make_stdout_a_pipe(0), stop[2];
    g_string_set_size(output.text, LONG_LINE);
    memset(output.text->str, 'x', LONG_LINE);
    output.is_data = TRUE;

    (void)alarm(5);
    if (reader < 0 || pipe(stop) < 0 || write(stop[1], "x", 1) != 1 ||
        !qblk_output_flush_until(&output, stop[0], &is_stopped, &error)) {
        return 2;
    }
    return is_stopped && output.text->len == 0 ? 0 : 1;
}

static void
a_signal_ends_the_wait_for_a_reader(void **state)
{
    g_auto(CliCheckResult) result = cli_check_fork(flush_into_a_full_pipe, NULL);
    assert_int_equal(result.status, 0);
}

/* The signal does not cut a line that can be written. */
static int
flush_after_a_signal(gconstpointer data)
{
    g_auto(QblkOutput) output = {.text = g_string_new("a line\n"), .is_data = TRUE};
    g_autoptr(GError) error = NULL;
    gboolean is_stopped = FALSE;
    int reader = make_stdout_a_pipe(O_NONBLOCK), stop[2];
    char buffer[16];

    if (reader < 0 || pipe(stop) < 0 || write(stop[1], "x", 1) != 1 ||
        !qblk_output_flush_until(&output, stop[0], &is_stopped, &error) || is_stopped) {
        return 1;
    }
    return read(reader, buffer, sizeof(buffer)) == (gssize)strlen("a line\n") ? 0 : 2;
}

static void
a_signal_does_not_cut_what_can_be_written(void **state)
{
    g_auto(CliCheckResult) result = cli_check_fork(flush_after_a_signal, NULL);
    assert_int_equal(result.status, 0);
}

static int
flush_until_it_fails(gconstpointer data)
{
    g_auto(QblkOutput) output = {.text = g_string_new("a line\n"), .is_data = TRUE};
    g_autoptr(GError) error = NULL;
    gboolean is_stopped = FALSE;

    if (freopen("/dev/full", "w", stdout) == NULL ||
        qblk_output_flush_until(&output, -1, &is_stopped, &error)) {
        return 1;
    }
    return g_error_matches(error, QBLK_OUTPUT_ERROR, QBLK_OUTPUT_ERROR_WRITE) ? 0 : 2;
}

static void
a_full_disk_is_an_error_until_a_signal(void **state)
{
    g_auto(CliCheckResult) result = cli_check_fork(flush_until_it_fails, NULL);
    assert_int_equal(result.status, 0);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(safe_text_is_not_changed),
        cmocka_unit_test(terminal_controls_are_escaped),
        cmocka_unit_test(every_control_is_escaped),
        cmocka_unit_test(bytes_that_are_not_utf8_are_escaped_one_by_one),
        cmocka_unit_test(any_bytes_end_as_printable_utf8),
        cmocka_unit_test(a_shell_word_is_quoted_if_necessary),
        cmocka_unit_test(json_begins_with_schema_and_command),
        cmocka_unit_test(escaped_json_has_the_same_values),
        cmocka_unit_test(a_warning_goes_to_stderr_in_one_line),
        cmocka_unit_test(with_json_each_message_is_one_line_of_json),
        cmocka_unit_test(hints_follow_the_error_each_in_one_line),
        cmocka_unit_test(output_that_cannot_be_written_is_an_error),
        cmocka_unit_test(a_signal_ends_the_wait_for_a_reader),
        cmocka_unit_test(a_signal_does_not_cut_what_can_be_written),
        cmocka_unit_test(a_full_disk_is_an_error_until_a_signal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
