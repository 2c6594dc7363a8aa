/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the bridge does with commands that QEMU does not get as they are. */
#include "bridge/bridge-data.h"

static const char *const no_commands[] = {NULL};

const char *const *
qblk_bridge_commands(void)
{
    return no_commands;
}

static void
decide(QblkMuxRequest *request, gpointer user_data)
{
    qblk_mux_request_forward(request, NULL);
}

static void
dropped(QblkMuxRequest *request, gpointer user_data)
{
}

static void
event(const QblkJson *message, gpointer user_data)
{
}

static void
changed(const char *command, gpointer user_data)
{
}

static void
quiet(gpointer user_data)
{
}

const QblkMuxHooks qblk_bridge_hooks = {decide, dropped, event, changed, quiet};

guint
qblk_bridge_count_operations(const QblkBridge *bridge)
{
    return 0;
}

void
qblk_bridge_requests_connected(QblkBridge *bridge, int fd)
{
}

void
qblk_bridge_requests_disconnected(QblkBridge *bridge)
{
}

void
qblk_bridge_requests_forget(QblkBridge *bridge, const QblkMuxClient *client)
{
}
