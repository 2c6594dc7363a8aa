/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/session.h"

#include "base/limits.h"
#include "lib/check.h"

#define GREETING                                                                                   \
    "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 1, \"minor\": 2, \"major\": 7}, "              \
    "\"package\": \"\"}, \"capabilities\": []}}\r\n"
#define SECOND G_GINT64_CONSTANT(1000000)

/* A session that began at time 0 and has 5 seconds for its handshake. */
static QblkSession *
new_session(void)
{
    return qblk_session_new("/run/vm.qmp", 0, 5 * SECOND, 0);
}

static void
receive(QblkSession *session, const char *text, gint64 now)
{
    qblk_session_receive(session, text, strlen(text), now);
}

/* What the session wants to send; it is taken as sent. */
static char *
drain(QblkSession *session)
{
    gsize length;
    const char *bytes = qblk_session_output(session, &length);
    char *text = g_strndup(bytes, length);
    qblk_session_sent(session, length);
    return text;
}

static void
assert_sends(QblkSession *session, const char *expected)
{
    g_autofree char *text = drain(session);
    assert_string_equal(text, expected);
}

/* A session after its handshake at @now; its qmp_capabilities had id 1. */
static QblkSession *
new_ready_session(gint64 now)
{
    QblkSession *session = new_session();
    receive(session, GREETING, now);
    assert_sends(session, "{\"execute\":\"qmp_capabilities\",\"id\":1}\n");
    receive(session, "{\"return\": {}, \"id\": 1}", now);
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_READY);
    return session;
}

static guint64
submit(QblkSession *session, const char *command, gint64 now, gint64 timeout)
{
    return qblk_session_submit(session, command, NULL, now, timeout);
}

static void
reply(QblkSession *session, guint64 id, gint64 value, gint64 now)
{
    g_autofree char *text = g_strdup_printf(
        "{\"return\": %" G_GINT64_FORMAT ", \"id\": %" G_GUINT64_FORMAT "}\r\n", value, id);
    receive(session, text, now);
}

static void
assert_pending(QblkSession *session, guint64 id)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkAnswer) answer = NULL;
    assert_true(qblk_session_take_answer(session, id, &answer, &error));
    assert_null(answer);
}

static void
assert_answered(QblkSession *session, guint64 id, gint64 value)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkAnswer) answer = NULL;
    gint64 got = -1;
    assert_true(qblk_session_take_answer(session, id, &answer, &error));
    assert_non_null(answer);
    assert_true(qblk_json_integer(answer->value, &got));
    assert_int_equal(got, value);
}

static void
assert_failed(QblkSession *session, guint64 id, int code, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkAnswer) answer = NULL;
    assert_false(qblk_session_take_answer(session, id, &answer, &error));
    assert_error(error, QBLK_QMP_ERROR, code, part);
}

static void
assert_session_failed(QblkSession *session, int code, const char *part)
{
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_FAILED);
    g_autoptr(GError) error = g_error_copy(qblk_session_error(session));
    assert_error(error, QBLK_QMP_ERROR, code, part);
}

static void
nothing_is_sent_before_the_greeting(void **state)
{
    g_autoptr(QblkSession) session = new_session();
    (void)submit(session, "query-block", 0, SECOND);
    assert_sends(session, "");
    receive(session, "  \r\n" GREETING, 0);
    /* The capabilities go first, and the command that waited follows in the same write. */
    assert_sends(session, "{\"execute\":\"qmp_capabilities\",\"id\":2}\n"
                          "{\"execute\":\"query-block\",\"id\":1}\n");
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_NEGOTIATING);
    receive(session, "{\"return\": {}, \"id\": 2}{\"return\": 5, \"id\": 1}", 0);
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_READY);
    assert_answered(session, 1, 5);
    assert_int_equal(qblk_session_version(session).major, 7);
}

