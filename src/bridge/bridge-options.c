/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/bridge-options.h"

#include "base/limits.h"

/* As long as systemd waits for a service to stop, less what the rest takes. */
#define DEFAULT_STOP_TIMEOUT_MS 30000

#define DEFAULT_MODE 0600

QblkBridgeOptions *
qblk_bridge_options_new(void)
{
    QblkBridgeOptions *options = g_new0(QblkBridgeOptions, 1);
    g_atomic_ref_count_init(&options->references);
    options->allow = g_ptr_array_new_with_free_func(g_free);
    options->deny = g_ptr_array_new_with_free_func(g_free);
    options->access = (QblkListenerAccess){.mode = DEFAULT_MODE, .group = (gid_t)-1};
    options->timeout_ms = QBLK_DEFAULT_TIMEOUT_MS;
    options->stop_timeout_ms = DEFAULT_STOP_TIMEOUT_MS;
    return options;
}

QblkBridgeOptions *
qblk_bridge_options_ref(QblkBridgeOptions *options)
{
    g_atomic_ref_count_inc(&options->references);
    return options;
}

void
qblk_bridge_options_unref(QblkBridgeOptions *options)
{
    if (options == NULL || !g_atomic_ref_count_dec(&options->references)) {
        return;
    }

    g_ptr_array_unref(options->allow);
    g_ptr_array_unref(options->deny);
    g_free(options->notify_socket);
    g_free(options->state_directory);
    qblk_snapshot_options_unref(options->snapshot_options);
    g_free(options);
}

void
qblk_bridge_options_add_allow(QblkBridgeOptions *options, const char *pattern)
{
    g_ptr_array_add(options->allow, g_strdup(pattern));
}

void
qblk_bridge_options_add_deny(QblkBridgeOptions *options, const char *pattern)
{
    g_ptr_array_add(options->deny, g_strdup(pattern));
}

gboolean
qblk_bridge_options_set_mode(QblkBridgeOptions *options, const char *mode, GError **error)
{
    guint64 value = 0;
    if (!g_ascii_string_to_unsigned(mode, 8, 0, 0777, &value, NULL)) {
        g_set_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_ARGUMENT,
                    "invalid mode '%s': specify an octal number up to 777, such as 660", mode);
        return FALSE;
    }

    options->access.mode = (mode_t)value;
    return TRUE;
}

gboolean
qblk_bridge_options_set_group(QblkBridgeOptions *options, const char *group, GError **error)
{
    return qblk_listener_find_group(group, &options->access.group, error);
}

void
qblk_bridge_options_set_timeout(QblkBridgeOptions *options, int timeout_ms)
{
    options->timeout_ms = timeout_ms > 0 ? timeout_ms : QBLK_DEFAULT_TIMEOUT_MS;
}

void
qblk_bridge_options_set_reconnect(QblkBridgeOptions *options, gboolean reconnect)
{
    options->reconnect = reconnect;
}

void
qblk_bridge_options_set_stop_timeout(QblkBridgeOptions *options, int timeout_ms)
{
    options->stop_timeout_ms = MAX(timeout_ms, 0);
}

void
qblk_bridge_options_set_notify_socket(QblkBridgeOptions *options, const char *path)
{
    g_free(options->notify_socket);
    options->notify_socket = g_strdup(path);
}

void
qblk_bridge_options_set_state_directory(QblkBridgeOptions *options, const char *directory)
{
    g_free(options->state_directory);
    options->state_directory = g_strdup(directory);
}

void
qblk_bridge_options_set_snapshot_options(QblkBridgeOptions *options,
                                         QblkSnapshotOptions *snapshot_options)
{
    QblkSnapshotOptions *kept =
        snapshot_options == NULL ? NULL : qblk_snapshot_options_ref(snapshot_options);
    qblk_snapshot_options_unref(options->snapshot_options);
    options->snapshot_options = kept;
}
