/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/session-check.h"

/* A session that started at time 0 and has 5 seconds for its handshake. */
QblkSession *
session_check_new(void)
{
    return qblk_session_new("/run/vm.qmp", 0, 5 * SESSION_SECOND, 0);
}

void
session_check_receive(QblkSession *session, const char *text, gint64 now)
{
    qblk_session_receive(session, text, strlen(text), now);
}

/* The bytes that the session wants to send; they count as sent. */
char *
session_check_drain(QblkSession *session)
{
    gsize length;
    const char *bytes = qblk_session_output(session, &length);
    char *text = g_strndup(bytes, length);
    qblk_session_sent(session, length);
    return text;
}

void
session_check_sends(QblkSession *session, const char *expected)
{
    g_autofree char *text = session_check_drain(session);
    assert_string_equal(text, expected);
}

/* A session after its handshake at @now; its qmp_capabilities had id 1. */
QblkSession *
session_check_new_ready(gint64 now)
{
    QblkSession *session = session_check_new();
    session_check_receive(session, SESSION_GREETING, now);
    session_check_sends(session, "{\"execute\":\"qmp_capabilities\",\"id\":1}\n");
    session_check_receive(session, "{\"return\": {}, \"id\": 1}", now);
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_READY);
    return session;
}

guint64
session_check_submit(QblkSession *session, const char *command, gint64 now, gint64 timeout)
{
    return qblk_session_submit(session, command, NULL, now, timeout);
}

void
session_check_reply(QblkSession *session, guint64 id, gint64 value, gint64 now)
{
    g_autofree char *text = g_strdup_printf(
        "{\"return\": %" G_GINT64_FORMAT ", \"id\": %" G_GUINT64_FORMAT "}\r\n", value, id);
    session_check_receive(session, text, now);
}

void
session_check_pending(QblkSession *session, guint64 id)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkAnswer) answer = NULL;
    assert_true(qblk_session_take_answer(session, id, &answer, &error));
    assert_null(answer);
}

void
session_check_answered(QblkSession *session, guint64 id, gint64 value)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkAnswer) answer = NULL;
    gint64 got = -1;
    assert_true(qblk_session_take_answer(session, id, &answer, &error));
    assert_non_null(answer);
    assert_true(qblk_json_integer(answer->value, &got));
    assert_int_equal(got, value);
}

void
session_check_failed(QblkSession *session, guint64 id, int code, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkAnswer) answer = NULL;
    assert_false(qblk_session_take_answer(session, id, &answer, &error));
    assert_error(error, QBLK_QMP_ERROR, code, part);
}

void
session_check_session_failed(QblkSession *session, int code, const char *part)
{
    assert_int_equal(qblk_session_state(session), QBLK_SESSION_FAILED);
    g_autoptr(GError) error = g_error_copy(qblk_session_error(session));
    assert_error(error, QBLK_QMP_ERROR, code, part);
}

void
session_check_event(QblkSession *session, const char *name)
{
    g_autoptr(QblkJson) event = qblk_session_take_event(session);
    assert_non_null(event);
    assert_string_equal(qblk_json_get_string(event, "event"), name);
}
