/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/session.h"

#include "base/limits.h"
#include "lib/session-check.h"

static void
nothing_is_sent_before_the_greeting(void **state)
{
    g_autoptr(QblkSession) session = session_check_new();
    (void)session_check_submit(session, "query-block", 0, SESSION_SECOND);
    session_check_sends(session, "");
    session_check_receive(session, "  \r\n" SESSION_GREETING, 0);
    /* The capabilities go first, and the command that waited follows in the same write. */
    session_check_sends(session, "{\"execute\":\"qmp_capabilities\",\"id\":2}\n"
                                 "{\"execute\":\"query-block\",\"id\":1}\n");
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_NEGOTIATING);
    session_check_receive(session, "{\"return\": {}, \"id\": 2}{\"return\": 5, \"id\": 1}", 0);
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_READY);
    session_check_answered(session, 1, 5);
    assert_int_equal(qblk_session_version(session).major, 7);
}

static void
replies_find_their_commands_in_any_order(void **state)
{
    static const guint orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                      {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (gsize i = 0; i < G_N_ELEMENTS(orders); i++) {
        g_autoptr(QblkSession) session = session_check_new_ready(0);
        guint64 ids[3];
        for (guint k = 0; k < 3; k++) {
            ids[k] = session_check_submit(session, "query-block", 0, SESSION_SECOND);
        }
        for (guint k = 0; k < 3; k++) {
            session_check_pending(session, ids[orders[i][k]]);
            session_check_reply(session, ids[orders[i][k]], orders[i][k], 0);
        }
        for (guint k = 0; k < 3; k++) {
            session_check_answered(session, ids[k], k);
            session_check_failed(session, ids[k], QBLK_QMP_ERROR_ARGUMENT,
                                 "or its reply was already returned");
        }
    }
}

static void
a_refusal_is_an_answer(void **state)
{
    g_autoptr(QblkSession) session = session_check_new_ready(0);
    guint64 id = session_check_submit(session, "query-nothing", 0, SESSION_SECOND);
    session_check_receive(
        session, "{\"id\": 2, \"error\": {\"class\": \"CommandNotFound\", \"desc\": \"no\"}}", 0);
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkAnswer) answer = NULL;
    assert_true(qblk_session_take_answer(session, id, &answer, &error));
    assert_null(answer->value);
    assert_string_equal(qblk_json_get_string(answer->refusal, "class"), "CommandNotFound");
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_READY);
}

static guint
count_lines(const char *text)
{
    guint lines = 0;
    for (const char *at = text; *at != '\0'; at++) {
        lines += *at == '\n' ? 1 : 0;
    }
    return lines;
}

static void
at_most_eight_commands_are_in_flight_and_the_rest_follows_in_order(void **state)
{
    g_autoptr(QblkSession) session = session_check_new_ready(0);
    guint64 ids[20];
    for (guint i = 0; i < 20; i++) {
        ids[i] = session_check_submit(session, "query-block", 0, SESSION_SECOND);
    }
    g_autofree char *first = session_check_drain(session);
    assert_int_equal(count_lines(first), QBLK_LIMIT_IN_FLIGHT);
    for (guint i = 0; i < 20; i++) {
        session_check_reply(session, ids[i], i, 0);
        if (i + QBLK_LIMIT_IN_FLIGHT < 20) {
            g_autofree char *next = g_strdup_printf("{\"execute\":\"query-block\",\"id\":%u}\n",
                                                    (guint)ids[i + QBLK_LIMIT_IN_FLIGHT]);
            session_check_sends(session, next);
        } else {
            session_check_sends(session, "");
        }
        session_check_answered(session, ids[i], i);
    }
}

