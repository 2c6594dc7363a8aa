/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/proxy.h"

#include "bridge/mux.h"
#include "lib/session-check.h"

/* As virt-qemu-qmp-proxy of libvirt 9.0 sends it. */
#define PROXY_GREETING                                                                             \
    "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 7, \"minor\": 2, \"micro\": 22}, "             \
    "\"package\": \"qemu-7.2.22\"}, \"capabilities\": [\"oob\"]}}\r\n"

static void
it_is_recognised_by_its_package(void **state)
{
    static const struct {
        const char *package;
        gboolean is_proxy;
    } rows[] = {
        {"qemu-7.2.1", TRUE},
        {"", FALSE},
        {"Debian 1:7.2+dfsg-7+deb12u18", FALSE},
        {"v7.2.1-dirty", FALSE},
        {"qemu-7.2.10", FALSE},
        {"qemu-kvm-7.2.1-3.el9", FALSE},
        {"pve-qemu-kvm_7.2.1-1", FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strdup_printf(
            "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 7, \"minor\": 2, \"micro\": 1}, "
            "\"package\": \"%s\"}, \"capabilities\": []}}",
            rows[i].package);
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkMessage) greeting = qblk_message_parse(text, strlen(text), &error);
        assert_no_error(error);
        assert_int_equal(qblk_proxy_sent(greeting), rows[i].is_proxy);
    }
}

static void
a_greeting_without_a_package_is_of_qemu(void **state)
{
    static const char text[] = "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 7, \"minor\": 2, "
                               "\"micro\": 1}}, \"capabilities\": []}}";
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkMessage) greeting = qblk_message_parse(text, strlen(text), &error);
    assert_no_error(error);
    assert_false(qblk_proxy_sent(greeting));
}

/* It would not reply to two commands that arrive together. */
static void
it_gets_one_command_at_a_time(void **state)
{
    g_autoptr(QblkSession) session = session_check_new();
    guint64 first = session_check_submit(session, "query-block", 0, SESSION_SECOND);
    guint64 second = session_check_submit(session, "query-jobs", 0, SESSION_SECOND);
    session_check_receive(session, PROXY_GREETING, 0);
    session_check_sends(session, "{\"execute\":\"qmp_capabilities\",\"id\":3}\n");
    session_check_receive(session, "{\"return\": {}, \"id\": 3}\r\n", 0);
    session_check_sends(session, "{\"execute\":\"query-version\",\"id\":4}\n");
    session_check_receive(session,
                          "{\"return\": {\"qemu\": {\"micro\": 3, \"minor\": 1, \"major\": 8}, "
                          "\"package\": \"\"}, \"id\": 4}\r\n",
                          0);
    session_check_sends(session, "{\"execute\":\"query-block\",\"id\":1}\n");
    session_check_receive(session, "{\"event\": \"A\"}", 0);
    session_check_sends(session, "");
    session_check_reply(session, first, 1, 0);
    session_check_sends(session, "{\"execute\":\"query-jobs\",\"id\":2}\n");
    session_check_reply(session, second, 2, 0);
    session_check_answered(session, first, 1);
    session_check_answered(session, second, 2);
}

/* That in its greeting is of another QEMU, and what is safe depends on it. */
static void
the_version_is_that_of_query_version(void **state)
{
    g_autoptr(QblkSession) session = session_check_new();
    session_check_receive(session, PROXY_GREETING "{\"return\": {}, \"id\": 1}", 0);
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_IDENTIFYING);
    assert_null(qblk_session_greeting(session));
    assert_int_equal(qblk_session_version(session).major, 0);
    session_check_receive(session,
                          "{\"return\": {\"qemu\": {\"micro\": 3, \"minor\": 1, \"major\": 8}, "
                          "\"package\": \"own\"}, \"id\": 2}",
                          0);
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_READY);
    assert_int_equal(qblk_session_version(session).major, 8);
    assert_int_equal(qblk_session_version(session).minor, 1);
    const QblkJson *greeting = qblk_json_get(qblk_session_greeting(session), "QMP");
    assert_string_equal(qblk_json_get_string(qblk_json_get(greeting, "version"), "package"), "own");
    assert_int_equal(qblk_json_length(qblk_json_get(greeting, "capabilities")), 0);
}

