/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vms/vm-monitor.h"

#include <errno.h>
#include <string.h>

/* What is known when a monitor is examined. */
typedef struct {
    QblkHost *host;
    const QblkHostProcess *process;
    const QblkHostSockets *sockets;
    const char *manager_socket; /* or NULL */
} Place;

void
qblk_vm_monitor_free(gpointer data)
{
    QblkVmMonitor *monitor = data;
    if (monitor == NULL) {
        return;
    }

    g_free(monitor->address);
    g_free(monitor->text);
    g_free(monitor->reason);
    g_free(monitor);
}

static void
set_state(QblkVmMonitor *monitor, QblkVmMonitorState state, const char *reason)
{
    monitor->state = state;
    g_free(monitor->reason);
    monitor->reason = g_strdup(reason);
}

void
qblk_vm_monitor_close(QblkVmMonitor *monitor, const char *reason)
{
    set_state(monitor, QBLK_VM_MONITOR_STATE_CLOSED, reason);
    g_clear_pointer(&monitor->address, g_free);
}

static gboolean
is_own(const Place *place, const QblkSocket *entry)
{
    return place->process->own == NULL || g_hash_table_contains(place->process->own, entry->name);
}

/* ---- unix ---- */

/* A client that waits is connected to a socket that no process has yet. */
static gboolean
is_of_client(const Place *place, const QblkSocket *entry)
{
    return entry->state == QBLK_SOCKET_WAITS ||
           (entry->state == QBLK_SOCKET_CONNECTED && is_own(place, entry));
}

/* @name: to which the socket is bound */
static void
look_at_name(const Place *place, const char *name, QblkVmMonitor *monitor)
{
    gboolean listens = FALSE, is_busy = FALSE;

    for (guint i = 0; i < place->sockets->names->len; i++) {
        const QblkSocket *entry = place->sockets->names->pdata[i];
        if (g_str_equal(entry->path, name)) {
            listens |= entry->state == QBLK_SOCKET_LISTENS && is_own(place, entry);
            is_busy |= is_of_client(place, entry);
        }
    }

    if (place->sockets->names->len == 0) {
        set_state(monitor, QBLK_VM_MONITOR_STATE_UNKNOWN,
                  "the sockets of its network are not known");
    } else if (!listens) {
        qblk_vm_monitor_close(monitor, "QEMU does not listen there");
    } else {
        set_state(monitor, is_busy ? QBLK_VM_MONITOR_STATE_BUSY : QBLK_VM_MONITOR_STATE_FREE, NULL);
    }
}

/* @name: to which the socket is bound */
static void
examine_name(const Place *place, const char *name, QblkVmMonitor *monitor)
{
    g_autofree char *path = qblk_host_absolute(place->process, name);
    if (path == NULL) {
        set_state(monitor, QBLK_VM_MONITOR_STATE_UNKNOWN,
                  "its path is relative to a directory that this user cannot see");
        return;
    }

    int cause = qblk_host_find_path(place->process, path, &monitor->address);
    if (cause == ENOENT) {
        qblk_vm_monitor_close(monitor, "its path leads to no socket");
    } else if (cause == EXDEV) {
        qblk_vm_monitor_close(monitor, "its path is in another mount namespace");
    } else {
        if (monitor->address == NULL) {
            monitor->address = g_strdup(path);
        }
        look_at_name(place, name, monitor);
    }
}

static void
examine_path(const Place *place, const QblkQemuChardev *chardev, QblkVmMonitor *monitor)
{
    if (chardev->is_abstract) {
        set_state(monitor, QBLK_VM_MONITOR_STATE_UNKNOWN,
                  "qblk does not connect to sockets without a path");
    } else {
        examine_name(place, chardev->path, monitor);
    }
}

/* An inherited socket, as those of libvirt. */
static void
examine_fd(const Place *place, const QblkQemuChardev *chardev, QblkVmMonitor *monitor)
{
    g_autofree char *name = qblk_host_read_socket(place->host, place->process, chardev->fd);

    for (guint i = 0; name != NULL && i < place->sockets->names->len; i++) {
        const QblkSocket *entry = place->sockets->names->pdata[i];
        if (entry->state == QBLK_SOCKET_LISTENS && g_str_equal(entry->name, name)) {
            examine_name(place, entry->path, monitor);
            return;
        }
    }

    if (name != NULL) {
        qblk_vm_monitor_close(monitor, "QEMU has inherited a connection");
    } else if (place->manager_socket != NULL) {
        examine_name(place, place->manager_socket, monitor);
    } else {
        set_state(monitor, QBLK_VM_MONITOR_STATE_UNKNOWN,
                  "this user cannot see the socket that QEMU has inherited");
    }
}