static void
the_capabilities_count_as_in_flight(void **state)
{
    g_autoptr(QblkSession) session = session_check_new();
    for (guint i = 0; i < 20; i++) {
        (void)session_check_submit(session, "query-block", 0, SESSION_SECOND);
    }
    session_check_receive(session, SESSION_GREETING, 0);
    g_autofree char *first = session_check_drain(session);
    assert_int_equal(count_lines(first), QBLK_LIMIT_IN_FLIGHT);
}

static void
output_may_leave_in_pieces(void **state)
{
    g_autoptr(QblkSession) session = session_check_new_ready(0);
    (void)session_check_submit(session, "stop", 0, SESSION_SECOND);
    gsize length;
    (void)qblk_session_output(session, &length);
    qblk_session_sent(session, 11);
    assert_string_equal(qblk_session_output(session, &length), "\"stop\",\"id\":2}\n");
    (void)session_check_submit(session, "cont", 0, SESSION_SECOND);
    session_check_sends(session, "\"stop\",\"id\":2}\n{\"execute\":\"cont\",\"id\":3}\n");
    session_check_sends(session, "");
}

static void
a_command_that_was_not_sent_yet_is_not_sent_after_it_was_abandoned(void **state)
{
    g_autoptr(QblkSession) session = session_check_new_ready(0);
    guint64 ids[QBLK_LIMIT_IN_FLIGHT + 1];
    for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
        ids[i] = session_check_submit(session, i == 0 ? "stop" : "query-block", 0, SESSION_SECOND);
    }
    qblk_session_abandon(session, ids[0]);
    session_check_failed(session, ids[0], QBLK_QMP_ERROR_ARGUMENT, "no command has the id");

    /* It is not in flight either: the next one has its place. */
    g_autofree char *sent = session_check_drain(session);
    assert_null(strstr(sent, "stop"));
    assert_int_equal(count_lines(sent), QBLK_LIMIT_IN_FLIGHT);
    session_check_reply(session, ids[1], 7, 0);
    session_check_answered(session, ids[1], 7);
}

/* ---- events ---- */

static void
events_are_kept_in_order_between_replies(void **state)
{
    g_autoptr(QblkSession) session = session_check_new();
    session_check_receive(session, SESSION_GREETING "{\"event\": \"A\"}{\"return\": {}, \"id\": 1}",
                          0);
    guint64 id = session_check_submit(session, "query-block", 0, SESSION_SECOND);
    session_check_receive(session, "{\"event\": \"B\"}{\"return\": 1, \"id\": 2}{\"event\": \"C\"}",
                          0);
    qblk_session_end(session, NULL);
    /* What came before the end is not lost by it. */
    session_check_answered(session, id, 1);
    session_check_event(session, "A");
    session_check_event(session, "B");
    session_check_event(session, "C");
    assert_null(qblk_session_take_event(session));
}

static void
too_many_events_fail_the_session_without_a_loss(void **state)
{
    g_autoptr(QblkSession) session = session_check_new_ready(0);
    for (guint i = 0; i < QBLK_LIMIT_EVENTS; i++) {
        session_check_receive(session, "{\"event\": \"A\"}", 0);
    }
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_READY);
    session_check_receive(session, "{\"event\": \"B\"}", 0);
    session_check_session_failed(session, QBLK_QMP_ERROR_LIMIT, "QBLK_LIMIT_EVENTS");
    for (guint i = 0; i < QBLK_LIMIT_EVENTS; i++) {
        session_check_event(session, "A");
    }
    assert_null(qblk_session_take_event(session));
}

/* ---- faults ---- */

