/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/exit-code.h"

#include "cli/print/output.h"
#include "lib/check.h"
#include "lib/cli-check.h"

#include <qblk/error.h>

typedef struct {
    int code;
    int exit;
} Expected;

/* Check each code of a domain: @table has all of them. */
static void
assert_exits(GQuark domain, const Expected *table, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        g_autoptr(GError) error = g_error_new_literal(domain, table[i].code, "m");
        assert_int_equal(table[i].code, (int)i);
        assert_int_equal(qblk_exit_code(error), table[i].exit);
    }
}

static void
exit_codes_have_the_documented_numbers(void **state)
{
    const int codes[] = {QBLK_EXIT_DONE,    QBLK_EXIT_FAILED,  QBLK_EXIT_USAGE,
                         QBLK_EXIT_NO_SUCH, QBLK_EXIT_REFUSED, QBLK_EXIT_NO_CONNECTION,
                         QBLK_EXIT_JOB};
    for (gsize i = 0; i < G_N_ELEMENTS(codes); i++) {
        assert_int_equal(codes[i], (int)i);
    }
}

static void
connection_errors_have_exit_code_5(void **state)
{
    static const Expected table[] = {
        {QBLK_QMP_ERROR_CONNECT, 5},   {QBLK_QMP_ERROR_BUSY, 5},     {QBLK_QMP_ERROR_TIMEOUT, 5},
        {QBLK_QMP_ERROR_CLOSED, 5},    {QBLK_QMP_ERROR_PROTOCOL, 1}, {QBLK_QMP_ERROR_LIMIT, 1},
        {QBLK_QMP_ERROR_NOT_FOUND, 1}, {QBLK_QMP_ERROR_REFUSED, 1},  {QBLK_QMP_ERROR_ARGUMENT, 2},
        {QBLK_QMP_ERROR_ENDED, 5},
    };

    assert_exits(QBLK_QMP_ERROR, table, G_N_ELEMENTS(table));
}

static void
graph_errors_have_their_exit_codes(void **state)
{
    static const Expected table[] = {
        {QBLK_GRAPH_ERROR_INVALID, 1},     {QBLK_GRAPH_ERROR_CHANGED, 4},
        {QBLK_GRAPH_ERROR_NO_DISK, 3},     {QBLK_GRAPH_ERROR_NO_LAYER, 3},
        {QBLK_GRAPH_ERROR_AMBIGUOUS, 3},   {QBLK_GRAPH_ERROR_SPEC, 2},
        {QBLK_GRAPH_ERROR_UNSUPPORTED, 1}, {QBLK_GRAPH_ERROR_UNSAFE, 4},
        {QBLK_GRAPH_ERROR_STALE, 4},       {QBLK_GRAPH_ERROR_FILE, 1},
        {QBLK_GRAPH_ERROR_LIMIT, 1},       {QBLK_GRAPH_ERROR_NO_JOB, 3},
        {QBLK_GRAPH_ERROR_NO_MONITOR, 3},
    };

    assert_exits(QBLK_GRAPH_ERROR, table, G_N_ELEMENTS(table));
}

static void
a_state_directory_that_cannot_be_used_is_no_failed_job(void **state)
{
    static const Expected table[] = {
        {QBLK_BLOCKJOB_ERROR_REFUSED, 4},   {QBLK_BLOCKJOB_ERROR_FAILED, 6},
        {QBLK_BLOCKJOB_ERROR_CANCELLED, 6}, {QBLK_BLOCKJOB_ERROR_DETACHED, 6},
        {QBLK_BLOCKJOB_ERROR_RESULT, 1},    {QBLK_BLOCKJOB_ERROR_STATE, 1},
        {QBLK_BLOCKJOB_ERROR_RUNNING, 1},   {QBLK_BLOCKJOB_ERROR_NOTHING_TO_DO, 1},
    };

    assert_exits(QBLK_BLOCKJOB_ERROR, table, G_N_ELEMENTS(table));
}

static void
errors_of_documents_are_failures(void **state)
{
    static const Expected json[] = {{QBLK_JSON_ERROR_SYNTAX, 1}, {QBLK_JSON_ERROR_TYPE, 1}};
    static const Expected xml[] = {{QBLK_XML_ERROR_UNSUPPORTED, 1},
                                   {QBLK_XML_ERROR_NAME, 1},
                                   {QBLK_XML_ERROR_INVALID, 1},
                                   {QBLK_XML_ERROR_FILE, 1}};
    assert_exits(QBLK_JSON_ERROR, json, G_N_ELEMENTS(json));
    assert_exits(QBLK_XML_ERROR, xml, G_N_ELEMENTS(xml));
}

