/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What QEMU sends. */
#include "base/redact.h"
#include "qmp/proxy.h"
#include "qmp/session-data.h"

/* A message that was received, for the actions of the table. */
typedef struct {
    const QblkMessage *message;
    gsize bytes;
    gint64 now;
} Arrival;

/* Returns: the next state; QBLK_SESSION_FAILED with @error. */
typedef QblkSessionState (*Action)(QblkSession *session, const Arrival *arrival, GError **error);

/* @greeting: a message with one */
static void
set_greeting(QblkSession *session, const QblkMessage *greeting)
{
    session->greeting = qblk_json_ref(greeting->json);
    session->version = qblk_message_version(greeting);
}

static QblkSessionState
read_greeting(QblkSession *session, const Arrival *arrival, GError **error)
{
    session->is_proxy = qblk_proxy_sent(arrival->message);
    if (session->is_proxy) {
        qblk_pending_set_limit(session->commands, 1); /* its greeting is not that of QEMU */
    } else {
        set_greeting(session, arrival->message);
    }

    session->handshake_id = qblk_pending_add_first(session->commands, "qmp_capabilities");
    return QBLK_SESSION_NEGOTIATING;
}

static QblkSessionState
reject(QblkSession *session, const Arrival *arrival, GError **error)
{
    static const char *const names[QBLK_MESSAGE_KINDS] = {"QMP", "return", "error", "event"};
    if (session->state == QBLK_SESSION_GREETING) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL,
                    "QEMU sent '%s' before its greeting", names[arrival->message->kind]);
    } else {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL, "QEMU sent a second greeting");
    }
    return QBLK_SESSION_FAILED;
}

/* Returns: the name of the command that @message answers, or NULL with @error. */
static const char *
answered_command(QblkSession *session, const QblkMessage *message, GError **error)
{
    if (!message->has_id && message->kind == QBLK_MESSAGE_ERROR) {
        g_autofree char *clean = qblk_redact_text(qblk_json_get_string(message->payload, "desc"));
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL,
                    "QEMU could not parse a command: %s", clean);
        return NULL;
    }

    if (!message->has_id) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL, "QEMU sent a reply without id");
        return NULL;
    }

    const char *name = qblk_pending_in_flight(session->commands, message->id);
    if (name == NULL) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL,
                    "QEMU sent a reply with id %" G_GUINT64_FORMAT
                    ", which no command in flight has",
                    message->id);
    }
    return name;
}

static QblkSessionState
answer_command(QblkSession *session, const Arrival *arrival, GError **error)
{
    const QblkMessage *message = arrival->message;
    if (answered_command(session, message, error) == NULL) {
        return QBLK_SESSION_FAILED;
    }

    qblk_pending_answer(session->commands, message->id, qblk_message_answer(message), arrival->now);
    return QBLK_SESSION_READY;
}

/* The reply to a command of the handshake. */
static gboolean
check_handshake(QblkSession *session, const QblkMessage *message, GError **error)
{
    const char *name = answered_command(session, message, error);
    if (name == NULL) {
        return FALSE;
    }

    if (message->id != session->handshake_id) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL,
                    "QEMU replied to '%s' before 'qmp_capabilities'", name);
        return FALSE;
    }

    if (message->kind == QBLK_MESSAGE_ERROR) {
        g_autoptr(QblkAnswer) refusal = qblk_answer_new(NULL, qblk_json_ref(message->payload));
        return qblk_answer_check(refusal, name, error);
    }
    return TRUE;
}

static QblkSessionState
negotiate(QblkSession *session, const Arrival *arrival, GError **error)
{
    if (!check_handshake(session, arrival->message, error)) {
        return QBLK_SESSION_FAILED;
    }

    QblkSessionState next = answer_command(session, arrival, error);
    if (session->is_proxy) {
        session->handshake_id = qblk_pending_add_first(session->commands, "query-version");
        next = QBLK_SESSION_IDENTIFYING;
    }
    return next;
}

static QblkSessionState
identify(QblkSession *session, const Arrival *arrival, GError **error)
{
    if (!check_handshake(session, arrival->message, error)) {
        return QBLK_SESSION_FAILED;
    }

    g_autoptr(QblkMessage) greeting = qblk_proxy_greeting(arrival->message->payload, error);
    if (greeting == NULL) {
        return QBLK_SESSION_FAILED;
    }

    set_greeting(session, greeting);
    return answer_command(session, arrival, error);
}