/* ---- TCP ---- */

/* Returns: the port at which QEMU listens: the first one that was not in use from @first to @last;
 * 0 if it does not */
static guint
find_port(const Place *place, guint first, guint last)
{
    for (guint i = 0; i < place->sockets->ports->len; i++) {
        const QblkSocket *entry = place->sockets->ports->pdata[i];
        if (entry->state == QBLK_SOCKET_LISTENS && entry->port >= first && entry->port <= last &&
            is_own(place, entry)) {
            return entry->port;
        }
    }
    return 0;
}

static gboolean
has_client(const Place *place, guint port)
{
    for (guint i = 0; i < place->sockets->ports->len; i++) {
        const QblkSocket *entry = place->sockets->ports->pdata[i];
        if (entry->state == QBLK_SOCKET_CONNECTED && entry->port == port && is_own(place, entry)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Returns: (transfer full): the address to connect to */
static char *
tcp_address(const char *host, guint port)
{
    static const struct {
        const char *host, *here;
    } all[] = {{"", "127.0.0.1"}, {"0.0.0.0", "127.0.0.1"}, {"*", "127.0.0.1"}, {"::", "::1"}};
    const char *name = host;

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        if (g_str_equal(host, all[i].host)) {
            name = all[i].here;
        }
    }
    return strchr(name, ':') == NULL ? g_strdup_printf("tcp:%s:%u", name, port)
                                     : g_strdup_printf("tcp:[%s]:%u", name, port);
}

static void
examine_tcp(const Place *place, const QblkQemuChardev *chardev, QblkVmMonitor *monitor)
{
    guint64 first = 0;
    if (chardev->is_wrapped) {
        qblk_vm_monitor_close(monitor, "it uses telnet, websocket or TLS");
        return;
    }
    if (!place->process->is_same_net) {
        qblk_vm_monitor_close(monitor, "it is in another network namespace");
        return;
    }
    if (!g_ascii_string_to_unsigned(chardev->port, 10, 1, G_MAXUINT16, &first, NULL)) {
        set_state(monitor, QBLK_VM_MONITOR_STATE_UNKNOWN, "its port is not a number");
        return;
    }

    guint port = find_port(place, (guint)first, MAX((guint)first, chardev->to));
    if (port == 0) {
        qblk_vm_monitor_close(monitor, "QEMU does not listen there");
        return;
    }
    monitor->address = tcp_address(chardev->host, port);
    set_state(monitor,
              has_client(place, port) ? QBLK_VM_MONITOR_STATE_BUSY : QBLK_VM_MONITOR_STATE_FREE,
              NULL);
}

/* ---- all ---- */

static void
examine(const Place *place, const QblkQemuChardev *chardev, QblkVmMonitor *monitor)
{
    if (!g_str_equal(chardev->backend, "socket")) {
        qblk_vm_monitor_close(monitor, "it is not a socket");
    } else if (!chardev->listens) {
        qblk_vm_monitor_close(monitor, "QEMU is the client of this socket");
    } else if (chardev->fd >= 0) {
        examine_fd(place, chardev, monitor);
    } else if (chardev->path != NULL) {
        examine_path(place, chardev, monitor);
    } else if (chardev->port != NULL) {
        examine_tcp(place, chardev, monitor);
    } else {
        qblk_vm_monitor_close(monitor, "it is not a socket");
    }
}

void
qblk_vm_monitor_add_all(QblkVmInfo *vm, QblkHost *host)
{
    const Place place = {
        .host = host,
        .process = vm->process,
        .sockets = qblk_host_find_sockets(host, vm->process),
        .manager_socket = vm->manager_socket,
    };

    for (guint i = 0; i < vm->line->monitors->len; i++) {
        const QblkQemuMonitor *found = vm->line->monitors->pdata[i];
        const QblkQemuChardev *chardev = qblk_qemu_line_find_chardev(vm->line, found);
        QblkVmMonitor *monitor = g_new0(QblkVmMonitor, 1);
        monitor->vm = vm;
        monitor->is_qmp = found->is_qmp;
        monitor->text =
            chardev == NULL ? g_strdup(found->chardev) : qblk_qemu_chardev_describe(chardev);
        if (chardev == NULL) {
            set_state(monitor, QBLK_VM_MONITOR_STATE_UNKNOWN, "its character device is not known");
        } else {
            examine(&place, chardev, monitor);
        }
        g_ptr_array_add(vm->monitors, monitor);
    }
}
