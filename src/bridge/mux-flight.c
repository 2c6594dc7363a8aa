/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/mux-flight.h"

#include "bridge/mux-answer.h"
#include "bridge/mux-queue.h"

void
qblk_mux_flight_add(QblkMuxRequest *request)
{
    QblkMux *mux = request->mux;
    request->state = QBLK_MUX_IN_FLIGHT;
    request->number = ++mux->last_number;
    g_hash_table_insert(mux->sent, &request->number, request);
    if (!request->is_oob) {
        g_queue_push_tail(&mux->in_band, request);
        request->client->in_flight++;
    }
    if (request->is_changing) {
        mux->changing++;
        mux->changes++; /* a command of the bridge is sent in spite of a hold */
    }
    if (request->takes_fd) {
        mux->fd_in_use = TRUE;
        mux->fd_is_left = mux->fd_is_left && !request->has_fd;
    }

    qblk_command_text_build(&request->command, request->text, request->number, NULL);
    qblk_mux_output_add_tagged(&mux->output, g_steal_pointer(&request->text), request->fd,
                               request->number);
    request->fd = -1;
}

QblkMuxRequest *
qblk_mux_flight_find(const QblkMux *mux, guint64 number)
{
    return g_hash_table_lookup(mux->sent, &number);
}

void
qblk_mux_flight_check_quiet(QblkMux *mux)
{
    if (!mux->is_quiet_wanted || mux->changing > 0 || qblk_mux_queue_has_passing(mux)) {
        return;
    }
    mux->is_quiet_wanted = FALSE;
    if (mux->hooks.quiet != NULL) {
        mux->hooks.quiet(mux->user_data);
    }
}

void
qblk_mux_flight_remove(QblkMuxRequest *request)
{
    QblkMux *mux = request->mux;
    g_hash_table_remove(mux->sent, &request->number);
    if (!request->is_oob) {
        g_queue_remove(&mux->in_band, request);
        if (request->client != NULL) {
            request->client->in_flight--;
        }
    }
    mux->changing -= request->is_changing ? 1 : 0;
    mux->fd_in_use = mux->fd_in_use && !request->takes_fd;
}

void
qblk_mux_flight_drop_client(QblkMuxClient *client)
{
    QblkMux *mux = client->mux;
    g_autoptr(GList) requests = g_hash_table_get_values(mux->sent);
    for (GList *link = requests; link != NULL; link = link->next) {
        QblkMuxRequest *request = link->data;
        if (request->client != client) {
            continue;
        }
        if (qblk_mux_output_remove(&mux->output, request->number)) {
            qblk_mux_flight_remove(request);
            qblk_mux_request_free(request);
        } else {
            request->client = NULL;
        }
    }
    client->in_flight = 0;
    qblk_mux_flight_check_quiet(mux);
}

void
qblk_mux_flight_drop_all(QblkMux *mux)
{
    g_autoptr(GList) requests = g_hash_table_get_values(mux->sent);
    for (GList *link = requests; link != NULL; link = link->next) {
        qblk_mux_flight_remove(link->data);
        qblk_mux_request_free(link->data);
    }
}
