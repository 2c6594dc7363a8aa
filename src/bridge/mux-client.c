/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/mux-client.h"

#include "bridge/mux-answer.h"
#include "bridge/mux-flight.h"
#include "bridge/mux-queue.h"

QblkMuxClient *
qblk_mux_add_client(QblkMux *mux, QblkAccess access)
{
    QblkMuxClient *client = g_new0(QblkMuxClient, 1);
    client->mux = mux;
    client->access = access;
    g_queue_init(&client->queue);
    g_ptr_array_add(mux->clients, client);
    if (mux->greeting_text != NULL) {
        client->is_greeted = TRUE;
        qblk_mux_client_send_shared(client, mux->greeting_text);
    }
    return client;
}

/* ---- the end ---- */

/* The request that the owner has, or has forwarded, loses its client. */
static void
drop_active(QblkMuxClient *client)
{
    QblkMux *mux = client->mux;
    QblkMuxRequest *request = client->active;
    client->active = NULL;
    if (request == NULL) {
        return;
    }

    request->client = NULL;
    if (request->state == QBLK_MUX_FORWARDED) {
        g_queue_remove(&mux->forwarded, request);
        qblk_mux_request_free(request);
    } else if (mux->hooks.dropped != NULL) {
        mux->hooks.dropped(request, mux->user_data);
    }
}

static void
drop_waiting(QblkMuxClient *client)
{
    QblkMux *mux = client->mux;
    g_queue_clear_full(&client->queue, qblk_mux_request_free);
    for (GList *link = mux->oob.head, *next; link != NULL; link = next) {
        QblkMuxRequest *request = link->data;
        next = link->next;
        if (request->client == client) {
            g_queue_delete_link(&mux->oob, link);
            qblk_mux_request_free(request);
        }
    }

    if (client->has_turn) {
        g_queue_remove(&mux->turns, client);
        client->has_turn = FALSE;
    }
}

static void
drop_input(QblkMuxClient *client)
{
    if (client->input != NULL) {
        g_string_free(client->input, TRUE);
        client->input = NULL;
    }
    qblk_mux_descriptors_clear(&client->descriptors);
}

void
qblk_mux_client_drop(QblkMuxClient *client)
{
    drop_active(client);
    drop_waiting(client);
    drop_input(client);
    qblk_mux_flight_drop_client(client);
}

void
qblk_mux_remove_client(QblkMuxClient *client)
{
    g_ptr_array_remove(client->mux->clients, client);
    qblk_mux_client_drop(client);
    qblk_mux_output_clear(&client->output);
    g_free(client);
}

/* ---- bytes ---- */

void
qblk_mux_client_receive(QblkMuxClient *client, const char *bytes, gsize length, const int *fds,
                        gsize fd_count)
{
    if (client->fault != NULL || client->has_ended) {
        for (gsize i = 0; i < fd_count; i++) {
            qblk_mux_descriptor_close(fds[i]);
        }
        return;
    }

    qblk_mux_descriptors_keep(&client->descriptors, fds, fd_count, client->received + 1);
    if (client->input == NULL) {
        client->input = g_string_sized_new(length + 1);
    }
    g_string_append_len(client->input, bytes, (gssize)length);
    client->received += length;
    qblk_mux_queue_advance(client);
}

gboolean
qblk_mux_client_wants_bytes(const QblkMuxClient *client)
{
    return client->is_greeted && !client->has_ended && !qblk_mux_queue_is_paused(client) &&
           !qblk_mux_queue_is_full(client);
}

gboolean
qblk_mux_client_is_idle(const QblkMuxClient *client)
{
    GHashTableIter iterator;
    gpointer value;
    if (client->queue.length > 0 || client->active != NULL) {
        return FALSE;
    }

    g_hash_table_iter_init(&iterator, client->mux->sent);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        const QblkMuxRequest *request = value;
        if (request->client == client) {
            return FALSE;
        }
    }
    return TRUE;
}

const char *
qblk_mux_client_output(QblkMuxClient *client, gsize *length)
{
    return qblk_mux_output_bytes(&client->output, length, NULL);
}

void
qblk_mux_client_sent(QblkMuxClient *client, gsize length)
{
    gboolean was_paused = qblk_mux_queue_is_paused(client);
    qblk_mux_output_sent(&client->output, length);
    if (was_paused && !client->has_ended) {
        qblk_mux_queue_advance(client);
    }
}

const char *
qblk_mux_client_fault(const QblkMuxClient *client)
{
    return client->fault;
}

/* ---- events of the bridge ---- */

void
qblk_mux_client_send_event(QblkMuxClient *client, const char *name, const QblkJson *data,
                           gint64 now)
{
    if (!client->is_negotiated) {
        return;
    }

    g_autofree char *text = qblk_json_print(data, QBLK_JSON_COMPACT);
    GString *event = g_string_new(NULL);
    g_string_append_printf(event,
                           "{\"timestamp\": {\"seconds\": %" G_GINT64_FORMAT
                           ", \"microseconds\": %" G_GINT64_FORMAT
                           "}, \"event\": \"%s\", \"data\": %s}",
                           now / G_USEC_PER_SEC, now % G_USEC_PER_SEC, name, text);
    qblk_mux_client_send(client, event);
}

void
qblk_mux_each_client(QblkMux *mux, QblkMuxClientFunc func, gpointer user_data)
{
    for (guint i = 0; i < mux->clients->len; i++) {
        QblkMuxClient *client = g_ptr_array_index(mux->clients, i);
        if (client->is_negotiated) {
            func(client, user_data);
        }
    }
}