static void
faults_of_the_peer_fail_everything_with_the_same_error(void **state)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"{\"return\": {}, \"id\": 99}", "id 99, which no command in flight has"},
        {"{\"return\": {}, \"id\": 1}", "id 1, which no command in flight has"},
        {"{\"return\": 1, \"id\": 2}{\"return\": 1, \"id\": 2}",
         "id 2, which no command in flight"},
        {"{\"return\": {}}", "a reply without id"},
        {"{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error\"}}",
         "QEMU could not parse a command: JSON parse error"},
        {SESSION_GREETING, "a second greeting"},
        {"{\"something\": 1}", "none of 'QMP'"},
        {"{\"return\": {}, \"id\": \"2\"}", "has the invalid id"},
        {"{\"return\": nonsense, \"id\": 2}", "not JSON"},
        {"garbage", "starts with 'g'"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkSession) session = session_check_new_ready(0);
        (void)session_check_submit(session, "query-block", 0, SESSION_SECOND);
        guint64 waiting = session_check_submit(session, "query-jobs", 0, SESSION_SECOND);
        session_check_receive(session, cases[i].text, 0);
        session_check_session_failed(session, QBLK_QMP_ERROR_PROTOCOL, cases[i].part);
        session_check_failed(session, waiting, QBLK_QMP_ERROR_PROTOCOL, cases[i].part);
        guint64 later = session_check_submit(session, "stop", 0, SESSION_SECOND);
        session_check_failed(session, later, QBLK_QMP_ERROR_PROTOCOL, cases[i].part);
        session_check_sends(session, "");
        assert_int_equal(qblk_session_deadline(session), -1);
        session_check_receive(session, SESSION_GREETING, 0);
        qblk_session_end(session, NULL);
        qblk_session_tick(session, 100 * SESSION_SECOND);
    }
}

static void
an_error_without_id_before_the_greeting_fails_the_session(void **state)
{
    g_autoptr(QblkSession) session = session_check_new();
    session_check_receive(session, "{\"error\": {\"class\": \"a\", \"desc\": \"b\"}}", 0);
    session_check_session_failed(session, QBLK_QMP_ERROR_PROTOCOL, "before its greeting");
}

static void
the_capabilities_are_answered_first(void **state)
{
    g_autoptr(QblkSession) session = session_check_new();
    (void)session_check_submit(session, "query-block", 0, SESSION_SECOND);
    session_check_receive(session, SESSION_GREETING "{\"return\": {}, \"id\": 1}", 0);
    session_check_session_failed(session, QBLK_QMP_ERROR_PROTOCOL,
                                 "replied to 'query-block' before 'qmp_capabilities'");
}

/* QEMU answers the command it is at when a client goes to the one that comes next. */
static void
replies_to_an_earlier_client_are_dropped(void **state)
{
    (void)state;
    gint64 now = 40 * SESSION_SECOND;
    g_autoptr(QblkSession) before = qblk_session_new("x", 0, SESSION_SECOND, 0);
    g_autoptr(QblkSession) session = qblk_session_new("x", now, SESSION_SECOND, 0);
    guint64 owed = session_check_submit(before, "query-block", 0, SESSION_SECOND);
    guint64 id = session_check_submit(session, "query-jobs", now, SESSION_SECOND);
    assert_int_not_equal(owed, id);
    session_check_reply(session, owed + 2, 5, now);
    session_check_receive(session, "{\"event\": \"STOP\"}\r\n", now);
    session_check_receive(session, "{\"return\": {}}\r\n", now);
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_GREETING);
    session_check_receive(session, SESSION_GREETING, now);
    session_check_reply(session, owed, 6, now);
    session_check_reply(session, owed + 1, 7, now);
    session_check_receive(session, "{\"return\": {}}\r\n", now);
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_NEGOTIATING);
    session_check_reply(session, id + 1, 0, now);
    session_check_reply(session, id, 8, now);
    session_check_answered(session, id, 8);

    g_autoptr(QblkJson) event = qblk_session_take_event(session);
    assert_non_null(event);
}

static void
refused_capabilities_fail_the_session(void **state)
{
    g_autoptr(QblkSession) session = session_check_new();
    session_check_receive(session,
                          SESSION_GREETING
                          "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, \"id\": 1}",
                          0);
    session_check_session_failed(session, QBLK_QMP_ERROR_REFUSED, "'qmp_capabilities': no");
}

