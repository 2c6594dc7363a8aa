/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/client.h"

#include "lib/check.h"
#include "lib/fake-qmp.h"

#include <poll.h>

static char *
execute(QblkClient *client, const char *command, const char *arguments)
{
    g_autoptr(GError) error = NULL;
    char *reply = qblk_client_execute(client, command, arguments, 0, &error);
    assert_no_error(error);
    return reply;
}

static gboolean
call_batch(QblkClient *client, const GPtrArray *queries, GPtrArray *answers, GError **error)
{
    g_autoptr(GArray) ids = qblk_client_submit_batch(client, queries);
    return qblk_client_wait_batch(client, ids, answers, error);
}

static void
assert_executes(QblkClient *client, const char *command, const char *expected)
{
    g_autofree char *reply = execute(client, command, NULL);
    assert_string_equal(reply, expected);
}

static void
assert_execute_fails(QblkClient *client, const char *command, int timeout_ms, int code,
                     const char *part)
{
    g_autoptr(GError) error = NULL;
    assert_null(qblk_client_execute(client, command, NULL, timeout_ms, &error));
    assert_error(error, QBLK_QMP_ERROR, code, part);
}

static void
connecting_reads_the_greeting(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    QblkClient *client = fake_qmp_connect(fake);
    int major = 0;
    int micro = 0;
    assert_true(qblk_client_is_ready(client));
    assert_true(qblk_client_get_version(client, &major, NULL, &micro));
    assert_int_equal(major, 7);
    assert_int_equal(micro, 22);
    g_autofree char *greeting = qblk_client_get_greeting(client);
    assert_memory_equal(greeting, "{\"QMP\":{\"version\":", 18);
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
an_invalid_address_is_refused(void **state)
{
    g_autoptr(GError) error = NULL;
    assert_null(qblk_client_connect("vm", 0, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "invalid VM 'vm'");
    assert_null(qblk_client_connect("image:a.qcow2", 0, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                 "'image:a.qcow2' is not a QMP monitor");
    assert_null(qblk_client_connect("/nonexistent/vm", 0, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, "cannot connect to");
}

static void
no_greeting_means_a_busy_monitor(void **state)
{
    FakeQmp *fake = fake_qmp_new(NULL);
    fake_qmp_stay_silent(fake);
    g_autofree char *address = fake_qmp_start(fake);
    g_autoptr(GError) error = NULL;
    assert_null(qblk_client_connect(address, 20, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY, "no greeting from 'fd:");
    fake_qmp_finish(fake);
}

static void
a_reply_beyond_the_limit_that_was_set_ends_the_connection(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_expect(fake, "query-name", NULL);
    fake_qmp_reply(fake, "{\"name\":\"0123456789012345678901234567890123456789\"}");
    QblkClient *client = fake_qmp_connect(fake);
    qblk_client_set_reply_limit(client, 40);
    assert_execute_fails(client, "query-name", 0, QBLK_QMP_ERROR_LIMIT, "40 bytes");
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
a_command_returns_what_qemu_returned(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_expect(fake, "qom-get", "{\"path\":\"/machine\",\"property\":\"type\"}");
    fake_qmp_reply(fake, "\"pc\"");
    fake_qmp_expect(fake, "query-jobs", "{}");
    fake_qmp_reply(fake, "[ ]");
    QblkClient *client = fake_qmp_connect(fake);
    g_autofree char *type =
        execute(client, "qom-get", "{\"property\":\"type\",\"path\":\"/machine\"}");
    assert_string_equal(type, "\"pc\"");
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkJson) jobs = qblk_client_call(client, "query-jobs", NULL, &error);
    assert_no_error(error);
    assert_true(qblk_json_is(jobs, QBLK_JSON_ARRAY));
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
a_refusal_names_the_command(void **state)
{
    FakeQmp *fake = fake_qmp_new(NULL);
    fake_qmp_expect(fake, "block-commit", NULL);
    fake_qmp_refuse(fake, "GenericError", "Need a root block node");
    fake_qmp_expect(fake, "query-future", NULL);
    fake_qmp_refuse(fake, "CommandNotFound", "The command query-future has not been found");
    fake_qmp_expect(fake, "query-jobs", NULL);
    fake_qmp_reply(fake, "[]");
    QblkClient *client = fake_qmp_connect(fake);
    assert_execute_fails(client, "block-commit", 0, QBLK_QMP_ERROR_REFUSED,
                         "'block-commit': Need a root block node");
    assert_execute_fails(client, "query-future", 0, QBLK_QMP_ERROR_NOT_FOUND, "'query-future': ");
    assert_executes(client, "query-jobs", "[]");
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
arguments_that_are_not_an_object_are_not_sent(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(GError) error = NULL;
    assert_int_equal(qblk_client_submit(client, "stop", "[1]", 0, &error), 0);
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                 "the arguments of 'stop' are not a JSON object");
    assert_int_equal(qblk_client_submit(client, "stop", "{", 0, &error), 0);
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "not JSON");
    assert_null(qblk_client_execute(client, "", NULL, 0, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "'' is not a command name");
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

/* ---- batches ---- */

static GPtrArray *
new_queries(guint count)
{
    GPtrArray *queries = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_query_free);
    for (guint i = 0; i < count; i++) {
        g_ptr_array_add(queries, qblk_query_new("query-jobs", NULL));
    }
    return queries;
}

static GPtrArray *
new_answers(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)qblk_answer_free);
}

static void
a_batch_is_sent_in_one_write_and_answered_in_order(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    for (guint i = 0; i < 8; i++) {
        fake_qmp_expect(fake, "query-jobs", "{}");
    }
    fake_qmp_reply_newest(fake, "7");
    for (guint i = 0; i < 6; i++) {
        g_autofree char *value = g_strdup_printf("%u", i);
        fake_qmp_reply(fake, value);
    }
    fake_qmp_refuse(fake, "CommandNotFound", "six");
    fake_qmp_expect(fake, "query-jobs", "{}");
    fake_qmp_reply(fake, "8");
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(GPtrArray) queries = new_queries(9);
    g_autoptr(GPtrArray) answers = new_answers();
    g_autoptr(GError) error = NULL;
    assert_true(call_batch(client, queries, answers, &error));
    assert_int_equal(answers->len, 9);
    for (guint i = 0; i < 9; i++) {
        const QblkAnswer *answer = g_ptr_array_index(answers, i);
        gint64 value = -1;
        assert_true((answer->value == NULL) == (i == 6));
        assert_true(i == 6 || qblk_json_integer(answer->value, &value));
        assert_int_equal(value, i == 6 ? -1 : (gint64)i);
    }
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
a_batch_that_runs_out_of_time_leaves_the_client_usable(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    for (guint i = 0; i < 3; i++) {
        fake_qmp_expect(fake, "query-jobs", NULL);
    }
    fake_qmp_reply(fake, "0");
    fake_qmp_expect(fake, "query-status", NULL);
    fake_qmp_reply(fake, "1"); /* late: the second of the batch */
    fake_qmp_reply(fake, "2");
    fake_qmp_reply(fake, "3");
    g_autofree char *address = fake_qmp_start(fake);
    g_autoptr(GError) error = NULL;
    QblkClient *client = qblk_client_connect(address, 250, &error);
    assert_no_error(error);
    g_autoptr(GPtrArray) queries = new_queries(3);
    g_autoptr(GPtrArray) answers = new_answers();
    assert_false(call_batch(client, queries, answers, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT, "'query-jobs': no reply");
    assert_int_equal(answers->len, 0);
    g_autofree char *reply = qblk_client_execute(client, "query-status", NULL, 5000, &error);
    assert_no_error(error);
    assert_string_equal(reply, "3");
    /* The rest of the batch was dropped: nothing is left to take. */
    assert_int_equal(qblk_client_arrived(client), qblk_client_taken(client));
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
the_error_of_a_refused_command_can_be_read_in_parts(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_expect(fake, "query-jobs", NULL);
    fake_qmp_reply(fake, "[]");
    fake_qmp_expect(fake, "stop", NULL);
    fake_qmp_refuse(fake, "DeviceNotActive", "no 'https://user:secret@host/a'");
    fake_qmp_expect(fake, "query-jobs", NULL);
    fake_qmp_reply(fake, "[]");
    QblkClient *client = fake_qmp_connect(fake);
    const char *error_class = "before", *description = "before";
    g_autoptr(GError) error = NULL;
    g_autofree char *first = qblk_client_execute(client, "query-jobs", NULL, 0, &error);
    assert_no_error(error);
    assert_false(qblk_client_get_refusal(client, &error_class, &description));
    assert_string_equal(error_class, "before");

    assert_execute_fails(client, "stop", 0, QBLK_QMP_ERROR_REFUSED, "'stop': no '");
    g_autofree char *second = qblk_client_execute(client, "query-jobs", NULL, 0, &error);
    assert_no_error(error);
    assert_true(qblk_client_get_refusal(client, &error_class, &description));
    assert_string_equal(error_class, "DeviceNotActive");
    assert_true(g_str_has_prefix(description, "no '"));
    assert_null(strstr(description, "secret"));
    assert_true(qblk_client_get_refusal(client, NULL, NULL));
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

/* ---- the end of the connection ---- */

static void
a_closed_connection_fails_what_waits_and_what_follows(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_expect(fake, "query-jobs", NULL);
    fake_qmp_expect(fake, "query-jobs", NULL);
    fake_qmp_reply(fake, "[]");
    fake_qmp_event(fake, "SHUTDOWN", "{\"guest\": false}");
    fake_qmp_close(fake);
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(GPtrArray) queries = new_queries(2);
    g_autoptr(GPtrArray) answers = new_answers();
    g_autoptr(GError) error = NULL;
    assert_false(call_batch(client, queries, answers, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "QEMU closed the connection");
    assert_int_equal(answers->len, 0);
    assert_int_equal(qblk_client_get_fd(client), -1);
    assert_int_equal(qblk_client_get_events(client), 0);
    assert_int_equal(qblk_client_get_timeout(client), -1);
    assert_execute_fails(client, "stop", 0, QBLK_QMP_ERROR_CLOSED, "closed the connection");
    assert_false(qblk_client_process(client, 0, NULL));
    g_autofree char *event = qblk_client_wait_event(client, -1, &error);
    assert_non_null(strstr(event, "SHUTDOWN"));
    assert_null(qblk_client_wait_event(client, -1, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "closed the connection");
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
half_a_reply_is_a_fault(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_expect(fake, "query-jobs", NULL);
    fake_qmp_raw(fake, "{\"return\": [", -1);
    fake_qmp_close(fake);
    QblkClient *client = fake_qmp_connect(fake);
    assert_execute_fails(client, "query-jobs", 0, QBLK_QMP_ERROR_PROTOCOL, "inside a message");
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
a_command_to_a_qemu_that_is_gone_raises_no_signal(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    QblkClient *client = fake_qmp_connect(fake);
    fake_qmp_finish(fake);
    assert_execute_fails(client, "stop", 0, QBLK_QMP_ERROR_CLOSED, "QEMU closed the connection");
    qblk_client_unref(client);
}

static void
a_late_reply_is_dropped_and_the_client_lives_on(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_expect(fake, "query-block", NULL);
    fake_qmp_expect(fake, "query-jobs", NULL);
    fake_qmp_reply(fake, "[1]");
    fake_qmp_reply(fake, "[2]");
    QblkClient *client = fake_qmp_connect(fake);
    assert_execute_fails(client, "query-block", 20, QBLK_QMP_ERROR_TIMEOUT,
                         "'query-block': no reply within 20 ms");
    assert_executes(client, "query-jobs", "[2]");
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
a_reply_of_20_mib_comes_whole(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    g_autofree char *filler = g_strnfill(1024, 'x');
    GString *big = g_string_new("[");
    for (guint i = 0; i < 20 * 1024; i++) {
        g_string_append_printf(big, "{\"file\": \"%s\"},\r\n", filler);
    }
    g_string_append(big, "{}]");
    fake_qmp_expect(fake, "query-named-block-nodes", NULL);
    fake_qmp_reply(fake, big->str);
    g_string_free(big, TRUE);
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(GError) error = NULL;
    guint64 id = qblk_client_submit(client, "query-named-block-nodes", NULL, 60000, &error);
    g_autoptr(QblkAnswer) answer = qblk_client_wait_answer(client, id, &error);
    assert_no_error(error);
    assert_int_equal(qblk_json_length(qblk_answer_value(answer)), 20 * 1024 + 1);
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

/* ---- events ---- */

static void
events_are_waited_for_and_kept_in_order(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_event(fake, "FIRST", NULL);
    fake_qmp_expect(fake, "query-jobs", NULL);
    fake_qmp_event(fake, "SECOND", "{\"device\": \"j\"}");
    fake_qmp_reply(fake, "[]");
    fake_qmp_event(fake, "THIRD", NULL);
    QblkClient *client = fake_qmp_connect(fake);
    assert_executes(client, "query-jobs", "[]");
    static const char *const names[] = {"FIRST", "SECOND", "THIRD"};
    g_autoptr(GError) error = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(QblkJson) event = qblk_client_wait_event_json(client, -1, &error);
        assert_string_equal(qblk_json_get_string(event, "event"), names[i]);
    }
    assert_null(qblk_client_take_event(client));
    assert_null(qblk_client_wait_event(client, 0, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT, "no event within 0 ms");
    assert_null(qblk_client_wait_event(client, 10, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT, "no event within 10 ms");
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

/* ---- driven from outside ---- */

static void
an_inherited_socket_needs_no_address(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_expect(fake, "query-jobs", NULL);
    fake_qmp_reply(fake, "[1]");
    g_autofree char *text = fake_qmp_start(fake);
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkAddress) address = qblk_address_parse(text, &error);
    assert_no_error(error);
    QblkClient *client = qblk_client_start_fd(address->fd, 0, &error);
    assert_no_error(error);
    g_autofree char *reply = qblk_client_execute(client, "query-jobs", NULL, 0, &error);
    assert_string_equal(reply, "[1]");
    qblk_client_unref(client);
    fake_qmp_finish(fake);
    assert_null(qblk_client_start_fd(-1, 0, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, "cannot use 'fd:-1'");
}

static void
any_loop_can_drive_it(void **state)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    fake_qmp_expect(fake, "query-jobs", NULL);
    fake_qmp_reply(fake, "[1]");
    g_autofree char *address = fake_qmp_start(fake);
    g_autoptr(GError) error = NULL;
    QblkClient *client = qblk_client_start(address, 0, &error);
    assert_no_error(error);
    guint64 id = qblk_client_submit(client, "query-jobs", NULL, 0, &error);
    assert_int_equal(qblk_client_get_events(client), POLLIN);
    gboolean done = FALSE;
    g_autofree char *reply = NULL;
    guint turns = 0;
    while (!done) {
        struct pollfd item = {.fd = qblk_client_get_fd(client),
                              .events = (short)qblk_client_get_events(client)};
        assert_true(qblk_client_get_timeout(client) > 0);
        assert_int_equal(poll(&item, 1, qblk_client_get_timeout(client)), 1);
        assert_true(qblk_client_process(client, item.revents, &error));
        assert_true(qblk_client_take_reply(client, id, &done, &reply, &error));
        turns++;
    }
    assert_string_equal(reply, "[1]");
    assert_in_range(turns, 1, 4);
    assert_false(qblk_client_take_reply(client, id, &done, &reply, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "no command has the id");
    assert_int_equal(qblk_client_get_timeout(client), -1);
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
note(gboolean sent, const char *message, gpointer user_data)
{
    g_string_append_printf(user_data, "%s %s\n", sent ? "sent" : "received", message);
}

static void
count_destroyed(gpointer user_data)
{
    ++*(guint *)user_data;
}

static void
the_logger_never_sees_a_secret(void **state)
{
    FakeQmp *fake = fake_qmp_new(NULL);
    fake_qmp_expect(fake, "object-add", NULL);
    fake_qmp_reply(fake, "{\"file\": \"http://me:hunter2@host/\"}");
    QblkClient *client = fake_qmp_connect(fake);
    GString *log = g_string_new(NULL);
    guint destroyed = 0;
    qblk_client_set_logger(client, note, &destroyed, count_destroyed);
    qblk_client_set_logger(client, note, log, NULL);
    assert_int_equal(destroyed, 1);
    g_autofree char *reply = execute(client, "object-add", "{\"password\":\"hunter2\"}");
    assert_non_null(strstr(reply, "hunter2"));
    assert_null(strstr(log->str, "hunter2"));
    assert_memory_equal(log->str, "sent {\"execute\":\"object-add\"", 28);
    assert_non_null(strstr(log->str, "\nreceived {\"return\":{\"file\":\"http://me:***@host/\"}"));
    qblk_client_unref(client);
    g_string_free(log, TRUE);
    fake_qmp_finish(fake);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connecting_reads_the_greeting),
        cmocka_unit_test(an_invalid_address_is_refused),
        cmocka_unit_test(no_greeting_means_a_busy_monitor),
        cmocka_unit_test(a_reply_beyond_the_limit_that_was_set_ends_the_connection),
        cmocka_unit_test(a_command_returns_what_qemu_returned),
        cmocka_unit_test(a_refusal_names_the_command),
        cmocka_unit_test(the_error_of_a_refused_command_can_be_read_in_parts),
        cmocka_unit_test(arguments_that_are_not_an_object_are_not_sent),
        cmocka_unit_test(a_batch_is_sent_in_one_write_and_answered_in_order),
        cmocka_unit_test(a_batch_that_runs_out_of_time_leaves_the_client_usable),
        cmocka_unit_test(a_closed_connection_fails_what_waits_and_what_follows),
        cmocka_unit_test(half_a_reply_is_a_fault),
        cmocka_unit_test(a_command_to_a_qemu_that_is_gone_raises_no_signal),
        cmocka_unit_test(a_late_reply_is_dropped_and_the_client_lives_on),
        cmocka_unit_test(a_reply_of_20_mib_comes_whole),
        cmocka_unit_test(events_are_waited_for_and_kept_in_order),
        cmocka_unit_test(an_inherited_socket_needs_no_address),
        cmocka_unit_test(any_loop_can_drive_it),
        cmocka_unit_test(the_logger_never_sees_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