static void
replies_find_their_commands_in_any_order(void **state)
{
    static const guint orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                      {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (gsize i = 0; i < G_N_ELEMENTS(orders); i++) {
        g_autoptr(QblkSession) session = new_ready_session(0);
        guint64 ids[3];
        for (guint k = 0; k < 3; k++) {
            ids[k] = submit(session, "query-block", 0, SECOND);
        }
        for (guint k = 0; k < 3; k++) {
            assert_pending(session, ids[orders[i][k]]);
            reply(session, ids[orders[i][k]], orders[i][k], 0);
        }
        for (guint k = 0; k < 3; k++) {
            assert_answered(session, ids[k], k);
            assert_failed(session, ids[k], QBLK_QMP_ERROR_ARGUMENT, "or its reply was taken");
        }
    }
}

static void
a_refusal_is_an_answer(void **state)
{
    g_autoptr(QblkSession) session = new_ready_session(0);
    guint64 id = submit(session, "query-nothing", 0, SECOND);
    receive(session, "{\"id\": 2, \"error\": {\"class\": \"CommandNotFound\", \"desc\": \"no\"}}",
            0);
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
    g_autoptr(QblkSession) session = new_ready_session(0);
    guint64 ids[20];
    for (guint i = 0; i < 20; i++) {
        ids[i] = submit(session, "query-block", 0, SECOND);
    }
    g_autofree char *first = drain(session);
    assert_int_equal(count_lines(first), QBLK_LIMIT_IN_FLIGHT);
    for (guint i = 0; i < 20; i++) {
        reply(session, ids[i], i, 0);
        if (i + QBLK_LIMIT_IN_FLIGHT < 20) {
            g_autofree char *next = g_strdup_printf("{\"execute\":\"query-block\",\"id\":%u}\n",
                                                    (guint)ids[i + QBLK_LIMIT_IN_FLIGHT]);
            assert_sends(session, next);
        } else {
            assert_sends(session, "");
        }
        assert_answered(session, ids[i], i);
    }
}

static void
the_capabilities_count_as_in_flight(void **state)
{
    g_autoptr(QblkSession) session = new_session();
    for (guint i = 0; i < 20; i++) {
        (void)submit(session, "query-block", 0, SECOND);
    }
    receive(session, GREETING, 0);
    g_autofree char *first = drain(session);
    assert_int_equal(count_lines(first), QBLK_LIMIT_IN_FLIGHT);
}

static void
output_may_leave_in_pieces(void **state)
{
    g_autoptr(QblkSession) session = new_ready_session(0);
    (void)submit(session, "stop", 0, SECOND);
    gsize length;
    (void)qblk_session_output(session, &length);
    qblk_session_sent(session, 11);
    assert_string_equal(qblk_session_output(session, &length), "\"stop\",\"id\":2}\n");
    (void)submit(session, "cont", 0, SECOND);
    assert_sends(session, "\"stop\",\"id\":2}\n{\"execute\":\"cont\",\"id\":3}\n");
    assert_sends(session, "");
}

/* ---- time ---- */

static void
no_greeting_in_time_means_a_busy_monitor(void **state)
{
    g_autoptr(QblkSession) session = new_session();
    guint64 id = submit(session, "query-block", 0, SECOND);
    assert_int_equal(qblk_session_deadline(session), 5 * SECOND);
    qblk_session_tick(session, 5 * SECOND - 1);
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_GREETING);
    qblk_session_tick(session, 5 * SECOND);
    assert_session_failed(
        session, QBLK_QMP_ERROR_BUSY,
        "no greeting from '/run/vm.qmp': another client probably holds this monitor");
    assert_failed(session, id, QBLK_QMP_ERROR_BUSY, "no greeting");
    assert_int_equal(qblk_session_deadline(session), -1);
}

static void
unanswered_capabilities_are_named(void **state)
{
    g_autoptr(QblkSession) session = new_session();
    receive(session, GREETING, SECOND);
    qblk_session_tick(session, 5 * SECOND);
    assert_session_failed(session, QBLK_QMP_ERROR_TIMEOUT,
                          "'qmp_capabilities': no answer within 5000 ms");
}

