/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The phases of a bridge, and one turn of its loop. */
#include "base/waiter.h"
#include "bridge/bridge-data.h"

#include <poll.h>
#include <qblk/error.h>

/* How long clients may take to read their last output. */
#define CLOSE_TIMEOUT_US G_TIME_SPAN_SECOND

/* The pauses before the next connection double if QEMU closes each one before its greeting. */
#define FIRST_PAUSE_MS   10
#define LONGEST_PAUSE_MS 1000

/* ---- QEMU ---- */

static void
connect_to_qemu(QblkBridge *bridge)
{
    const QblkQemuLinkOptions options = {
        .address = bridge->address,
        .timeout_ms = bridge->options->timeout_ms,
        .pause_ms = bridge->pause_ms,
        .waits = bridge->options->reconnect,
        .log = bridge->log,
    };

    qblk_qemu_link_free(bridge->link);
    bridge->was_ready = FALSE;
    bridge->phase = QBLK_BRIDGE_CONNECTING;
    bridge->link = qblk_qemu_link_new(&bridge->loop, bridge->mux, bridge->workers, &options);
}

/* With --reconnect clients may connect before QEMU runs. */
static void
tell_ready(QblkBridge *bridge)
{
    gboolean is_ready = bridge->phase == QBLK_BRIDGE_SERVING || bridge->options->reconnect;
    if (is_ready && !bridge->has_told_ready) {
        bridge->has_told_ready = TRUE;
        qblk_bridge_tell_entrances(bridge);
        qblk_bridge_notify(bridge, "READY=1");
    }
}

static void
begin_serving(QblkBridge *bridge)
{
    const char *text = qblk_address_get_text(bridge->address);
    g_autofree char *status = g_strdup_printf("STATUS=connected to %s", text);

    bridge->phase = QBLK_BRIDGE_SERVING;
    bridge->was_ready = TRUE;
    bridge->has_told_wait = FALSE;
    bridge->pause_ms = FIRST_PAUSE_MS;
    qblk_bridge_requests_connected(bridge, qblk_qemu_link_get_fd(bridge->link));
    qblk_bridge_tell(bridge, "connected to '%s'", text);
    tell_ready(bridge);
    qblk_bridge_notify(bridge, status);
}

static void
tell_wait(QblkBridge *bridge)
{
    const char *reason = qblk_qemu_link_get_reason(bridge->link);
    if (!bridge->options->reconnect || bridge->has_told_wait || reason == NULL) {
        return;
    }

    bridge->has_told_wait = TRUE;
    qblk_bridge_tell(bridge, "waiting for QEMU: %s", reason);
    qblk_bridge_notify(bridge, "STATUS=waiting for QEMU");
}

/* ---- ending ---- */

/* Send what there is to the clients, and close them. @error: (transfer full) (nullable) */
static void
begin_closing(QblkBridge *bridge, gboolean is_over, GError *error, gint64 now)
{
    bridge->phase = QBLK_BRIDGE_CLOSING;
    bridge->is_over = bridge->is_over || is_over;
    bridge->close_deadline = now + CLOSE_TIMEOUT_US;
    if (bridge->error == NULL) {
        bridge->error = error;
    } else {
        g_clear_error(&error);
    }

    for (guint i = 0; i < bridge->clients->len; i++) {
        const QblkBridgeClient *client = bridge->clients->pdata[i];
        qblk_connection_close(client->connection);
    }
}

