/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which command is sent next. */
#include "base/limits.h"
#include "bridge/mux-answer.h"
#include "bridge/mux-flight.h"
#include "bridge/mux-queue.h"

#include <string.h>

/* QEMU keeps the descriptor that it has received last, and receives more before it executes a
 * command: one that takes a descriptor is alone, even if it has none. */
static gboolean
may_send_descriptor(const QblkMuxRequest *request)
{
    return !request->takes_fd || !request->mux->fd_in_use;
}

/* QEMU may still have the descriptor of a command that has failed: it must not give it to a
 * command of another client that came without one. */
static gboolean
would_take_other(const QblkMuxRequest *request)
{
    return request->takes_fd && !request->has_fd && request->mux->fd_is_left;
}

static gboolean
may_send(QblkMuxRequest *request)
{
    const QblkMuxClient *client = request->client;
    gboolean is_held =
        request->mux->holds > 0 && request->is_changing && !qblk_access_is_internal(client->access);
    if (client->in_flight >= QBLK_LIMIT_CLIENT_IN_FLIGHT || !may_send_descriptor(request)) {
        return FALSE;
    }
    request->was_held = request->was_held || is_held;
    return !is_held || request->passes;
}

/* The owner decides on @request, the first of its client. */
static void
let_decide(QblkMuxRequest *request)
{
    QblkMux *mux = request->mux;
    QblkMuxClient *client = request->client;
    g_autoptr(GError) error = NULL;
    g_queue_pop_head(&client->queue);

    const QblkTextSpan span = request->command.arguments;
    if (span.length > 0) {
        g_autofree char *text =
            qblk_command_text_value(request->text->str + span.start, span.length);
        request->arguments = qblk_json_parse(text, strlen(text), &error);
    }
    if (error != NULL) {
        qblk_mux_request_answer_error(request, "GenericError", error->message);
    } else {
        request->state = QBLK_MUX_WITH_OWNER;
        client->active = request;
        mux->hooks.decide(request, mux->user_data);
    }
    qblk_mux_queue_advance(client);
}

/* Let @client have its turn.  Returns: (nullable): the command to send; @is_again if it had a turn,
 * and another one may follow */
static QblkMuxRequest *
take_turn(QblkMuxClient *client, gboolean *is_again)
{
    QblkMuxRequest *request = g_queue_peek_head(&client->queue);
    if (request == NULL || client->active != NULL || qblk_mux_queue_is_paused(client)) {
        return NULL;
    }

    QblkMuxVerdict verdict = qblk_mux_queue_judge(request);
    if (verdict == QBLK_MUX_SEND && would_take_other(request)) {
        qblk_mux_queue_refuse(request, "GenericError",
                              "No file descriptor supplied via SCM_RIGHTS");
        qblk_mux_queue_advance(client);
        return NULL;
    }
    if (verdict == QBLK_MUX_SEND && may_send(request)) {
        return g_queue_pop_head(&client->queue);
    }
    if (verdict == QBLK_MUX_DECIDE && client->in_flight == 0) {
        let_decide(request);
        *is_again = TRUE;
    }
    return NULL;
}

/* Returns: TRUE if a command that the owner has forwarded can be sent */
static gboolean
has_forwarded(const QblkMux *mux)
{
    for (const GList *link = mux->forwarded.head; link != NULL; link = link->next) {
        if (may_send_descriptor(link->data)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* What the owner forwards at once is sent first: another command could make it dangerous.
 * Returns: (nullable): the next command of the clients, which take turns */
static QblkMuxRequest *
next_of_clients(QblkMux *mux)
{
    QblkMuxRequest *request = NULL;
    gboolean is_again = FALSE;
    for (guint left = mux->turns.length; left > 0 && request == NULL && !has_forwarded(mux);
         left--) {
        QblkMuxClient *client = g_queue_pop_head(&mux->turns);
        client->has_turn = FALSE;
        request = take_turn(client, &is_again);
        if (!client->has_turn && client->queue.length > 0) {
            client->has_turn = TRUE;
            g_queue_push_tail(&mux->turns, client);
        }
        if (left == 1 && is_again) { /* the owner may have answered at once */
            is_again = FALSE;
            left = mux->turns.length + 1;
        }
    }
    return request;
}

/* Returns: (nullable): the next command that the owner has forwarded */
static QblkMuxRequest *
next_forwarded(QblkMux *mux)
{
    for (GList *link = mux->forwarded.head; link != NULL; link = link->next) {
        QblkMuxRequest *request = link->data;
        if (may_send_descriptor(request)) {
            g_queue_delete_link(&mux->forwarded, link);
            request->client->active = NULL;
            return request;
        }
    }
    return NULL;
}

static void
choose(QblkMux *mux)
{
    QblkMuxRequest *request;
    while ((request = g_queue_pop_head(&mux->oob)) != NULL) {
        qblk_mux_flight_add(request);
    }

    while (mux->in_band.length < QBLK_LIMIT_IN_FLIGHT) {
        request = next_forwarded(mux);
        if (request == NULL) {
            request = next_of_clients(mux);
        }
        if (request == NULL) {
            request = next_forwarded(mux); /* the owner may have decided at once */
        }
        if (request == NULL) {
            return;
        }

        QblkMuxClient *client = request->client;
        qblk_mux_flight_add(request);
        qblk_mux_queue_advance(client);
    }
}

const char *
qblk_mux_output(QblkMux *mux, gsize *length, int *fd)
{
    if (mux->state == QBLK_MUX_READY) {
        choose(mux);
        qblk_mux_flight_check_quiet(mux); /* a command that passes may have to wait now */
    }
    return qblk_mux_output_bytes(&mux->output, length, fd);
}

void
qblk_mux_sent(QblkMux *mux, gsize length)
{
    qblk_mux_output_sent(&mux->output, length);
}
