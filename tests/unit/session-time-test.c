/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The session when time passes; the times are invented. */
#include "lib/session-check.h"

static void
no_greeting_in_time_means_a_busy_monitor(void **state)
{
    g_autoptr(QblkSession) session = session_check_new();
    guint64 id = session_check_submit(session, "query-block", 0, SESSION_SECOND);
    assert_int_equal(qblk_session_deadline(session), 5 * SESSION_SECOND);
    qblk_session_tick(session, 5 * SESSION_SECOND - 1);
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_GREETING);
    qblk_session_tick(session, 5 * SESSION_SECOND);
    session_check_session_failed(
        session, QBLK_QMP_ERROR_BUSY,
        "no greeting from '/run/vm.qmp': another client probably holds this monitor");
    session_check_failed(session, id, QBLK_QMP_ERROR_BUSY, "no greeting");
    assert_int_equal(qblk_session_deadline(session), -1);
}

static void
unanswered_capabilities_are_named(void **state)
{
    g_autoptr(QblkSession) session = session_check_new();
    session_check_receive(session, SESSION_GREETING, SESSION_SECOND);
    qblk_session_tick(session, 5 * SESSION_SECOND);
    session_check_session_failed(session, QBLK_QMP_ERROR_TIMEOUT,
                                 "'qmp_capabilities': no reply within 5000 ms");
}

static void
a_command_that_times_out_fails_alone_and_its_late_reply_is_dropped(void **state)
{
    g_autoptr(QblkSession) session = session_check_new_ready(0);
    guint64 slow = session_check_submit(session, "query-blockstats", 0, 2 * SESSION_SECOND);
    guint64 other = session_check_submit(session, "query-block", 0, 9 * SESSION_SECOND);
    assert_int_equal(qblk_session_deadline(session), 2 * SESSION_SECOND);
    qblk_session_tick(session, 2 * SESSION_SECOND - 1);
    session_check_pending(session, slow);
    qblk_session_tick(session, 2 * SESSION_SECOND);
    session_check_failed(session, slow, QBLK_QMP_ERROR_TIMEOUT,
                         "'query-blockstats': no reply within 2000 ms");
    assert_int_equal(qblk_session_deadline(session), 9 * SESSION_SECOND);
    session_check_reply(session, slow, 1, 3 * SESSION_SECOND);
    session_check_reply(session, other, 2, 3 * SESSION_SECOND);
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_READY);
    session_check_answered(session, other, 2);
    /* Only one late reply is owed. */
    session_check_reply(session, slow, 1, 3 * SESSION_SECOND);
    session_check_session_failed(session, QBLK_QMP_ERROR_PROTOCOL, "no command in flight");
}

static void
a_late_reply_before_the_failure_is_returned_is_dropped_too(void **state)
{
    g_autoptr(QblkSession) session = session_check_new_ready(0);
    guint64 id = session_check_submit(session, "query-block", 0, SESSION_SECOND);
    qblk_session_tick(session, SESSION_SECOND);
    session_check_reply(session, id, 1, 2 * SESSION_SECOND);
    session_check_failed(session, id, QBLK_QMP_ERROR_TIMEOUT, "'query-block'");
}

static void
the_time_of_a_command_runs_anew_from_each_reply(void **state)
{
    g_autoptr(QblkSession) session = session_check_new_ready(0);
    guint64 first = session_check_submit(session, "query-block", 0, SESSION_SECOND);
    guint64 second = session_check_submit(session, "query-jobs", 0, SESSION_SECOND);
    session_check_reply(session, first, 1, SESSION_SECOND - 1);
    assert_int_equal(qblk_session_deadline(session), 2 * SESSION_SECOND - 1);
    qblk_session_tick(session, SESSION_SECOND + 1);
    session_check_pending(session, second);
    /* An event is no progress: a guest that talks must not hide a command that hangs. */
    session_check_receive(session, "{\"event\": \"RTC_CHANGE\"}", SESSION_SECOND + 2);
    qblk_session_tick(session, 2 * SESSION_SECOND - 1);
    session_check_failed(session, second, QBLK_QMP_ERROR_TIMEOUT, "'query-jobs'");
}

