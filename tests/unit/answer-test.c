/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/answer.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

static void
a_value_is_no_error(void **state)
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_no_error),
        cmocka_unit_test(a_refusal_is_an_error_that_names_the_command),
        cmocka_unit_test(a_reason_keeps_no_secret),
        cmocka_unit_test(no_answer_is_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
