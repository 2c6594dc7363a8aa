/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fake must notice what other tests rely on it to notice. */
#include "lib/fake-qmp.h"

#include "lib/check.h"

/* Send @command, whatever comes of it, end the server and check what it complains of. */
static void
assert_complains(FakeQmp *fake, const char *command, const char *arguments, const char *part)
{
    QblkClient *client = fake_qmp_connect(fake);
    if (command != NULL) {
        g_autofree char *reply = qblk_client_execute(client, command, arguments, 0, NULL);
    }
    qblk_client_unref(client);
    g_autofree char *failure = fake_qmp_stop(fake);
    assert_non_null(failure);
    if (strstr(failure, part) == NULL) {
        fail_msg("'%s' does not say '%s'", failure, part);
    }
}

static void
an_unasked_command_is_a_failure(void **state)
{
    assert_complains(fake_qmp_new("7.2"), "query-jobs", NULL,
                     "asked for 'query-jobs {}', which the script does not have");
}

static void
a_command_that_was_not_sent_is_a_failure(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_expect(fake, "query-jobs", NULL);
    assert_complains(fake, NULL, NULL, "the client did not ask for 'query-jobs'");
}

static void
another_command_is_a_failure(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_expect(fake, "query-jobs", NULL);
    assert_complains(fake, "query-block", NULL, "asked for 'query-block', not for 'query-jobs'");
}

static void
other_arguments_are_a_failure(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_expect(fake, "job-cancel", "{\"id\":\"a\"}");
    assert_complains(fake, "job-cancel", "{\"id\":\"b\"}",
                     "with {\"id\":\"b\"}, not with {\"id\":\"a\"}");
}

static void
a_command_that_qemu_rejects_is_a_failure(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_expect(fake, "job-cancel", NULL);
    assert_complains(fake, "job-cancel", NULL, "'job-cancel': 'id' is missing");
}

static const char capture[] =
    "{\"qblk-capture\": 1, \"replies\": ["
    "{\"execute\": \"query-jobs\", \"return\": [1]},"
    "{\"execute\": \"query-jobs\", \"return\": [2]},"
    "{\"execute\": \"qom-get\", \"arguments\": {\"path\": \"/\", \"property\": \"a\"},"
    " \"error\": {\"class\": \"GenericError\", \"desc\": \"no property\"}}]}";

static void
a_capture_answers_with_its_first_match(void **state)
{
    FakeQmp *fake = fake_qmp_new_capture("7.2", capture);
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < 2; i++) {
        g_autofree char *jobs = qblk_client_execute(client, "query-jobs", "{}", 0, &error);
        assert_no_error(error);
        assert_string_equal(jobs, "[1]");
    }
    assert_null(
        qblk_client_execute(client, "qom-get", "{\"property\":\"a\",\"path\":\"/\"}", 0, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_REFUSED, "'qom-get': no property");
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
what_a_capture_does_not_have_is_a_failure(void **state)
{
    assert_complains(fake_qmp_new_capture("7.2", capture), "query-block", NULL,
                     "asked for 'query-block {}', which the capture does not have");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unasked_command_is_a_failure),
        cmocka_unit_test(a_command_that_was_not_sent_is_a_failure),
        cmocka_unit_test(another_command_is_a_failure),
        cmocka_unit_test(other_arguments_are_a_failure),
        cmocka_unit_test(a_command_that_qemu_rejects_is_a_failure),
        cmocka_unit_test(a_capture_answers_with_its_first_match),
        cmocka_unit_test(what_a_capture_does_not_have_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
