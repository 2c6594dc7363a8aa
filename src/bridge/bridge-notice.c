/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the program and the service manager are told. */
#include "bridge/activation.h"
#include "bridge/bridge-data.h"

static void
clear_log(QblkBridge *bridge)
{
    if (bridge->log_destroy != NULL) {
        bridge->log_destroy(bridge->log_data);
    }
    g_clear_pointer(&bridge->log, qblk_message_log_free);
}

static void
clear_notice(QblkBridge *bridge)
{
    if (bridge->notice_destroy != NULL) {
        bridge->notice_destroy(bridge->notice_data);
    }
}

void
qblk_bridge_clear_notices(QblkBridge *bridge)
{
    clear_log(bridge);
    clear_notice(bridge);
}

void
qblk_bridge_set_notice(QblkBridge *bridge, QblkBridgeNotice func, gpointer user_data,
                       GDestroyNotify destroy)
{
    clear_notice(bridge);
    bridge->notice = func;
    bridge->notice_data = user_data;
    bridge->notice_destroy = destroy;
}

void
qblk_bridge_set_logger(QblkBridge *bridge, QblkClientLogger logger, gpointer user_data,
                       GDestroyNotify destroy)
{
    clear_log(bridge);
    bridge->log = logger == NULL ? NULL : qblk_message_log_new(logger, user_data);
    bridge->log_data = user_data;
    bridge->log_destroy = destroy;
}

void
qblk_bridge_tell(QblkBridge *bridge, const char *format, ...)
{
    va_list arguments;
    if (bridge->notice == NULL) {
        return;
    }

    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    bridge->notice(bridge, message, bridge->notice_data);
}

void
qblk_bridge_notify(const QblkBridge *bridge, const char *message)
{
    (void)qblk_activation_notify(bridge->options->notify_socket, message);
}