static void
a_version_that_is_not_valid_fails_the_session(void **state)
{
    static const struct {
        const char *reply;
        int code;
        const char *part;
    } rows[] = {
        {"{\"return\": {}, \"id\": 2}", QBLK_QMP_ERROR_PROTOCOL, "version"},
        {"{\"return\": 7, \"id\": 2}", QBLK_QMP_ERROR_PROTOCOL, "version"},
        {"{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, \"id\": 2}",
         QBLK_QMP_ERROR_REFUSED, "query-version"},
        {PROXY_GREETING, QBLK_QMP_ERROR_PROTOCOL, "second greeting"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(QblkSession) session = session_check_new();
        session_check_receive(session, PROXY_GREETING "{\"return\": {}, \"id\": 1}", 0);
        session_check_receive(session, rows[i].reply, 0);
        session_check_session_failed(session, rows[i].code, rows[i].part);
    }
}

static void
a_missing_version_is_a_timeout(void **state)
{
    g_autoptr(QblkSession) session = session_check_new();
    session_check_receive(session, PROXY_GREETING "{\"return\": {}, \"id\": 1}", 0);
    qblk_session_tick(session, 5 * SESSION_SECOND);
    session_check_session_failed(session, QBLK_QMP_ERROR_TIMEOUT,
                                 "'query-version': no reply within 5000 ms");
}

/* The connection after that of the proxy may be of a QEMU. */
static void
after_a_restart_commands_are_sent_together_again(void **state)
{
    g_autoptr(QblkSession) session = session_check_new();
    session_check_receive(session, PROXY_GREETING, 0);
    qblk_session_end(session, NULL);
    qblk_session_restart(session, "/run/vm.qmp", 0, 5 * SESSION_SECOND);
    (void)session_check_submit(session, "query-block", 0, SESSION_SECOND);
    session_check_receive(session, SESSION_GREETING, 0);
    session_check_sends(session, "{\"execute\":\"qmp_capabilities\",\"id\":3}\n"
                                 "{\"execute\":\"query-block\",\"id\":2}\n");
}

#define EVENT(name)                                                                                \
    "{\"event\": \"" name "\", \"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, "             \
    "\"data\": \"{\\\"id\\\":\\\"j\\\"}\"}\r\n"

static void
data_of_an_event_are_an_object(void **state)
{
    g_autoptr(QblkSession) session = session_check_new();
    session_check_receive(session, PROXY_GREETING EVENT("A"), 0);
    g_autoptr(QblkJson) event = qblk_session_take_event(session);
    assert_string_equal(qblk_json_get_string(event, "event"), "A");
    assert_string_equal(qblk_json_get_string(qblk_json_get(event, "data"), "id"), "j");
    assert_non_null(qblk_json_get(event, "timestamp"));
}

/* They came while it had no client, and the next job may have the same id. */
static void
events_before_the_greeting_are_dropped(void **state)
{
    g_autoptr(QblkSession) session = session_check_new();
    session_check_receive(session, EVENT("A") EVENT("B") PROXY_GREETING EVENT("C"), 0);
    session_check_event(session, "C");
    assert_null(qblk_session_take_event(session));
}

static void
events_of_qemu_are_not_changed(void **state)
{
    static const char *const rows[] = {
        "{\"event\": \"A\"}",
        "{\"event\": \"A\", \"data\": {\"id\": \"{}\"}}",
        "{\"event\": \"A\", \"data\": \"no JSON\"}",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(QblkJson) event = qblk_json_parse(rows[i], strlen(rows[i]), NULL);
        assert_null(qblk_proxy_correct_event(event));
    }
}

static void
the_bridge_refuses_it(void **state)
{
    const QblkMuxHooks hooks = {NULL};
    g_autoptr(QblkMux) mux = qblk_mux_new(NULL, NULL, &hooks, NULL);
    g_autoptr(GError) error = NULL;
    assert_false(qblk_mux_receive(mux, PROXY_GREETING, strlen(PROXY_GREETING), &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL, "takes one command at a time");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_recognised_by_its_package),
        cmocka_unit_test(a_greeting_without_a_package_is_of_qemu),
        cmocka_unit_test(it_gets_one_command_at_a_time),
        cmocka_unit_test(the_version_is_that_of_query_version),
        cmocka_unit_test(a_version_that_is_not_valid_fails_the_session),
        cmocka_unit_test(a_missing_version_is_a_timeout),
        cmocka_unit_test(after_a_restart_commands_are_sent_together_again),
        cmocka_unit_test(data_of_an_event_are_an_object),
        cmocka_unit_test(events_before_the_greeting_are_dropped),
        cmocka_unit_test(events_of_qemu_are_not_changed),
        cmocka_unit_test(the_bridge_refuses_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