static void
a_command_out_of_time_fails_alone_and_its_late_reply_is_dropped(void **state)
{
    g_autoptr(QblkSession) session = new_ready_session(0);
    guint64 slow = submit(session, "query-blockstats", 0, 2 * SECOND);
    guint64 other = submit(session, "query-block", 0, 9 * SECOND);
    assert_int_equal(qblk_session_deadline(session), 2 * SECOND);
    qblk_session_tick(session, 2 * SECOND - 1);
    assert_pending(session, slow);
    qblk_session_tick(session, 2 * SECOND);
    assert_failed(session, slow, QBLK_QMP_ERROR_TIMEOUT,
                  "'query-blockstats': no answer within 2000 ms");
    assert_int_equal(qblk_session_deadline(session), 9 * SECOND);
    reply(session, slow, 1, 3 * SECOND);
    reply(session, other, 2, 3 * SECOND);
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_READY);
    assert_answered(session, other, 2);
    /* Only one late reply is owed. */
    reply(session, slow, 1, 3 * SECOND);
    assert_session_failed(session, QBLK_QMP_ERROR_PROTOCOL, "no unanswered command");
}

static void
a_late_reply_before_the_failure_is_taken_is_dropped_too(void **state)
{
    g_autoptr(QblkSession) session = new_ready_session(0);
    guint64 id = submit(session, "query-block", 0, SECOND);
    qblk_session_tick(session, SECOND);
    reply(session, id, 1, 2 * SECOND);
    assert_failed(session, id, QBLK_QMP_ERROR_TIMEOUT, "'query-block'");
}

static void
the_time_of_a_command_runs_anew_from_each_reply(void **state)
{
    g_autoptr(QblkSession) session = new_ready_session(0);
    guint64 first = submit(session, "query-block", 0, SECOND);
    guint64 second = submit(session, "query-jobs", 0, SECOND);
    reply(session, first, 1, SECOND - 1);
    assert_int_equal(qblk_session_deadline(session), 2 * SECOND - 1);
    qblk_session_tick(session, SECOND + 1);
    assert_pending(session, second);
    /* An event is no progress: a guest that talks must not hide a command that hangs. */
    receive(session, "{\"event\": \"RTC_CHANGE\"}", SECOND + 2);
    qblk_session_tick(session, 2 * SECOND - 1);
    assert_failed(session, second, QBLK_QMP_ERROR_TIMEOUT, "'query-jobs'");
}

static void
commands_have_no_deadline_before_the_handshake_is_done(void **state)
{
    g_autoptr(QblkSession) session = new_session();
    guint64 id = submit(session, "query-block", 0, SECOND);
    receive(session, GREETING, 3 * SECOND);
    qblk_session_tick(session, 4 * SECOND);
    receive(session, "{\"return\": {}, \"id\": 2}", 4 * SECOND);
    assert_int_equal(qblk_session_deadline(session), 5 * SECOND);
    qblk_session_tick(session, 5 * SECOND - 1);
    assert_pending(session, id);
}

static void
a_stuck_monitor_fails_waiting_commands_and_gets_no_more(void **state)
{
    g_autoptr(QblkSession) session = new_ready_session(0);
    guint64 ids[10];
    for (guint i = 0; i < 10; i++) {
        ids[i] = submit(session, "query-block", 0, SECOND);
    }
    g_autofree char *first = drain(session);
    qblk_session_tick(session, SECOND);
    assert_failed(session, ids[7], QBLK_QMP_ERROR_TIMEOUT, "no answer within 1000 ms");
    assert_failed(session, ids[9], QBLK_QMP_ERROR_TIMEOUT, "'query-block' was not sent");
    assert_int_equal(qblk_session_deadline(session), -1);
    guint64 next = submit(session, "query-jobs", SECOND, SECOND);
    assert_sends(session, "");
    reply(session, ids[0], 0, SECOND + 1);
    g_autofree char *sent = drain(session);
    assert_non_null(strstr(sent, "query-jobs"));
    reply(session, next, 3, SECOND + 2);
    assert_answered(session, next, 3);
}

