/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The multiplexer as a whole. */
#include "bridge/mux-answer.h"
#include "bridge/mux-client.h"
#include "bridge/mux-flight.h"
#include "bridge/mux-queue.h"

#include <string.h>

/* The first id.  QEMU executes the commands of a client that has gone, and answers them to the next
 * one, so no two processes may use the same ids.  An id has up to 15 digits. */
static guint64
random_number(void)
{
    return (guint64)g_random_int() << 16 | (guint64)g_random_int_range(1, 1 << 16);
}

QblkMux *
qblk_mux_new(const QblkPolicy *policy, const char *const *extra_commands, const QblkMuxHooks *hooks,
             gpointer user_data)
{
    QblkMux *mux = g_new0(QblkMux, 1);
    mux->policy = policy;
    mux->extra_commands = extra_commands;
    mux->hooks = *hooks;
    mux->user_data = user_data;
    mux->framer = qblk_framer_new(0);
    mux->last_number = random_number();
    mux->clients = g_ptr_array_new();
    g_queue_init(&mux->turns);
    g_queue_init(&mux->forwarded);
    g_queue_init(&mux->oob);
    mux->sent = g_hash_table_new(g_int64_hash, g_int64_equal);
    g_queue_init(&mux->in_band);
    return mux;
}

static void
reset(QblkMux *mux)
{
    qblk_mux_flight_drop_all(mux);
    qblk_mux_output_clear(&mux->output);
    qblk_framer_reset(mux->framer);
    g_clear_pointer(&mux->greeting, qblk_json_unref);
    g_clear_pointer(&mux->greeting_text, g_bytes_unref);
    mux->is_pretty = FALSE;
    mux->has_oob = FALSE;
    mux->negotiation = 0;
    mux->fd_is_left = FALSE;
    mux->state = QBLK_MUX_GREETING;
}

void
qblk_mux_free(QblkMux *mux)
{
    if (mux == NULL) {
        return;
    }

    memset(&mux->hooks, 0, sizeof(mux->hooks));
    while (mux->clients->len > 0) {
        qblk_mux_remove_client(g_ptr_array_index(mux->clients, mux->clients->len - 1));
    }
    reset(mux);
    g_ptr_array_unref(mux->clients);
    g_hash_table_unref(mux->sent);
    qblk_framer_free(mux->framer);
    g_free(mux);
}

void
qblk_mux_end(QblkMux *mux)
{
    for (guint i = 0; i < mux->clients->len; i++) {
        QblkMuxClient *client = g_ptr_array_index(mux->clients, i);
        client->has_ended = TRUE;
        client->is_negotiated = FALSE;
        qblk_mux_client_drop(client);
    }
    reset(mux);
    mux->changes++;
    qblk_mux_flight_check_quiet(mux);
}

gboolean
qblk_mux_is_inside_message(const QblkMux *mux)
{
    return qblk_framer_is_inside(mux->framer);
}

gboolean
qblk_mux_is_ready(const QblkMux *mux)
{
    return mux->state == QBLK_MUX_READY;
}

const QblkJson *
qblk_mux_greeting(const QblkMux *mux)
{
    return mux->greeting;
}

/* ---- holding ---- */

void
qblk_mux_hold(QblkMux *mux)
{
    if (mux->holds == 0) {
        qblk_mux_queue_let_pass(mux);
    }
    mux->holds++;
    mux->is_quiet_wanted = TRUE;
    qblk_mux_flight_check_quiet(mux);
}

void
qblk_mux_release(QblkMux *mux)
{
    g_assert(mux->holds > 0);
    mux->holds--;
    mux->is_quiet_wanted = mux->is_quiet_wanted && mux->holds > 0;
}

guint64
qblk_mux_changes(const QblkMux *mux)
{
    return mux->changes;
}
