/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What QEMU sends. */
#include "bridge/mux-answer.h"
#include "bridge/mux-flight.h"
#include "bridge/mux-queue.h"
#include "bridge/reply-text.h"
#include "qmp/proxy.h"

#include <string.h>

/* Does one of these events mean that a name may be that of another node from now on? */
static gboolean
changes_names(const char *event)
{
    static const char *const events[] = {
        "BLOCK_JOB_CANCELLED",
        "BLOCK_JOB_COMPLETED",
        "DEVICE_DELETED",
        "JOB_STATUS_CHANGE",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(events); i++) {
        if (g_strcmp0(event, events[i]) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* @text: (transfer full) Returns: (transfer full): its bytes with a line end */
static GBytes *
end_line(GString *text)
{
    g_string_append(text, "\r\n");
    return g_string_free_to_bytes(text);
}

/* ---- the beginning ---- */

static void
negotiate(QblkMux *mux)
{
    mux->negotiation = ++mux->last_number;
    GString *text = g_string_new(NULL);
    g_string_append_printf(
        text, "{\"execute\": \"qmp_capabilities\"%s, \"id\": %" G_GUINT64_FORMAT "}\n",
        mux->has_oob ? ", \"arguments\": {\"enable\": [\"oob\"]}" : "", mux->negotiation);
    qblk_mux_output_add_tagged(&mux->output, text, -1, mux->negotiation);
    mux->state = QBLK_MUX_NEGOTIATING;
}

static gboolean
offers_oob(const QblkJson *greeting)
{
    const QblkJson *names = qblk_json_get(qblk_json_get(greeting, "QMP"), "capabilities");
    for (gsize i = 0; i < qblk_json_length(names); i++) {
        if (g_strcmp0(qblk_json_string(qblk_json_at(names, i)), "oob") == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* @text: (transfer full) */
static gboolean
take_greeting(QblkMux *mux, GString *text, GError **error)
{
    if (mux->state != QBLK_MUX_GREETING) {
        g_string_free(text, TRUE);
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL, "QEMU sent a second greeting");
        return FALSE;
    }

    g_autoptr(GError) cause = NULL;
    mux->greeting = qblk_json_parse(text->str, text->len, &cause);
    mux->is_pretty = qblk_reply_text_is_pretty(text->str, text->len);
    mux->greeting_text = end_line(text);
    if (mux->greeting == NULL) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL, "invalid greeting: %s",
                    cause->message);
        return FALSE;
    }

    g_autoptr(QblkMessage) message = qblk_message_parse_bytes(mux->greeting_text, NULL);
    if (message != NULL && qblk_proxy_sent(message)) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL,
                    "virt-qemu-qmp-proxy serves this socket, and takes one command at a time: "
                    "bridge a monitor of QEMU itself: see docs/monitor.md");
        return FALSE;
    }

    mux->has_oob = offers_oob(mux->greeting);
    negotiate(mux);
    for (guint i = 0; i < mux->clients->len; i++) {
        QblkMuxClient *client = g_ptr_array_index(mux->clients, i);
        if (!client->has_ended) {
            client->is_greeted = TRUE;
            qblk_mux_client_send_shared(client, mux->greeting_text);
            qblk_mux_queue_advance(client);
        }
    }
    return TRUE;
}

static gboolean
end_negotiation(QblkMux *mux, QblkReplyKind kind, GError **error)
{
    if (kind == QBLK_REPLY_ERROR) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL,
                    "QEMU refused 'qmp_capabilities'");
        return FALSE;
    }
    mux->state = QBLK_MUX_READY;
    return TRUE;
}

/* ---- events ---- */

static void
tell_owner(QblkMux *mux, const char *text, gsize length)
{
    g_autoptr(QblkJson) event = qblk_json_parse(text, length, NULL);
    if (event == NULL) {
        return;
    }
    if (changes_names(qblk_json_get_string(event, "event"))) {
        mux->changes++;
    }
    if (mux->hooks.event != NULL) {
        mux->hooks.event(event, mux->user_data);
    }
}