static void
an_abandoned_command_is_not_sent_or_its_reply_is_dropped(void **state)
{
    g_autoptr(QblkSession) session = new_session();
    guint64 unsent = submit(session, "query-block", 0, SECOND);
    guint64 sent = submit(session, "query-jobs", 0, SECOND);
    qblk_session_abandon(session, unsent);
    qblk_session_abandon(session, 77);
    receive(session, GREETING "{\"return\": {}, \"id\": 3}", 0);
    g_autofree char *text = drain(session);
    assert_null(strstr(text, "query-block"));
    qblk_session_abandon(session, sent);
    assert_int_equal(qblk_session_deadline(session), -1);
    reply(session, sent, 1, 9 * SECOND);
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_READY);
    assert_failed(session, sent, QBLK_QMP_ERROR_ARGUMENT, "no command has the id 2");
}

/* ---- events ---- */

static void
assert_event(QblkSession *session, const char *name)
{
    g_autoptr(QblkJson) event = qblk_session_take_event(session);
    assert_non_null(event);
    assert_string_equal(qblk_json_get_string(event, "event"), name);
}

static void
events_are_kept_in_order_between_replies(void **state)
{
    g_autoptr(QblkSession) session = new_session();
    receive(session, GREETING "{\"event\": \"A\"}{\"return\": {}, \"id\": 1}", 0);
    guint64 id = submit(session, "query-block", 0, SECOND);
    receive(session, "{\"event\": \"B\"}{\"return\": 1, \"id\": 2}{\"event\": \"C\"}", 0);
    qblk_session_end(session, NULL);
    /* What came before the end is not lost by it. */
    assert_answered(session, id, 1);
    assert_event(session, "A");
    assert_event(session, "B");
    assert_event(session, "C");
    assert_null(qblk_session_take_event(session));
}

static void
too_many_events_fail_the_session_and_none_is_lost(void **state)
{
    g_autoptr(QblkSession) session = new_ready_session(0);
    for (guint i = 0; i < QBLK_LIMIT_EVENTS; i++) {
        receive(session, "{\"event\": \"A\"}", 0);
    }
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_READY);
    receive(session, "{\"event\": \"B\"}", 0);
    assert_session_failed(session, QBLK_QMP_ERROR_LIMIT, "QBLK_LIMIT_EVENTS");
    for (guint i = 0; i < QBLK_LIMIT_EVENTS; i++) {
        assert_event(session, "A");
    }
    assert_null(qblk_session_take_event(session));
}

static void
taken_events_make_room(void **state)
{
    g_autoptr(QblkSession) session = new_ready_session(0);
    for (guint i = 0; i < QBLK_LIMIT_EVENTS + 10; i++) {
        receive(session, "{\"event\": \"A\"}", 0);
        assert_event(session, "A");
    }
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_READY);
}

static void
too_many_bytes_of_events_fail_the_session(void **state)
{
    g_autoptr(QblkSession) session = new_ready_session(0);
    g_autofree char *filler = g_strnfill(1024 * 1024, 'x');
    g_autofree char *event = g_strdup_printf("{\"event\": \"A\", \"data\": \"%s\"}", filler);
    guint sent = 0;
    while (qblk_session_state(session) == QBLK_SESSION_READY && sent < 100) {
        receive(session, event, 0);
        sent++;
    }
    assert_session_failed(session, QBLK_QMP_ERROR_LIMIT, "QBLK_LIMIT_EVENT_BYTES");
    assert_int_equal(sent, 64);
}

/* ---- faults ---- */