static void
the_end_of_the_connection_is_reported_with_its_place(void **state)
{
    g_autoptr(QblkSession) early = session_check_new();
    qblk_session_end(early, NULL);
    session_check_session_failed(early, QBLK_QMP_ERROR_CLOSED,
                                 "QEMU closed the connection before its greeting");
    g_autoptr(QblkSession) ready = session_check_new_ready(0);
    guint64 id = session_check_submit(ready, "quit", 0, SESSION_SECOND);
    qblk_session_end(ready, NULL);
    session_check_failed(ready, id, QBLK_QMP_ERROR_CLOSED, "QEMU closed the connection");
    g_autoptr(QblkSession) half = session_check_new_ready(0);
    session_check_receive(half, "{\"return\": {}, ", 0);
    qblk_session_end(half, NULL);
    session_check_session_failed(half, QBLK_QMP_ERROR_PROTOCOL, "inside a message");
    g_autoptr(QblkSession) broken = session_check_new_ready(0);
    qblk_session_end(broken, "No route to host");
    session_check_session_failed(broken, QBLK_QMP_ERROR_CLOSED, "was lost: No route to host");
    g_autoptr(QblkSession) refused = session_check_new();
    qblk_session_end(refused, "no QEMU listens");
    session_check_session_failed(refused, QBLK_QMP_ERROR_CLOSED,
                                 "cannot connect to QEMU: no QEMU listens");
}

static void
a_reply_beyond_the_limit_fails_the_session(void **state)
{
    g_autoptr(QblkSession) session = qblk_session_new("x", 0, SESSION_SECOND, 200);
    g_autofree char *filler = g_strnfill(300, 'x');
    g_autofree char *text = g_strdup_printf("{\"return\": \"%s\", \"id\": 2}", filler);
    session_check_receive(session, SESSION_GREETING "{\"return\": {}, \"id\": 1}", 0);
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_READY);
    session_check_receive(session, text, 0);
    session_check_session_failed(session, QBLK_QMP_ERROR_LIMIT, "QBLK_LIMIT_REPLY_BYTES");
}

static void
received_and_returned_items_are_counted(void **state)
{
    g_autoptr(QblkSession) session = session_check_new_ready(0);
    assert_int_equal(qblk_session_arrived(session), 0);
    guint64 first = session_check_submit(session, "query-block", 0, SESSION_SECOND);
    guint64 second = session_check_submit(session, "query-jobs", 0, SESSION_SECOND);
    session_check_receive(session, "{\"event\": \"A\"}", 0);
    session_check_reply(session, first, 1, 0);
    assert_int_equal(qblk_session_arrived(session), 2);
    session_check_event(session, "A");
    session_check_answered(session, first, 1);
    assert_int_equal(qblk_session_taken(session), 2);
    qblk_session_end(session, NULL);
    assert_int_equal(qblk_session_arrived(session), 4);
    session_check_failed(session, second, QBLK_QMP_ERROR_CLOSED, "closed");
    assert_int_equal(qblk_session_taken(session), 3);
}

static void
note(gboolean sent, const char *text, gsize length, gpointer user_data)
{
    g_string_append_printf(user_data, "%c%.*s\n", sent ? '>' : '<', (int)length, text);
}

static void
the_logger_sees_every_message_in_order(void **state)
{
    g_autoptr(QblkSession) session = session_check_new();
    GString *log = g_string_new(NULL);
    qblk_session_set_logger(session, note, log);
    session_check_receive(session, SESSION_GREETING, 0);
    session_check_receive(session, "{\"return\": {}, \"id\": 1}\r\n", 0);
    g_autofree char *expected = g_strconcat("<", SESSION_GREETING, NULL);
    expected[strlen(expected) - 2] = '\0';
    assert_memory_equal(log->str, expected, strlen(expected));
    assert_string_equal(log->str + strlen(expected),
                        "\n>{\"execute\":\"qmp_capabilities\",\"id\":1}\n"
                        "<{\"return\": {}, \"id\": 1}\n");
    g_string_free(log, TRUE);
}