static void
usage_errors_have_exit_code_2(void **state)
{
    static const Expected table[] = {{QBLK_CLI_ERROR_USAGE, 2}};
    assert_exits(QBLK_CLI_ERROR, table, G_N_ELEMENTS(table));
}

static void
output_errors_are_failures(void **state)
{
    static const Expected table[] = {{QBLK_OUTPUT_ERROR_WRITE, 1}};
    assert_exits(QBLK_OUTPUT_ERROR, table, G_N_ELEMENTS(table));
}

static void
unknown_errors_are_failures(void **state)
{
    g_autoptr(GError) error = g_error_new_literal(g_quark_from_string("other"), 0, "m");
    assert_int_equal(qblk_exit_code(error), QBLK_EXIT_FAILED);
}

/* ---- errors on standard error ---- */

static int
report(gconstpointer data)
{
    g_auto(QblkOutput) output = {.command = "commit", .json = TRUE};
    const GError *error = data;

    qblk_output_init(&output);
    qblk_output_add_hint(&output, "to resume: qblk recover 'http://u:geheim@h/'");
    qblk_output_add_hint(&output, "second hint");
    qblk_report_error(&output, error);
    return 0;
}

static void
assert_reported(GQuark domain, int code, const char *names)
{
    g_autoptr(GError) error = g_error_new_literal(domain, code, "'a\n'");
    g_auto(CliCheckResult) result = cli_check_fork(report, error);
    g_autofree char *expected = g_strdup_printf(
        "{\"schema\":\"qblk/1\",\"command\":\"commit\","
        "\"error\":{\"message\":\"'a\\n'\",%s,"
        "\"hints\":[\"to resume: qblk recover 'http://u:***@h/'\",\"second hint\"]}}\n",
        names);

    assert_string_equal(result.err, expected);
}

static void
an_error_is_one_line_of_json_with_its_names_and_hints(void **state)
{
    assert_reported(QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY,
                    "\"domain\":\"qmp\",\"code\":\"busy\",\"exit-code\":5");
    assert_reported(QBLK_CLI_ERROR, QBLK_CLI_ERROR_USAGE,
                    "\"domain\":\"command-line\",\"code\":\"usage\",\"exit-code\":2");
    assert_reported(QBLK_OUTPUT_ERROR, QBLK_OUTPUT_ERROR_WRITE,
                    "\"domain\":\"output\",\"code\":\"write\",\"exit-code\":1");
    assert_reported(g_quark_from_string("other"), 0,
                    "\"domain\":\"other\",\"code\":\"failed\",\"exit-code\":1");
}

static void
json_is_looked_for_among_the_arguments(void **state)
{
    static const struct {
        const char *argv[4];
        gboolean expected;
    } cases[] = {
        {{"qblk", "--json", NULL}, TRUE},
        {{"qblk", "list", "-j", NULL}, TRUE},
        {{"qblk", "-vj", "list", NULL}, TRUE},
        {{"qblk", "-jv", NULL}, TRUE},
        {{"qblk", "list", NULL}, FALSE},
        {{"qblk", "-v", NULL}, FALSE},
        {{"qblk", "--", "-j", NULL}, FALSE},
        {{"qblk", "-o/j", NULL}, FALSE},
        {{"qblk", "json", "j", NULL}, FALSE},
        {{"qblk", "-", "", NULL}, FALSE},
        {{"--json", NULL}, FALSE},
        {{NULL}, FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_int_equal(qblk_report_is_json_asked(cases[i].argv), cases[i].expected);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_codes_have_the_documented_numbers),
        cmocka_unit_test(connection_errors_have_exit_code_5),
        cmocka_unit_test(graph_errors_have_their_exit_codes),
        cmocka_unit_test(a_state_directory_that_cannot_be_used_is_no_failed_job),
        cmocka_unit_test(errors_of_documents_are_failures),
        cmocka_unit_test(usage_errors_have_exit_code_2),
        cmocka_unit_test(output_errors_are_failures),
        cmocka_unit_test(unknown_errors_are_failures),
        cmocka_unit_test(an_error_is_one_line_of_json_with_its_names_and_hints),
        cmocka_unit_test(json_is_looked_for_among_the_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