static void
faults_of_the_peer_fail_everything_with_the_same_error(void **state)
{
    static const struct
    {
        const char *text, *part;
    } cases[] = {
        {"{\"return\": {}, \"id\": 99}", "id 99, which no unanswered command has"},
        {"{\"return\": {}, \"id\": 1}", "id 1, which no unanswered command has"},
        {"{\"return\": 1, \"id\": 2}{\"return\": 1, \"id\": 2}", "id 2, which no unanswered"},
        {"{\"return\": {}}", "a reply without id"},
        {"{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error\"}}",
         "QEMU could not read what was sent: JSON parse error"},
        {GREETING, "a second greeting"},
        {"{\"something\": 1}", "none of 'QMP'"},
        {"{\"return\": {}, \"id\": \"2\"}", "which no command had"},
        {"{\"return\": nonsense, \"id\": 2}", "not JSON"},
        {"garbage", "begins with 'g'"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkSession) session = new_ready_session(0);
        (void)submit(session, "query-block", 0, SECOND);
        guint64 waiting = submit(session, "query-jobs", 0, SECOND);
        receive(session, cases[i].text, 0);
        assert_session_failed(session, QBLK_QMP_ERROR_PROTOCOL, cases[i].part);
        assert_failed(session, waiting, QBLK_QMP_ERROR_PROTOCOL, cases[i].part);
        guint64 later = submit(session, "stop", 0, SECOND);
        assert_failed(session, later, QBLK_QMP_ERROR_PROTOCOL, cases[i].part);
        assert_sends(session, "");
        assert_int_equal(qblk_session_deadline(session), -1);
        receive(session, GREETING, 0);
        qblk_session_end(session, NULL);
        qblk_session_tick(session, 100 * SECOND);
    }
}

static void
only_a_greeting_may_come_first(void **state)
{
    static const char *const texts[] = {
        "{\"return\": {}, \"id\": 1}",
        "{\"event\": \"STOP\"}",
        "{\"error\": {\"class\": \"a\", \"desc\": \"b\"}}",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(QblkSession) session = new_session();
        receive(session, texts[i], 0);
        assert_session_failed(session, QBLK_QMP_ERROR_PROTOCOL, "QEMU sent no greeting but first");
    }
}

static void
the_capabilities_are_answered_first(void **state)
{
    g_autoptr(QblkSession) session = new_session();
    (void)submit(session, "query-block", 0, SECOND);
    receive(session, GREETING "{\"return\": {}, \"id\": 1}", 0);
    assert_session_failed(session, QBLK_QMP_ERROR_PROTOCOL,
                          "answered 'query-block' before 'qmp_capabilities'");
}

static void
refused_capabilities_fail_the_session(void **state)
{
    g_autoptr(QblkSession) session = new_session();
    receive(session,
            GREETING "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, \"id\": 1}", 0);
    assert_session_failed(session, QBLK_QMP_ERROR_REFUSED, "'qmp_capabilities': no");
}

static void
the_end_of_the_connection_says_where_it_came(void **state)
{
    g_autoptr(QblkSession) early = new_session();
    qblk_session_end(early, NULL);
    assert_session_failed(early, QBLK_QMP_ERROR_CLOSED,
                          "QEMU closed the connection before its greeting");
    g_autoptr(QblkSession) ready = new_ready_session(0);
    guint64 id = submit(ready, "quit", 0, SECOND);
    qblk_session_end(ready, NULL);
    assert_failed(ready, id, QBLK_QMP_ERROR_CLOSED, "QEMU closed the connection");
    g_autoptr(QblkSession) half = new_ready_session(0);
    receive(half, "{\"return\": {}, ", 0);
    qblk_session_end(half, NULL);
    assert_session_failed(half, QBLK_QMP_ERROR_PROTOCOL, "inside a message");
    g_autoptr(QblkSession) broken = new_ready_session(0);
    qblk_session_end(broken, "No route to host");
    assert_session_failed(broken, QBLK_QMP_ERROR_CLOSED, "was lost: No route to host");
}