/* ---- another connection ---- */

static void
a_restarted_session_keeps_its_queued_events(void **state)
{
    g_autoptr(QblkSession) session = session_check_new_ready(0);
    guint64 answered = session_check_submit(session, "query-block", 0, SESSION_SECOND);
    guint64 lost = session_check_submit(session, "query-jobs", 0, SESSION_SECOND);
    session_check_receive(session, "{\"event\": \"A\"}{\"return\": 4, \"id\": 2}{\"event", 0);
    qblk_session_end(session, "cut");

    qblk_session_restart(session, "next", 0, SESSION_SECOND);
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_GREETING);
    assert_null(qblk_session_error(session));
    assert_null(qblk_session_greeting(session));
    guint64 id = session_check_submit(session, "query-block", 0, SESSION_SECOND);
    session_check_sends(session, "");
    session_check_receive(session, SESSION_GREETING "{\"return\": {}, \"id\": 5}", 0);
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_READY);
    session_check_receive(session, "{\"event\": \"B\"}{\"return\": 6, \"id\": 4}", 0);

    session_check_answered(session, answered, 4);
    session_check_failed(session, lost, QBLK_QMP_ERROR_CLOSED, "cut");
    session_check_answered(session, id, 6);
    session_check_event(session, "A");
    session_check_event(session, "B");
}

static void
events_can_be_read_without_taking_them(void **state)
{
    g_autoptr(QblkSession) session = session_check_new_ready(0);
    session_check_receive(session, "{\"event\": \"A\"}", 0);
    guint64 next = qblk_session_next_event(session);
    assert_null(qblk_session_peek_event(session, &next));
    session_check_receive(session, "{\"event\": \"B\"}{\"event\": \"C\"}", 0);
    static const char *const names[] = {"B", "C"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        const QblkJson *event = qblk_session_peek_event(session, &next);
        assert_string_equal(qblk_json_get_string(event, "event"), names[i]);
    }
    assert_null(qblk_session_peek_event(session, &next));
    session_check_event(session, "A");
    session_check_event(session, "B");

    guint64 first = 0; /* it was taken: what is left begins at C */
    assert_string_equal(qblk_json_get_string(qblk_session_peek_event(session, &first), "event"),
                        "C");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_sent_before_the_greeting),
        cmocka_unit_test(replies_find_their_commands_in_any_order),
        cmocka_unit_test(a_refusal_is_an_answer),
        cmocka_unit_test(at_most_eight_commands_are_in_flight_and_the_rest_follows_in_order),
        cmocka_unit_test(the_capabilities_count_as_in_flight),
        cmocka_unit_test(output_may_leave_in_pieces),
        cmocka_unit_test(a_command_that_was_not_sent_yet_is_not_sent_after_it_was_abandoned),
        cmocka_unit_test(events_are_kept_in_order_between_replies),
        cmocka_unit_test(too_many_events_fail_the_session_without_a_loss),
        cmocka_unit_test(faults_of_the_peer_fail_everything_with_the_same_error),
        cmocka_unit_test(an_error_without_id_before_the_greeting_fails_the_session),
        cmocka_unit_test(the_capabilities_are_answered_first),
        cmocka_unit_test(replies_to_an_earlier_client_are_dropped),
        cmocka_unit_test(refused_capabilities_fail_the_session),
        cmocka_unit_test(the_end_of_the_connection_is_reported_with_its_place),
        cmocka_unit_test(a_reply_beyond_the_limit_fails_the_session),
        cmocka_unit_test(received_and_returned_items_are_counted),
        cmocka_unit_test(the_logger_sees_every_message_in_order),
        cmocka_unit_test(a_restarted_session_keeps_its_queued_events),
        cmocka_unit_test(events_can_be_read_without_taking_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