static QblkSessionState
keep_event(QblkSession *session, const Arrival *arrival, GError **error)
{
    const QblkJson *event = arrival->message->json;
    g_autoptr(QblkJson) corrected = qblk_proxy_correct_event(event);
    if (corrected != NULL && session->state == QBLK_SESSION_GREETING) {
        return session->state; /* it may be of a job of an earlier client */
    }

    gboolean is_kept = qblk_event_queue_push(session->events, corrected != NULL ? corrected : event,
                                             arrival->bytes, error);
    return is_kept ? session->state : QBLK_SESSION_FAILED;
}

/* What is done with a message in each state. */
/* clang-format off */
static const Action actions[QBLK_SESSION_FAILED][QBLK_MESSAGE_KINDS] = {
    [QBLK_SESSION_GREETING] = {
        [QBLK_MESSAGE_GREETING] = read_greeting,
        [QBLK_MESSAGE_RETURN] = reject,
        [QBLK_MESSAGE_ERROR] = reject,
        [QBLK_MESSAGE_EVENT] = keep_event, /* seen with 7.2 */
    },
    [QBLK_SESSION_NEGOTIATING] = {
        [QBLK_MESSAGE_GREETING] = reject,
        [QBLK_MESSAGE_RETURN] = negotiate,
        [QBLK_MESSAGE_ERROR] = negotiate,
        [QBLK_MESSAGE_EVENT] = keep_event,
    },
    [QBLK_SESSION_IDENTIFYING] = {
        [QBLK_MESSAGE_GREETING] = reject,
        [QBLK_MESSAGE_RETURN] = identify,
        [QBLK_MESSAGE_ERROR] = identify,
        [QBLK_MESSAGE_EVENT] = keep_event,
    },
    [QBLK_SESSION_READY] = {
        [QBLK_MESSAGE_GREETING] = reject,
        [QBLK_MESSAGE_RETURN] = answer_command,
        [QBLK_MESSAGE_ERROR] = answer_command,
        [QBLK_MESSAGE_EVENT] = keep_event,
    },
};
/* clang-format on */

/* TRUE if @message answers an earlier client, which closed its connection before the reply: QEMU
 * executes that command, and the next client receives the reply, sometimes before its greeting
 * (seen with 7.2).  After the reply to our first command there are no such messages. */
static gboolean
is_of_earlier_client(const QblkSession *session, const QblkMessage *message)
{
    const guint replies = 1 << QBLK_MESSAGE_RETURN | 1 << QBLK_MESSAGE_ERROR;
    if (session->state == QBLK_SESSION_READY || (replies >> message->kind & 1) == 0) {
        return FALSE;
    }
    return message->has_id ? qblk_pending_in_flight(session->commands, message->id) == NULL
                           : message->kind == QBLK_MESSAGE_RETURN;
}

/* @text: (transfer full) */
static gboolean
handle_message(QblkSession *session, GString *text, gint64 now, GError **error)
{
    qblk_session_log(session, FALSE, text->str, text->len);
    g_autoptr(GBytes) bytes = g_string_free_to_bytes(text);
    g_autoptr(QblkMessage) message = qblk_message_parse_bytes(bytes, error);
    if (message == NULL) {
        return FALSE;
    }

    if (is_of_earlier_client(session, message)) {
        return TRUE;
    }

    const Arrival arrival = {.message = message, .bytes = g_bytes_get_size(bytes), .now = now};
    const QblkSessionState next = actions[session->state][message->kind](session, &arrival, error);
    if (next == QBLK_SESSION_FAILED) {
        return FALSE;
    }

    session->state = next;
    qblk_session_fill_output(session);
    return TRUE;
}

void
qblk_session_receive(QblkSession *session, const char *bytes, gsize length, gint64 now)
{
    GError *error = NULL;
    gsize used = 0;
    while (session->state != QBLK_SESSION_FAILED && length > 0) {
        GString *message = NULL;
        gboolean good = qblk_framer_feed(session->framer, bytes, length, &used, &message, &error);
        if (good && message != NULL) {
            good = handle_message(session, message, now, &error);
        }

        if (!good) {
            qblk_session_fail(session, error);
            return;
        }

        bytes += used;
        length -= used;
    }
}
