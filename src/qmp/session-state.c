/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/session-data.h"

#include "base/limits.h"

#include <string.h>

QblkSession *
qblk_session_new(const char *peer, gint64 now, gint64 timeout, gsize max_reply_bytes)
{
    QblkSession *session = g_new0(QblkSession, 1);
    session->peer = g_strdup(peer);
    session->framer = qblk_framer_new(max_reply_bytes);
    session->handshake_start = now;
    session->handshake_timeout = timeout;
    /* No two sessions have the same ids: see is_of_earlier_client(). */
    session->commands = qblk_pending_new((guint64)now);
    session->events = qblk_event_queue_new();
    qblk_outbox_init(&session->output);
    return session;
}

void
qblk_session_restart(QblkSession *session, const char *peer, gint64 now, gint64 timeout)
{
    g_free(session->peer);
    session->peer = g_strdup(peer);
    session->state = QBLK_SESSION_GREETING;
    g_clear_error(&session->error);
    qblk_framer_reset(session->framer);

    session->handshake_start = now;
    session->handshake_timeout = timeout;
    g_clear_pointer(&session->greeting, qblk_json_unref);
    session->version = (QblkMessageVersion){0};
    session->handshake_id = 0;
    session->is_proxy = FALSE;
    qblk_pending_set_limit(session->commands, QBLK_LIMIT_IN_FLIGHT);

    qblk_outbox_empty(&session->output);
}

void
qblk_session_free(QblkSession *session)
{
    if (session == NULL) {
        return;
    }

    g_free(session->peer);
    g_clear_error(&session->error);
    qblk_framer_free(session->framer);
    qblk_json_unref(session->greeting);
    qblk_pending_free(session->commands);
    qblk_event_queue_free(session->events);
    qblk_outbox_clear(&session->output);
    g_free(session);
}

void
qblk_session_set_logger(QblkSession *session, QblkSessionLogger logger, gpointer user_data)
{
    session->logger = logger;
    session->logger_data = user_data;
}

void
qblk_session_set_reply_limit(QblkSession *session, gsize bytes)
{
    qblk_framer_set_limit(session->framer, bytes);
}

QblkSessionState
qblk_session_state(const QblkSession *session)
{
    return session->state;
}

const GError *
qblk_session_error(const QblkSession *session)
{
    return session->error;
}

const QblkJson *
qblk_session_greeting(const QblkSession *session)
{
    return session->greeting;
}

QblkMessageVersion
qblk_session_version(const QblkSession *session)
{
    return session->version;
}

/* A failure is counted as arrived and is never taken, so that a caller that waits is woken. */
guint64
qblk_session_arrived(const QblkSession *session)
{
    return qblk_pending_arrived(session->commands) + qblk_event_queue_pushed(session->events) +
           (session->state == QBLK_SESSION_FAILED ? 1 : 0);
}

guint64
qblk_session_taken(const QblkSession *session)
{
    return qblk_pending_taken(session->commands) + qblk_event_queue_popped(session->events);
}

/* ---- commands ---- */

void
qblk_session_log(QblkSession *session, gboolean sent, const char *text, gsize length)
{
    if (session->logger != NULL) {
        session->logger(sent, text, length, session->logger_data);
    }
}

void
qblk_session_fill_output(QblkSession *session)
{
    if (session->state == QBLK_SESSION_GREETING || session->state == QBLK_SESSION_FAILED) {
        return;
    }

    char *text;
    while ((text = qblk_pending_send_next(session->commands)) != NULL) {
        gsize length = strlen(text);
        qblk_session_log(session, TRUE, text, length - 1);
        qblk_outbox_add(&session->output, text, length);
        g_free(text);
    }
}

void
qblk_session_fail(QblkSession *session, GError *error)
{
    qblk_framer_explain_foreign(session->framer, session->peer, &error);
    session->state = QBLK_SESSION_FAILED;
    session->error = error;
    qblk_outbox_empty(&session->output);
    qblk_pending_fail_all(session->commands, error);
}

