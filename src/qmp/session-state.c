/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/session.h"

#include "base/redact.h"
#include "qmp/event-queue.h"
#include "qmp/framer.h"
#include "qmp/outbox.h"
#include "qmp/pending.h"

#include <string.h>

struct QblkSession {
    char *peer;
    QblkSessionState state;
    GError *error; /* owned; why it failed */
    QblkFramer *framer;

    gint64 handshake_start, handshake_timeout;
    QblkJson *greeting; /* owned */
    QblkMessageVersion version;
    guint64 capabilities_id;

    QblkPending *commands;
    QblkEventQueue *events;
    QblkOutbox output;
    QblkSessionLogger logger;
    gpointer logger_data;
};

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
    session->capabilities_id = 0;

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

static void
log_message(QblkSession *session, gboolean sent, const char *text, gsize length)
{
    if (session->logger != NULL) {
        session->logger(sent, text, length, session->logger_data);
    }
}

/* Move commands from the queue to the output, up to the number that QEMU accepts. */
static void
fill_output(QblkSession *session)
{
    if (session->state != QBLK_SESSION_NEGOTIATING && session->state != QBLK_SESSION_READY) {
        return;
    }

    char *text;
    while ((text = qblk_pending_send_next(session->commands)) != NULL) {
        gsize length = strlen(text);
        log_message(session, TRUE, text, length - 1);
        qblk_outbox_add(&session->output, text, length);
        g_free(text);
    }
}

/* @error: (transfer full): why the session has failed */
static void
fail_session(QblkSession *session, GError *error)
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

    fill_output(session);
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
        id != session->capabilities_id && qblk_pending_in_flight(session->commands, id) != NULL;
    if (is_in_flight && qblk_outbox_remove(&session->output, id)) {
        qblk_pending_unsend(session->commands, id);
    }
    qblk_pending_abandon(session->commands, id);
    fill_output(session);
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

/* ---- what QEMU sends ---- */

/* A message that was received, for the actions of the table. */
typedef struct {
    const QblkMessage *message;
    gsize bytes;
    gint64 now;
} Arrival;

typedef gboolean (*Action)(QblkSession *session, const Arrival *arrival, GError **error);

static gboolean
read_greeting(QblkSession *session, const Arrival *arrival, GError **error)
{
    session->greeting = qblk_json_ref(arrival->message->json);
    session->version = qblk_message_version(arrival->message);
    session->capabilities_id = qblk_pending_add_first(session->commands, "qmp_capabilities");
    return TRUE;
}

static gboolean
reject(QblkSession *session, const Arrival *arrival, GError **error)
{
    static const char *const names[QBLK_MESSAGE_KINDS] = {"QMP", "return", "error", "event"};
    if (session->greeting == NULL) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL,
                    "QEMU sent '%s' before its greeting", names[arrival->message->kind]);
    } else {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL, "QEMU sent a second greeting");
    }
    return FALSE;
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

static gboolean
answer_command(QblkSession *session, const Arrival *arrival, GError **error)
{
    const QblkMessage *message = arrival->message;
    if (answered_command(session, message, error) == NULL) {
        return FALSE;
    }

    qblk_pending_answer(session->commands, message->id, qblk_message_answer(message), arrival->now);
    return TRUE;
}

static gboolean
negotiate(QblkSession *session, const Arrival *arrival, GError **error)
{
    const QblkMessage *message = arrival->message;
    const char *name = answered_command(session, message, error);
    if (name == NULL) {
        return FALSE;
    }

    if (message->id != session->capabilities_id) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL,
                    "QEMU replied to '%s' before 'qmp_capabilities'", name);
        return FALSE;
    }

    if (message->kind == QBLK_MESSAGE_ERROR) {
        g_autoptr(QblkAnswer) refusal = qblk_answer_new(NULL, qblk_json_ref(message->payload));
        return qblk_answer_check(refusal, name, error);
    }
    return answer_command(session, arrival, error);
}

static gboolean
keep_event(QblkSession *session, const Arrival *arrival, GError **error)
{
    return qblk_event_queue_push(session->events, arrival->message->json, arrival->bytes, error);
}

/* The action for a message in each state, and the state after it if the action succeeds. */
/* clang-format off */
static const struct
{
    Action action;
    QblkSessionState next;
} transitions[QBLK_SESSION_FAILED][QBLK_MESSAGE_KINDS] = {
    [QBLK_SESSION_GREETING] = {
        [QBLK_MESSAGE_GREETING] = {read_greeting, QBLK_SESSION_NEGOTIATING},
        [QBLK_MESSAGE_RETURN] = {reject, QBLK_SESSION_FAILED},
        [QBLK_MESSAGE_ERROR] = {reject, QBLK_SESSION_FAILED},
        [QBLK_MESSAGE_EVENT] = {keep_event, QBLK_SESSION_GREETING}, /* seen with 7.2 */
    },
    [QBLK_SESSION_NEGOTIATING] = {
        [QBLK_MESSAGE_GREETING] = {reject, QBLK_SESSION_FAILED},
        [QBLK_MESSAGE_RETURN] = {negotiate, QBLK_SESSION_READY},
        [QBLK_MESSAGE_ERROR] = {negotiate, QBLK_SESSION_FAILED},
        [QBLK_MESSAGE_EVENT] = {keep_event, QBLK_SESSION_NEGOTIATING},
    },
    [QBLK_SESSION_READY] = {
        [QBLK_MESSAGE_GREETING] = {reject, QBLK_SESSION_FAILED},
        [QBLK_MESSAGE_RETURN] = {answer_command, QBLK_SESSION_READY},
        [QBLK_MESSAGE_ERROR] = {answer_command, QBLK_SESSION_READY},
        [QBLK_MESSAGE_EVENT] = {keep_event, QBLK_SESSION_READY},
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
    log_message(session, FALSE, text->str, text->len);
    g_autoptr(GBytes) bytes = g_string_free_to_bytes(text);
    g_autoptr(QblkMessage) message = qblk_message_parse_bytes(bytes, error);
    if (message == NULL) {
        return FALSE;
    }

    if (is_of_earlier_client(session, message)) {
        return TRUE;
    }

    const Arrival arrival = {.message = message, .bytes = g_bytes_get_size(bytes), .now = now};
    if (!transitions[session->state][message->kind].action(session, &arrival, error)) {
        return FALSE;
    }

    session->state = transitions[session->state][message->kind].next;
    fill_output(session);
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
            fail_session(session, error);
            return;
        }

        bytes += used;
        length -= used;
    }
}

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

    fail_session(session, error);
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

    return g_error_new(QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT,
                       "'qmp_capabilities': no reply within %" G_GINT64_FORMAT " ms",
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
        fail_session(session, new_handshake_error(session));
        return;
    }

    qblk_pending_expire(session->commands, now);
}
