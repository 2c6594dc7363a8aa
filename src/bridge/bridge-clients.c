/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The clients of a bridge, and where they connect. */
#include "bridge/bridge-data.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* Clients that one socket accepts in one turn. */
#define TURN_ACCEPTS 16

/* How long no client is accepted if the system has no descriptors or no memory for it. */
#define ACCEPT_PAUSE_US 500000

/* ---- listening ---- */

static const char *
access_text(QblkAccess access)
{
    return access == QBLK_ACCESS_READ_ONLY ? " (read-only)" : "";
}

/* Returns: TRUE if another client may wait */
static gboolean
accept_client(QblkEntrance *entrance)
{
    QblkBridge *bridge = entrance->bridge;
    int fd = accept4(entrance->source.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        qblk_bridge_add_connection(bridge, fd, fd, entrance->access);
        return TRUE;
    }
    if (errno == EINTR || errno == ECONNABORTED) {
        return TRUE;
    }

    /* The client stays in the queue, which would be ready all the time. */
    if (errno != EAGAIN && errno != EWOULDBLOCK) {
        qblk_bridge_tell(bridge, "cannot accept a client at '%s': %s",
                         qblk_listener_get_path(entrance->listener), g_strerror(errno));
        bridge->accept_after = g_get_monotonic_time() + ACCEPT_PAUSE_US;
    }
    return FALSE;
}

static void
on_client(gpointer owner, guint32 events)
{
    QblkEntrance *entrance = owner;
    for (guint i = 0; i < TURN_ACCEPTS; i++) {
        if (!accept_client(entrance)) {
            return;
        }
    }
}

void
qblk_bridge_add_entrance(QblkBridge *bridge, QblkListener *listener, QblkAccess access)
{
    QblkEntrance *entrance = g_new0(QblkEntrance, 1);
    entrance->bridge = bridge;
    entrance->listener = listener;
    entrance->access = access;
    entrance->source = (QblkLoopSource){
        .fd = qblk_listener_get_fd(listener), .func = on_client, .owner = entrance};
    g_ptr_array_add(bridge->entrances, entrance);
    if (access == QBLK_ACCESS_FULL) {
        qblk_local_set_full(bridge->local, qblk_listener_get_path(listener));
    }
}

void
qblk_bridge_tell_entrances(QblkBridge *bridge)
{
    for (guint i = 0; i < bridge->entrances->len; i++) {
        const QblkEntrance *entrance = bridge->entrances->pdata[i];
        qblk_bridge_tell(bridge, "listening at '%s'%s", qblk_listener_get_path(entrance->listener),
                         access_text(entrance->access));
    }
}

void
qblk_bridge_entrance_free(QblkEntrance *entrance)
{
    qblk_loop_remove(&entrance->bridge->loop, &entrance->source);
    qblk_listener_free(entrance->listener);
    g_free(entrance);
}

/* ---- clients ---- */

QblkBridgeClient *
qblk_bridge_add_connection(QblkBridge *bridge, int in, int out, QblkAccess access)
{
    QblkBridgeClient *client = g_new0(QblkBridgeClient, 1);
    client->access = access;
    client->number = qblk_access_is_internal(access) ? 0 : ++bridge->client_count;
    client->connection = qblk_connection_new(&bridge->loop, bridge->mux, in, out, access);
    g_ptr_array_add(bridge->clients, client);
    return client;
}

void
qblk_bridge_client_free(QblkBridgeClient *client)
{
    qblk_connection_free(client->connection);
    g_free(client);
}

int
qblk_bridge_open_internal(QblkAccess access, gpointer user_data)
{
    QblkBridge *bridge = user_data;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
        return -1;
    }

    qblk_bridge_add_connection(bridge, ends[0], ends[0], access);
    return ends[1];
}

void
qblk_bridge_workers_changed(gpointer user_data)
{
    QblkBridge *bridge = user_data;
    bridge->wait.has_changed = TRUE;
}

gboolean
qblk_bridge_has_clients(const QblkBridge *bridge)
{
    for (guint i = 0; i < bridge->clients->len; i++) {
        const QblkBridgeClient *client = bridge->clients->pdata[i];
        if (client->number > 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* ---- in each turn ---- */

void
qblk_bridge_poll_clients(QblkBridge *bridge)
{
    for (guint i = 0; i < bridge->clients->len; i++) {
        const QblkBridgeClient *client = bridge->clients->pdata[i];
        qblk_connection_poll(client->connection);
    }
}

gboolean
qblk_bridge_flush_clients(QblkBridge *bridge)
{
    gboolean has_sent = FALSE;
    for (guint i = 0; i < bridge->clients->len; i++) {
        QblkBridgeClient *client = bridge->clients->pdata[i];
        has_sent = qblk_connection_flush(client->connection) || has_sent;
    }
    return has_sent;
}

void
qblk_bridge_sweep_clients(QblkBridge *bridge)
{
    for (guint i = bridge->clients->len; i > 0; i--) {
        const QblkBridgeClient *client = bridge->clients->pdata[i - 1];
        const char *reason = NULL;
        if (!qblk_connection_is_over(client->connection, &reason)) {
            continue;
        }

        if (reason != NULL) {
            qblk_bridge_tell(bridge, "client %u was disconnected: %s", client->number, reason);
        }
        if (client->is_main) {
            bridge->stop_count++; /* as qblk_bridge_stop() */
        }
        qblk_bridge_requests_forget(bridge, qblk_connection_get_client(client->connection));
        g_ptr_array_remove_index_fast(bridge->clients, i - 1);
    }
}

gboolean
qblk_bridge_wait_for_clients(QblkBridge *bridge, gint64 now)
{
    gboolean is_ready = FALSE;
    for (guint i = 0; i < bridge->clients->len; i++) {
        QblkBridgeClient *client = bridge->clients->pdata[i];
        qblk_connection_wait(client->connection);
        is_ready = qblk_connection_is_ready(client->connection) || is_ready;
    }

    if (bridge->accept_after >= 0 && bridge->accept_after <= now) {
        bridge->accept_after = -1;
    }
    gboolean accepts = bridge->accept_after < 0 && bridge->phase != QBLK_BRIDGE_CLOSING;
    for (guint i = 0; i < bridge->entrances->len; i++) {
        QblkEntrance *entrance = bridge->entrances->pdata[i];
        qblk_loop_set(&bridge->loop, &entrance->source, accepts ? EPOLLIN : 0);
    }
    return is_ready;
}