guint64
qblk_session_submit(QblkSession *session, const char *command, const QblkJson *arguments,
                    gint64 now, gint64 timeout)
{
    guint64 id = qblk_pending_add(session->commands, command, arguments, now, timeout);
    if (session->state == QBLK_SESSION_FAILED) {
        qblk_pending_fail_all(session->commands, session->error);
    }

    qblk_session_fill_output(session);
    return id;
}

gboolean
qblk_session_take_answer(QblkSession *session, guint64 id, QblkAnswer **answer, GError **error)
{
    return qblk_pending_take(session->commands, id, answer, error);
}

const char *
qblk_session_command(const QblkSession *session, guint64 id)
{
    return qblk_pending_name(session->commands, id);
}

void
qblk_session_abandon(QblkSession *session, guint64 id)
{
    /* A command that is in flight here may not have been sent. */
    gboolean is_in_flight =
        id != session->handshake_id && qblk_pending_in_flight(session->commands, id) != NULL;
    if (is_in_flight && qblk_outbox_remove(&session->output, id)) {
        qblk_pending_unsend(session->commands, id);
    }
    qblk_pending_abandon(session->commands, id);
    qblk_session_fill_output(session);
}

QblkJson *
qblk_session_take_event(QblkSession *session)
{
    return qblk_event_queue_pop(session->events);
}

const QblkJson *
qblk_session_peek_event(QblkSession *session, guint64 *next)
{
    return qblk_event_queue_next(session->events, next);
}

void
qblk_session_follow_events(QblkSession *session, gboolean is_followed, gboolean drops_seen)
{
    qblk_event_queue_follow(session->events, is_followed, drops_seen);
}

guint64
qblk_session_next_event(const QblkSession *session)
{
    return qblk_event_queue_pushed(session->events);
}

/* ---- the connection ---- */

void
qblk_session_end(QblkSession *session, const char *reason)
{
    if (session->state == QBLK_SESSION_FAILED) {
        return;
    }

    gboolean is_early = session->state == QBLK_SESSION_GREETING;
    GError *error = NULL;
    if (reason != NULL) {
        g_set_error(&error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED,
                    is_early ? "cannot connect to QEMU: %s" : "the connection to QEMU was lost: %s",
                    reason);
    } else if (qblk_framer_is_inside(session->framer)) {
        g_set_error(&error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL,
                    "QEMU closed the connection inside a message");
    } else {
        g_set_error(&error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "QEMU closed the connection%s",
                    is_early ? " before its greeting" : "");
    }

    qblk_session_fail(session, error);
}

const char *
qblk_session_output(const QblkSession *session, gsize *length)
{
    return qblk_outbox_bytes(&session->output, length);
}

void
qblk_session_sent(QblkSession *session, gsize length)
{
    qblk_outbox_sent(&session->output, length);
}

/* ---- time ---- */

gint64
qblk_session_deadline(const QblkSession *session)
{
    if (session->state == QBLK_SESSION_FAILED) {
        return -1;
    }

    if (session->state != QBLK_SESSION_READY) {
        return session->handshake_start + session->handshake_timeout;
    }
    return qblk_pending_deadline(session->commands);
}

static GError *
new_handshake_error(const QblkSession *session)
{
    if (session->state == QBLK_SESSION_GREETING) {
        return g_error_new(QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY,
                           "no greeting from '%s': another client probably holds this monitor",
                           session->peer);
    }

    const char *name =
        session->state == QBLK_SESSION_IDENTIFYING ? "query-version" : "qmp_capabilities";
    return g_error_new(QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT,
                       "'%s': no reply within %" G_GINT64_FORMAT " ms", name,
                       session->handshake_timeout / 1000);
}

void
qblk_session_tick(QblkSession *session, gint64 now)
{
    gint64 first = qblk_session_deadline(session);
    if (first < 0 || now < first) {
        return;
    }

    if (session->state != QBLK_SESSION_READY) {
        qblk_session_fail(session, new_handshake_error(session));
        return;
    }

    qblk_pending_expire(session->commands, now);
}