static void
end_of_qemu(QblkBridge *bridge, gint64 now)
{
    g_autoptr(GError) error = qblk_qemu_link_take_error(bridge->link);
    gboolean reconnects = bridge->options->reconnect && bridge->stop_count == 0;

    qblk_bridge_interrupt_operations(bridge, TRUE);
    qblk_mux_end(bridge->mux);
    qblk_bridge_requests_disconnected(bridge);
    if (reconnects && bridge->was_ready && error != NULL) {
        qblk_bridge_tell(bridge, "%s", error->message);
    }
    if (reconnects && bridge->was_ready) {
        qblk_bridge_tell(bridge, "the connection to '%s' has ended: waiting for the next QEMU",
                         qblk_address_get_text(bridge->address));
        qblk_bridge_notify(bridge, "STATUS=waiting for QEMU");
        bridge->has_told_wait = TRUE;
    } else if (!reconnects && error == NULL) {
        qblk_bridge_tell(bridge, "QEMU has closed '%s'", qblk_address_get_text(bridge->address));
    }

    if (!bridge->was_ready) {
        bridge->pause_ms = CLAMP(bridge->pause_ms * 2, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
    }
    begin_closing(bridge, !reconnects, reconnects ? NULL : g_steal_pointer(&error), now);
}

static gboolean
is_flushed(const QblkBridge *bridge)
{
    for (guint i = 0; i < bridge->clients->len; i++) {
        const QblkBridgeClient *client = bridge->clients->pdata[i];
        if (client->number > 0 && !qblk_connection_is_flushed(client->connection)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Tell how to recover the operations that have left journals. */
static void
tell_left(QblkBridge *bridge)
{
    g_autofree char *left = qblk_bridge_take_left(bridge);
    if (left == NULL) {
        return;
    }
    if (!bridge->is_over) {
        qblk_bridge_tell(bridge, "%s", left);
        return;
    }

    if (bridge->error != NULL) {
        qblk_bridge_tell(bridge, "%s", bridge->error->message);
        g_clear_error(&bridge->error);
    }
    bridge->error = g_error_new_literal(QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_DETACHED, left);
}

/* Operations notice the end of QEMU by themselves. */
static void
close_clients(QblkBridge *bridge, gint64 now)
{
    gboolean is_quiet = is_flushed(bridge) && qblk_bridge_count_operations(bridge) == 0;
    if (!is_quiet && now < bridge->close_deadline) {
        return;
    }

    tell_left(bridge);

    for (guint i = 0; i < bridge->clients->len; i++) {
        const QblkBridgeClient *client = bridge->clients->pdata[i];
        qblk_bridge_requests_forget(bridge, qblk_connection_get_client(client->connection));
    }
    g_ptr_array_set_size(bridge->clients, 0);
    if (bridge->is_over) {
        g_ptr_array_set_size(bridge->entrances, 0);
        bridge->phase = QBLK_BRIDGE_ENDED;
    } else {
        connect_to_qemu(bridge);
    }
    bridge->is_ready = TRUE;
}

/* ---- stopping ---- */

static void
check_stop(QblkBridge *bridge, gint64 now)
{
    if (bridge->stop_count == 0 || bridge->phase >= QBLK_BRIDGE_CLOSING) {
        return;
    }

    if (bridge->stop_deadline < 0) {
        bridge->stop_deadline = now + (gint64)bridge->options->stop_timeout_ms * 1000;
        qblk_bridge_notify(bridge, "STOPPING=1");
        g_ptr_array_set_size(bridge->entrances, 0);
    }

    gboolean has_ended = qblk_bridge_count_operations(bridge) == 0;
    if (has_ended || bridge->stop_count > 1 || now >= bridge->stop_deadline) {
        qblk_bridge_interrupt_operations(bridge, FALSE);
        qblk_workers_cancel(bridge->workers);
        begin_closing(bridge, TRUE, NULL, now);
    }
}

void
qblk_bridge_stop(QblkBridge *bridge)
{
    bridge->stop_count++;
    bridge->is_ready = TRUE;
}

/* ---- a turn ---- */

static void
check_link(QblkBridge *bridge, gint64 now)
{
    QblkQemuLinkState state = qblk_qemu_link_get_state(bridge->link);
    if (bridge->phase != QBLK_BRIDGE_CONNECTING && bridge->phase != QBLK_BRIDGE_SERVING) {
        return;
    }

    if (state == QBLK_QEMU_LINK_ENDED) {
        end_of_qemu(bridge, now);
    } else if (state == QBLK_QEMU_LINK_READY && bridge->phase == QBLK_BRIDGE_CONNECTING) {
        begin_serving(bridge);
    } else {
        tell_wait(bridge);
    }
}

/* Commands and replies lead to others: a client that has read its replies may send again. */
static void
flush_all(QblkBridge *bridge)
{
    gboolean has_sent;
    do {
        has_sent = qblk_qemu_link_flush(bridge->link);
        has_sent = qblk_bridge_flush_clients(bridge) || has_sent;
    } while (has_sent);
}

/* Without a place to connect, the bridge ends with its last client. */
static void
check_clients(QblkBridge *bridge)
{
    qblk_bridge_sweep_clients(bridge);
    if (bridge->entrances->len == 0 && bridge->stop_count == 0 &&
        !qblk_bridge_has_clients(bridge)) {
        qblk_bridge_stop(bridge);
    }
}

static void
add_time(gint64 *first, gint64 time)
{
    if (time >= 0 && (*first < 0 || time < *first)) {
        *first = time;
    }
}

static void
wait_for_all(QblkBridge *bridge, gint64 now)
{
    gint64 first = qblk_qemu_link_wait(bridge->link);
    add_time(&first, qblk_worker_wait_prepare(&bridge->wait, now));
    add_time(&first, bridge->accept_after);
    add_time(&first, bridge->phase == QBLK_BRIDGE_CLOSING ? bridge->close_deadline : -1);
    add_time(&first, bridge->phase < QBLK_BRIDGE_CLOSING ? bridge->stop_deadline : -1);

    gboolean has_ended = qblk_qemu_link_get_state(bridge->link) == QBLK_QEMU_LINK_ENDED &&
                         bridge->phase < QBLK_BRIDGE_CLOSING;
    bridge->is_ready = qblk_bridge_wait_for_clients(bridge, now) || bridge->is_ready || has_ended;
    bridge->wake_at = first;
}

gboolean
qblk_bridge_process(QblkBridge *bridge)
{
    if (bridge->phase == QBLK_BRIDGE_ENDED) {
        return FALSE;
    }
    if (bridge->phase == QBLK_BRIDGE_IDLE) {
        connect_to_qemu(bridge);
        tell_ready(bridge);
    }

    bridge->is_ready = FALSE;
    qblk_loop_dispatch(&bridge->loop);
    gint64 now = g_get_monotonic_time();
    qblk_worker_wait_dispatch(&bridge->wait, now);
    qblk_bridge_poll_clients(bridge);
    qblk_qemu_link_check(bridge->link, now);

    check_link(bridge, now); /* the first command comes after it */
    flush_all(bridge);
    check_clients(bridge);
    check_stop(bridge, now);
    if (bridge->phase == QBLK_BRIDGE_CLOSING) {
        close_clients(bridge, now);
    }
    if (bridge->phase != QBLK_BRIDGE_ENDED) {
        wait_for_all(bridge, now);
    }
    return bridge->phase != QBLK_BRIDGE_ENDED;
}

/* ---- for the program ---- */

int
qblk_bridge_get_fd(const QblkBridge *bridge)
{
    return bridge->loop.epoll_fd;
}

int
qblk_bridge_get_events(const QblkBridge *bridge)
{
    return POLLIN;
}

int
qblk_bridge_get_timeout(const QblkBridge *bridge)
{
    if (bridge->is_ready || bridge->phase == QBLK_BRIDGE_ENDED) {
        return 0;
    }
    if (bridge->wake_at < 0) {
        return -1;
    }

    gint64 left = (bridge->wake_at - g_get_monotonic_time() + 999) / 1000;
    return (int)CLAMP(left, 0, G_MAXINT);
}

gboolean
qblk_bridge_run(QblkBridge *bridge, GError **error)
{
    while (qblk_bridge_process(bridge)) {
        struct pollfd item = {qblk_bridge_get_fd(bridge), POLLIN, 0};
        (void)qblk_waiter_poll(NULL, &item, qblk_bridge_get_timeout(bridge));
    }
    return qblk_bridge_get_result(bridge, error);
}

gboolean
qblk_bridge_get_result(const QblkBridge *bridge, GError **error)
{
    if (bridge->error == NULL) {
        return TRUE;
    }

    g_propagate_error(error, g_error_copy(bridge->error));
    return FALSE;
}