static void
a_reply_beyond_the_limit_fails_the_session(void **state)
{
    g_autoptr(QblkSession) session = qblk_session_new("x", 0, SECOND, 200);
    g_autofree char *filler = g_strnfill(300, 'x');
    g_autofree char *text = g_strdup_printf("{\"return\": \"%s\", \"id\": 2}", filler);
    receive(session, GREETING "{\"return\": {}, \"id\": 1}", 0);
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_READY);
    receive(session, text, 0);
    assert_session_failed(session, QBLK_QMP_ERROR_LIMIT, "QBLK_LIMIT_REPLY_BYTES");
}

static void
what_arrives_and_is_taken_is_counted(void **state)
{
    g_autoptr(QblkSession) session = new_ready_session(0);
    assert_int_equal(qblk_session_arrived(session), 0);
    guint64 first = submit(session, "query-block", 0, SECOND);
    guint64 second = submit(session, "query-jobs", 0, SECOND);
    receive(session, "{\"event\": \"A\"}", 0);
    reply(session, first, 1, 0);
    assert_int_equal(qblk_session_arrived(session), 2);
    assert_event(session, "A");
    assert_answered(session, first, 1);
    assert_int_equal(qblk_session_taken(session), 2);
    qblk_session_end(session, NULL);
    assert_int_equal(qblk_session_arrived(session), 4);
    assert_failed(session, second, QBLK_QMP_ERROR_CLOSED, "closed");
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
    g_autoptr(QblkSession) session = new_session();
    GString *log = g_string_new(NULL);
    qblk_session_set_logger(session, note, log);
    receive(session, GREETING, 0);
    receive(session, "{\"return\": {}, \"id\": 1}\r\n", 0);
    g_autofree char *expected = g_strconcat("<", GREETING, NULL);
    expected[strlen(expected) - 2] = '\0';
    assert_memory_equal(log->str, expected, strlen(expected));
    assert_string_equal(log->str + strlen(expected),
                        "\n>{\"execute\":\"qmp_capabilities\",\"id\":1}\n"
                        "<{\"return\": {}, \"id\": 1}\n");
    g_string_free(log, TRUE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_sent_before_the_greeting),
        cmocka_unit_test(replies_find_their_commands_in_any_order),
        cmocka_unit_test(a_refusal_is_an_answer),
        cmocka_unit_test(at_most_eight_commands_are_in_flight_and_the_rest_follows_in_order),
        cmocka_unit_test(the_capabilities_count_as_in_flight),
        cmocka_unit_test(output_may_leave_in_pieces),
        cmocka_unit_test(no_greeting_in_time_means_a_busy_monitor),
        cmocka_unit_test(unanswered_capabilities_are_named),
        cmocka_unit_test(a_command_out_of_time_fails_alone_and_its_late_reply_is_dropped),
        cmocka_unit_test(a_late_reply_before_the_failure_is_taken_is_dropped_too),
        cmocka_unit_test(the_time_of_a_command_runs_anew_from_each_reply),
        cmocka_unit_test(commands_have_no_deadline_before_the_handshake_is_done),
        cmocka_unit_test(a_stuck_monitor_fails_waiting_commands_and_gets_no_more),
        cmocka_unit_test(an_abandoned_command_is_not_sent_or_its_reply_is_dropped),
        cmocka_unit_test(events_are_kept_in_order_between_replies),
        cmocka_unit_test(too_many_events_fail_the_session_and_none_is_lost),
        cmocka_unit_test(taken_events_make_room),
        cmocka_unit_test(too_many_bytes_of_events_fail_the_session),
        cmocka_unit_test(faults_of_the_peer_fail_everything_with_the_same_error),
        cmocka_unit_test(only_a_greeting_may_come_first),
        cmocka_unit_test(the_capabilities_are_answered_first),
        cmocka_unit_test(refused_capabilities_fail_the_session),
        cmocka_unit_test(the_end_of_the_connection_says_where_it_came),
        cmocka_unit_test(a_reply_beyond_the_limit_fails_the_session),
        cmocka_unit_test(what_arrives_and_is_taken_is_counted),
        cmocka_unit_test(the_logger_sees_every_message_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
