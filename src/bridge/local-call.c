/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/local-call.h"

#include "image/bridge-peer.h"

#include <qblk/snapshot-fetch.h>

const QblkLocalMember *const qblk_local_members_none[] = {NULL};

/* ---- the worker ---- */

QblkClient *
qblk_local_call_client(const QblkLocalCall *call, GError **error)
{
    QblkClient *client = qblk_worker_client(call->worker, error);
    if (client != NULL) {
        qblk_client_set_address(client, call->local->address);
        qblk_bridge_peer_set(client, call->local->pid);
    }
    return client;
}

QblkSnapshot *
qblk_local_call_fetch(const QblkLocalCall *call, GError **error)
{
    QblkClient *client = qblk_local_call_client(call, error);
    return client == NULL ? NULL
                          : qblk_snapshot_fetch(client, call->local->snapshot_options, error);
}

/* ---- answers ---- */

void
qblk_local_call_return(QblkLocalCall *call, QblkJson *value)
{
    qblk_mux_request_return(g_steal_pointer(&call->request), value);
}

const char *
qblk_local_error_class(const GError *error)
{
    gboolean is_of_disk = g_error_matches(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK);
    return is_of_disk ? "DeviceNotFound" : "GenericError";
}

QblkJson *
qblk_local_error_json(const GError *error)
{
    QblkJson *object = qblk_json_new_object();
    qblk_json_set_string(object, "class", qblk_local_error_class(error));
    qblk_json_set_string(object, "desc", error->message);
    return object;
}

/* ---- events ---- */

typedef struct {
    GHashTable *clients; /* NULL: all */
    const char *name;
    const QblkJson *data;
    gint64 now;
} Event;

static void
send_to(QblkMuxClient *client, gpointer user_data)
{
    const Event *event = user_data;
    if (event->clients == NULL || g_hash_table_contains(event->clients, client)) {
        qblk_mux_client_send_event(client, event->name, event->data, event->now);
    }
}

void
qblk_local_send_event(const QblkLocal *local, GHashTable *clients, const char *name, QblkJson *data)
{
    g_autoptr(QblkJson) owned = data;
    Event event = {clients, name, owned, g_get_real_time()};
    qblk_mux_each_client(local->mux, send_to, &event);
}

char *
qblk_local_call_recovery(const QblkLocal *local, const char *vm)
{
    return local->state_directory == NULL
               ? g_strdup_printf("qblk recover %s", vm)
               : g_strdup_printf("qblk recover %s --state-dir %s", vm, local->state_directory);
}