static void
commands_have_no_deadline_before_the_handshake_is_done(void **state)
{
    g_autoptr(QblkSession) session = session_check_new();
    guint64 id = session_check_submit(session, "query-block", 0, SESSION_SECOND);
    session_check_receive(session, SESSION_GREETING, 3 * SESSION_SECOND);
    qblk_session_tick(session, 4 * SESSION_SECOND);
    session_check_receive(session, "{\"return\": {}, \"id\": 2}", 4 * SESSION_SECOND);
    assert_int_equal(qblk_session_deadline(session), 5 * SESSION_SECOND);
    qblk_session_tick(session, 5 * SESSION_SECOND - 1);
    session_check_pending(session, id);
}

static void
a_stuck_monitor_fails_waiting_commands_and_gets_no_more(void **state)
{
    g_autoptr(QblkSession) session = session_check_new_ready(0);
    guint64 ids[10];
    for (guint i = 0; i < 10; i++) {
        ids[i] = session_check_submit(session, "query-block", 0, SESSION_SECOND);
    }
    g_autofree char *first = session_check_drain(session);
    qblk_session_tick(session, SESSION_SECOND);
    session_check_failed(session, ids[7], QBLK_QMP_ERROR_TIMEOUT, "no reply within 1000 ms");
    session_check_failed(session, ids[9], QBLK_QMP_ERROR_TIMEOUT, "'query-block' was not sent");
    assert_int_equal(qblk_session_deadline(session), -1);
    guint64 next = session_check_submit(session, "query-jobs", SESSION_SECOND, SESSION_SECOND);
    session_check_sends(session, "");
    session_check_reply(session, ids[0], 0, SESSION_SECOND + 1);
    g_autofree char *sent = session_check_drain(session);
    assert_non_null(strstr(sent, "query-jobs"));
    session_check_reply(session, next, 3, SESSION_SECOND + 2);
    session_check_answered(session, next, 3);
}

static void
an_abandoned_command_is_not_sent_or_its_reply_is_dropped(void **state)
{
    g_autoptr(QblkSession) session = session_check_new();
    guint64 unsent = session_check_submit(session, "query-block", 0, SESSION_SECOND);
    guint64 sent = session_check_submit(session, "query-jobs", 0, SESSION_SECOND);
    qblk_session_abandon(session, unsent);
    qblk_session_abandon(session, 77);
    session_check_receive(session, SESSION_GREETING "{\"return\": {}, \"id\": 3}", 0);
    g_autofree char *text = session_check_drain(session);
    assert_null(strstr(text, "query-block"));
    qblk_session_abandon(session, sent);
    assert_int_equal(qblk_session_deadline(session), -1);
    session_check_reply(session, sent, 1, 9 * SESSION_SECOND);
    assert_int_equal(qblk_session_arrived(session), 0);
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_READY);
    session_check_failed(session, sent, QBLK_QMP_ERROR_ARGUMENT, "no command has the id 2");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_greeting_in_time_means_a_busy_monitor),
        cmocka_unit_test(unanswered_capabilities_are_named),
        cmocka_unit_test(a_command_that_times_out_fails_alone_and_its_late_reply_is_dropped),
        cmocka_unit_test(a_late_reply_before_the_failure_is_returned_is_dropped_too),
        cmocka_unit_test(the_time_of_a_command_runs_anew_from_each_reply),
        cmocka_unit_test(commands_have_no_deadline_before_the_handshake_is_done),
        cmocka_unit_test(a_stuck_monitor_fails_waiting_commands_and_gets_no_more),
        cmocka_unit_test(an_abandoned_command_is_not_sent_or_its_reply_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
