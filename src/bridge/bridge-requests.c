/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the bridge does with commands that QEMU does not get as they are. */
#include "bridge/bridge-data.h"

static void
decide(QblkMuxRequest *request, gpointer user_data)
{
    const QblkBridge *bridge = user_data;
    if (!qblk_local_execute(bridge->local, request)) {
        qblk_decider_decide(bridge->decider, request);
    }
}

/* What executes a request finds out when it answers it. */
static void
dropped(QblkMuxRequest *request, gpointer user_data)
{
}

static void
event(const QblkJson *message, gpointer user_data)
{
    const QblkBridge *bridge = user_data;
    qblk_decider_event(bridge->decider, message);
    qblk_local_event(bridge->local, message);
}

static void
changed(const char *command, gpointer user_data)
{
    const QblkBridge *bridge = user_data;
    qblk_decider_changed(bridge->decider, command);
    qblk_local_changed(bridge->local, command);
}

static void
quiet(gpointer user_data)
{
    const QblkBridge *bridge = user_data;
    qblk_decider_quiet(bridge->decider);
}

const QblkMuxHooks qblk_bridge_hooks = {decide, dropped, event, changed, quiet};

void
qblk_bridge_requests_init(QblkBridge *bridge)
{
    const QblkLocalSettings settings = {
        .address = bridge->address,
        .state_directory = bridge->options->state_directory,
        .snapshot_options = bridge->options->snapshot_options,
    };

    bridge->local = qblk_local_new(bridge->mux, bridge->workers, &settings);
    bridge->decider =
        qblk_decider_new(bridge->mux, bridge->workers, bridge->options->snapshot_options);
}

void
qblk_bridge_requests_clear(QblkBridge *bridge)
{
    g_clear_pointer(&bridge->local, qblk_local_free);
    g_clear_pointer(&bridge->decider, qblk_decider_free);
}

guint
qblk_bridge_count_operations(const QblkBridge *bridge)
{
    return qblk_local_count_operations(bridge->local);
}

void
qblk_bridge_interrupt_operations(QblkBridge *bridge, gboolean qemu_ends)
{
    qblk_local_interrupt(bridge->local, qemu_ends);
}

char *
qblk_bridge_take_left(QblkBridge *bridge)
{
    return qblk_local_take_left(bridge->local);
}

void
qblk_bridge_requests_connected(QblkBridge *bridge, int fd)
{
    qblk_decider_begin(bridge->decider, qblk_mux_greeting(bridge->mux));
    qblk_local_connected(bridge->local, fd);
}

void
qblk_bridge_requests_disconnected(QblkBridge *bridge)
{
    qblk_local_disconnected(bridge->local);
}

void
qblk_bridge_requests_forget(QblkBridge *bridge, const QblkMuxClient *client)
{
    qblk_local_forget_client(bridge->local, client);
}
