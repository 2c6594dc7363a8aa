/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/const-cast.h"
#include "bridge/activation.h"
#include "bridge/bridge-data.h"
#include "qmp/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <qblk/error.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- making one ---- */

/* What is bridged has to be a monitor of this machine or of its network: clients name files, which
 * are looked at here. */
static gboolean
check_address(const QblkAddress *address, GError **error)
{
    const char *text = qblk_address_get_text(address);
    if (qblk_address_get_kind(address) == QBLK_ADDRESS_KIND_SSH) {
        g_set_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_ARGUMENT,
                    "cannot bridge '%s': run the bridge on '%s', and forward its socket with ssh, "
                    "or use --stdio",
                    text, qblk_address_get_host(address));
        return FALSE;
    }
    if (!qblk_address_has_monitor(address)) {
        g_set_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_ARGUMENT,
                    "cannot bridge '%s': it is not a QMP monitor", text);
        return FALSE;
    }
    return TRUE;
}

static gboolean
check_options(const QblkAddress *address, const QblkBridgeOptions *options, GError **error)
{
    if (options->reconnect && !qblk_address_can_reconnect(address)) {
        g_set_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_ARGUMENT,
                    "cannot connect to '%s' again: it is an inherited connection",
                    qblk_address_get_text(address));
        return FALSE;
    }
    return TRUE;
}

static const char *const *
patterns(GPtrArray *array)
{
    g_ptr_array_add(array, NULL);
    return (const char *const *)(gconstpointer)array->pdata;
}

/* The mux borrows the policy, which copies the patterns. */
static void
make_parts(QblkBridge *bridge)
{
    const QblkBridgeOptions *options = bridge->options;
    g_autoptr(GPtrArray) allow = g_ptr_array_copy(options->allow, NULL, NULL);
    g_autoptr(GPtrArray) deny = g_ptr_array_copy(options->deny, NULL, NULL);
    g_ptr_array_set_free_func(allow, NULL);
    g_ptr_array_set_free_func(deny, NULL);

    bridge->policy = qblk_policy_new(patterns(allow), patterns(deny));
    bridge->mux =
        qblk_mux_new(bridge->policy, qblk_local_get_commands(), &qblk_bridge_hooks, bridge);
    bridge->workers =
        qblk_workers_new(bridge->mux, &(QblkWorkerLoop){qblk_bridge_open_internal,
                                                        qblk_bridge_workers_changed, bridge});
    bridge->wait.workers = bridge->workers;
    qblk_bridge_requests_init(bridge);
}

QblkBridge *
qblk_bridge_new(const QblkAddress *address, QblkBridgeOptions *options, GError **error)
{
    g_autoptr(QblkBridgeOptions) used =
        options == NULL ? qblk_bridge_options_new() : qblk_bridge_options_ref(options);
    QblkLoop loop;
    if (!check_address(address, error) || !check_options(address, used, error) ||
        !qblk_loop_init(&loop, error)) {
        return NULL;
    }

    QblkBridge *bridge = g_new0(QblkBridge, 1);
    g_atomic_ref_count_init(&bridge->references);
    bridge->address = qblk_address_ref(address);
    bridge->options = g_steal_pointer(&used);
    bridge->loop = loop;
    bridge->entrances = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_bridge_entrance_free);
    bridge->clients = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_bridge_client_free);
    bridge->accept_after = -1;
    bridge->stop_deadline = -1;
    bridge->is_ready = TRUE;
    qblk_worker_wait_init(&bridge->wait, &bridge->loop);
    make_parts(bridge);
    return bridge;
}

QblkBridge *
qblk_bridge_ref(QblkBridge *bridge)
{
    g_atomic_ref_count_inc(&bridge->references);
    return bridge;
}

