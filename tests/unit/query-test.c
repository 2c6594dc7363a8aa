/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/query.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

static QblkJson *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    QblkJson *json = qblk_json_parse(text, strlen(text), &error);
    assert_no_error(error);
    return json;
}

static char *
key_of(const char *command, const char *arguments)
{
    g_autoptr(QblkQuery) query = qblk_query_new(command, arguments ? parse(arguments) : NULL);
    return qblk_query_key(query->command, query->arguments);
}

static void
the_key_does_not_depend_on_the_order_of_arguments(void **state)
{
    g_autofree char *one = key_of("qom-get", "{\"path\":\"/a\",\"property\":\"b\"}");
    g_autofree char *two = key_of("qom-get", "{\"property\":\"b\",\"path\":\"/a\"}");
    assert_string_equal(one, two);
    assert_string_equal(one, "qom-get {\"path\":\"/a\",\"property\":\"b\"}");
}

static void
no_arguments_and_empty_ones_are_the_same(void **state)
{
    g_autofree char *none = key_of("query-block", NULL);
    g_autofree char *empty = key_of("query-block", "{}");
    g_autofree char *flat = key_of("query-block", "{\"flat\":true}");
    assert_string_equal(none, empty);
    assert_string_not_equal(none, flat);
}

static void
only_queries_are_read_only(void **state)
{
    static const char *const readers[] = {"query-block", "query-named-block-nodes", "qom-get",
                                          "qom-list", "x-debug-query-block-graph"};
    static const char *const writers[] = {
        "quit", "block-commit",         "qom-set", "qom-lis", "query", "x-query-block", "qom-get2",
        "",     "human-monitor-command"};
    for (gsize i = 0; i < G_N_ELEMENTS(readers); i++) {
        assert_true(qblk_query_is_read_only(readers[i]));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(writers); i++) {
        assert_false(qblk_query_is_read_only(writers[i]));
    }
}

static void
a_refusal_becomes_an_error_by_its_class(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkAnswer) unknown =
        qblk_answer_new(NULL, parse("{\"class\":\"CommandNotFound\",\"desc\":\"no such\"}"));
    assert_false(qblk_answer_check(unknown, "query-x", &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_NOT_FOUND, "'query-x': no such");
    g_autoptr(QblkAnswer) refused =
        qblk_answer_new(NULL, parse("{\"class\":\"GenericError\",\"desc\":\"CommandNotFound\"}"));
    assert_false(qblk_answer_check(refused, "query-x", &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_REFUSED, "'query-x': CommandNotFound");
    g_autoptr(QblkAnswer) good = qblk_answer_new(parse("{}"), NULL);
    assert_true(qblk_answer_check(good, "query-x", &error));
}

static void
a_refusal_does_not_repeat_a_password(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkAnswer) refused = qblk_answer_new(
        NULL, parse("{\"class\":\"GenericError\",\"desc\":\"no http://me:pw@host/x\"}"));
    assert_false(qblk_answer_check(refused, "blockdev-add", &error));
    assert_null(strstr(error->message, "pw"));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_REFUSED, "no http://me:***@host/x");
}

static void
a_value_is_not_an_error(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkAnswer) answer = qblk_answer_new(qblk_json_new_null(), NULL);
    assert_true(qblk_answer_check(answer, "stop", &error));
    assert_null(error);
    assert_true(qblk_answer_check(answer, "stop", NULL));
}

static void
a_refusal_is_an_error_that_names_the_command(void **state)
{
    static const struct {
        const char *refusal;
        int code;
        const char *message;
    } cases[] = {
        {"{'class':'GenericError','desc':'Device is in use'}", QBLK_QMP_ERROR_REFUSED,
         "'stop': Device is in use"},
        {"{'class':'CommandNotFound','desc':'gone'}", QBLK_QMP_ERROR_NOT_FOUND, "'stop': gone"},
        {"{'class':'DeviceNotFound','desc':'CommandNotFound'}", QBLK_QMP_ERROR_REFUSED,
         "'stop': CommandNotFound"},
        {"{'class':'GenericError','desc':''}", QBLK_QMP_ERROR_REFUSED, "'stop': "},
        {"{'class':'GenericError','desc':'100%s %n'}", QBLK_QMP_ERROR_REFUSED, "'stop': 100%s %n"},
        {"{'class':7,'desc':7}", QBLK_QMP_ERROR_REFUSED, "'stop': no reason given"},
        {"{}", QBLK_QMP_ERROR_REFUSED, "'stop': no reason given"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkAnswer) answer = qblk_answer_new(NULL, graph_fixture_json(cases[i].refusal));
        assert_false(qblk_answer_check(answer, "stop", NULL));
        assert_false(qblk_answer_check(answer, "stop", &error));
        assert_string_equal(error->message, cases[i].message);
        assert_error(error, QBLK_QMP_ERROR, cases[i].code, "'stop'");
    }
}

static void
a_reason_keeps_no_secret(void **state)
{
    static const char *const reasons[] = {
        "Could not open 'http://me:hunter2@host/x'",
        "rbd:pool/image:key=hunter2",
        "Could not open 'json:{\\\"password\\\": \\\"hunter2\\\"}'",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = g_strdup_printf("{\"desc\": \"%s\"}", reasons[i]);
        g_autoptr(QblkAnswer) answer =
            qblk_answer_new(NULL, qblk_json_parse(text, strlen(text), &error));
        assert_no_error(error);
        assert_false(qblk_answer_check(answer, "blockdev-add", &error));
        assert_null(strstr(error->message, "hunter2"));
        assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_REFUSED, "'blockdev-add': ");
    }
}

static void
no_answer_is_freed(void **state)
{
    qblk_answer_free(NULL);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_does_not_depend_on_the_order_of_arguments),
        cmocka_unit_test(no_arguments_and_empty_ones_are_the_same),
        cmocka_unit_test(only_queries_are_read_only),
        cmocka_unit_test(a_refusal_becomes_an_error_by_its_class),
        cmocka_unit_test(a_refusal_does_not_repeat_a_password),
        cmocka_unit_test(a_value_is_not_an_error),
        cmocka_unit_test(a_refusal_is_an_error_that_names_the_command),
        cmocka_unit_test(a_reason_keeps_no_secret),
        cmocka_unit_test(no_answer_is_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