/* @text: (transfer full) */
static void
take_event(QblkMux *mux, GString *text)
{
    gsize length = text->len;
    g_autoptr(GBytes) bytes = end_line(text);
    for (guint i = 0; i < mux->clients->len; i++) {
        QblkMuxClient *client = g_ptr_array_index(mux->clients, i);
        if (client->is_negotiated) {
            qblk_mux_client_send_shared(client, bytes);
        }
    }
    tell_owner(mux, g_bytes_get_data(bytes, NULL), length);
}

/* ---- replies ---- */

/* Returns: (nullable): the command that is answered.  A reply to any other is that to a command of
 * an earlier client of QEMU, which executes it after its client has gone: it is dropped. */
static QblkMuxRequest *
find_request(QblkMux *mux, const QblkReplyText *reply)
{
    if (reply->has_id) {
        return qblk_mux_flight_find(mux, reply->id);
    }
    gboolean is_without_id = reply->id_end == 0 && reply->kind == QBLK_REPLY_ERROR;
    return is_without_id ? g_queue_peek_head(&mux->in_band) : NULL;
}

static void
note_effects(QblkMux *mux, const QblkMuxRequest *request, QblkReplyKind kind)
{
    if (request->has_fd && kind == QBLK_REPLY_ERROR) {
        mux->fd_is_left = TRUE;
    }
    if (!request->is_changing) {
        return;
    }

    mux->changes++;
    if (mux->hooks.changed != NULL) {
        mux->hooks.changed(request->command.name, mux->user_data);
    }
}

/* @text: (transfer full) */
static void
take_reply(QblkMux *mux, const QblkReplyText *reply, GString *text)
{
    QblkMuxRequest *request = find_request(mux, reply);
    if (request == NULL) {
        g_string_free(text, TRUE);
        return;
    }

    QblkMuxClient *client = request->client;
    qblk_mux_flight_remove(request);
    if (client != NULL) {
        qblk_reply_text_set_id(reply, text, request->id);
        if (mux->extra_commands != NULL && !qblk_access_is_internal(request->access) &&
            reply->kind == QBLK_REPLY_RETURN &&
            strcmp(request->command.name, "query-commands") == 0) {
            qblk_reply_text_add_commands(text, mux->extra_commands, mux->is_pretty);
        }
        qblk_mux_client_send(client, text);
    } else {
        g_string_free(text, TRUE);
    }

    note_effects(mux, request, reply->kind);
    qblk_mux_request_free(request);
    qblk_mux_flight_check_quiet(mux);
    if (client != NULL) {
        qblk_mux_queue_advance(client);
    }
}

/* @text: (transfer full) */
static gboolean
take_message(QblkMux *mux, GString *text, GError **error)
{
    const QblkReplyText reply = qblk_reply_text_read(text->str, text->len);
    switch (reply.kind) {
    case QBLK_REPLY_GREETING:
        return take_greeting(mux, text, error);
    case QBLK_REPLY_EVENT:
        take_event(mux, text);
        return TRUE;
    case QBLK_REPLY_RETURN:
    case QBLK_REPLY_ERROR:
        if (mux->state == QBLK_MUX_NEGOTIATING && reply.has_id && reply.id == mux->negotiation) {
            g_string_free(text, TRUE);
            return end_negotiation(mux, reply.kind, error);
        }
        take_reply(mux, &reply, text);
        return TRUE;
    case QBLK_REPLY_OTHER:
    default:
        g_string_free(text, TRUE);
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL,
                    "QEMU sent a message that is no greeting, reply or event");
        return FALSE;
    }
}

gboolean
qblk_mux_receive(QblkMux *mux, const char *bytes, gsize length, GError **error)
{
    while (length > 0) {
        gsize used = 0;
        GString *message = NULL;
        if (!qblk_framer_feed(mux->framer, bytes, length, &used, &message, error)) {
            return FALSE;
        }
        if (message != NULL && !take_message(mux, message, error)) {
            return FALSE;
        }
        bytes += used;
        length -= used;
    }
    return TRUE;
}