/* Workers end before the clients and the mux that they use. */
void
qblk_bridge_unref(QblkBridge *bridge)
{
    if (bridge == NULL || !g_atomic_ref_count_dec(&bridge->references)) {
        return;
    }

    g_ptr_array_unref(bridge->entrances);
    qblk_qemu_link_free(bridge->link);
    qblk_workers_free(bridge->workers);
    qblk_bridge_requests_clear(bridge);
    qblk_worker_wait_clear(&bridge->wait);
    g_ptr_array_unref(bridge->clients);
    qblk_mux_free(bridge->mux);
    qblk_policy_free(bridge->policy);
    qblk_loop_clear(&bridge->loop);
    qblk_bridge_clear_notices(bridge);
    qblk_bridge_options_unref(bridge->options);
    qblk_address_unref(bridge->address);
    g_clear_error(&bridge->error);
    g_free(bridge);
}

/* ---- clients ---- */

static QblkAccess
access_for(gboolean read_only)
{
    return read_only ? QBLK_ACCESS_READ_ONLY : QBLK_ACCESS_FULL;
}

gboolean
qblk_bridge_listen(QblkBridge *bridge, const char *path, gboolean read_only, GError **error)
{
    QblkListener *listener = qblk_listener_new(path, &bridge->options->access, error);
    if (listener == NULL) {
        return FALSE;
    }

    qblk_bridge_add_entrance(bridge, listener, access_for(read_only));
    return TRUE;
}

gboolean
qblk_bridge_add_activated(QblkBridge *bridge, const char *const *environment, guint *count,
                          GError **error)
{
    g_autoptr(GArray) sockets = qblk_activation_read(environment, getpid(), error);
    if (sockets == NULL) {
        return FALSE;
    }

    for (guint i = 0; i < sockets->len; i++) {
        const QblkActivatedSocket *entry = &g_array_index(sockets, QblkActivatedSocket, i);
        QblkListener *listener = qblk_listener_new_fd(entry->fd, error);
        if (listener == NULL) {
            return FALSE;
        }
        qblk_bridge_add_entrance(bridge, listener, access_for(entry->is_read_only));
    }

    if (count != NULL) {
        *count = sockets->len;
    }
    return TRUE;
}

/* A pipe is opened again, because to make it non-blocking would affect the processes that share it.
 * A socket needs neither; a file does not block, and has a position that is shared.
 * Returns: a descriptor of the bridge; -1 with errno */
static int
copy_descriptor(int fd, int flags)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return -1;
    }

    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    int copy = S_ISREG(status.st_mode) ? -1 : open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return copy >= 0 ? copy : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

gboolean
qblk_bridge_add_client(QblkBridge *bridge, int in, int out, gboolean read_only, GError **error)
{
    int own_in = copy_descriptor(in, O_RDONLY);
    int own_out = in == out ? own_in : copy_descriptor(out, O_WRONLY);
    if (own_in < 0 || own_out < 0) {
        g_set_error(error, QBLK_BRIDGE_ERROR, QBLK_BRIDGE_ERROR_SOCKET,
                    "cannot use descriptors %d and %d: %s", in, out, g_strerror(errno));
        if (own_in >= 0) {
            close(own_in);
        }
        return FALSE;
    }

    QblkBridgeClient *client =
        qblk_bridge_add_connection(bridge, own_in, own_out, access_for(read_only));
    client->is_main = TRUE;
    return TRUE;
}

/* Returns: a descriptor, or the negative errno */
static int
connect_at(const char *path)
{
    g_auto(QblkUnixName) name = QBLK_UNIX_NAME_INIT;
    int cause = qblk_unix_name_set(&name, path);
    int fd = cause != 0 ? -1 : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return cause != 0 ? -cause : -errno;
    }

    if (connect(fd, (const struct sockaddr *)&name.address, sizeof(name.address)) < 0) {
        cause = errno;
        close(fd);
        return -cause;
    }
    return fd;
}

gboolean
qblk_bridge_connect(QblkBridge *bridge, const char *path, gboolean read_only, GError **error)
{
    int fd = connect_at(path);
    if (fd < 0) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                    "cannot connect to the client at '%s': %s", path, g_strerror(-fd));
        return FALSE;
    }

    qblk_bridge_add_connection(bridge, fd, fd, access_for(read_only));
    return TRUE;
}
