/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vms/vm-monitor.h"

#include "base/file-identity.h"
#include "qmp/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define OTHER_NETWORK "it is in another network namespace"

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

/* The tables and files of a process that the user may not inspect may be others than those that
 * were looked at. */
static void
set_missing(const Place *place, QblkVmMonitor *monitor, const char *reason)
{
    if (place->process->own == NULL) {
        set_state(monitor, QBLK_VM_MONITOR_STATE_UNKNOWN, "this user cannot see its socket");
    } else {
        qblk_vm_monitor_close(monitor, reason);
    }
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

    if (!listens) {
        set_missing(place, monitor, "QEMU does not listen there");
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
        set_missing(place, monitor,
                    g_path_is_absolute(name)
                        ? "its path leads to no socket"
                        : "its path is relative, and QEMU is in another directory now");
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

/* Returns: (transfer full): @address as text, one of IPv4 as such */
static char *
describe_address(const struct in6_addr *address)
{
    char text[INET6_ADDRSTRLEN] = "";
    gboolean is_ipv4 = IN6_IS_ADDR_V4MAPPED(address);

    (void)inet_ntop(is_ipv4 ? AF_INET : AF_INET6,
                    is_ipv4 ? (const void *)&address->s6_addr[12] : address, text, sizeof(text));
    return g_strdup(text);
}

static void
set_port(const Place *place, const char *host, guint port, QblkVmMonitor *monitor)
{
    gboolean is_busy = has_client(place, port);

    monitor->address = tcp_address(host, port);
    set_state(monitor, is_busy ? QBLK_VM_MONITOR_STATE_BUSY : QBLK_VM_MONITOR_STATE_FREE, NULL);
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
        qblk_vm_monitor_close(monitor, OTHER_NETWORK);
        return;
    }
    if (!g_ascii_string_to_unsigned(chardev->port, 10, 1, G_MAXUINT16, &first, NULL)) {
        set_state(monitor, QBLK_VM_MONITOR_STATE_UNKNOWN, "its port is not a number");
        return;
    }

    guint port = find_port(place, (guint)first, MAX((guint)first, chardev->to));
    if (port == 0) {
        set_missing(place, monitor, "QEMU does not listen there");
        return;
    }
    set_port(place, chardev->host, port, monitor);
}

/* ---- an inherited socket ---- */

/* Returns: (nullable): the socket @name if it listens */
static const QblkSocket *
find_listener(const GPtrArray *sockets, const char *name)
{
    for (guint i = 0; name != NULL && i < sockets->len; i++) {
        const QblkSocket *entry = sockets->pdata[i];
        if (entry->state == QBLK_SOCKET_LISTENS && g_str_equal(entry->name, name)) {
            return entry;
        }
    }
    return NULL;
}

static void
examine_fd(const Place *place, const QblkQemuChardev *chardev, QblkVmMonitor *monitor)
{
    g_autofree char *name = qblk_host_read_socket(place->host, place->process, chardev->fd);
    const QblkSocket *by_name = find_listener(place->sockets->names, name);
    const QblkSocket *by_port = find_listener(place->sockets->ports, name);

    if (by_name != NULL) {
        examine_name(place, by_name->path, monitor);
    } else if (by_port != NULL && !place->process->is_same_net) {
        qblk_vm_monitor_close(monitor, OTHER_NETWORK);
    } else if (by_port != NULL) {
        g_autofree char *host = describe_address(&by_port->address);
        set_port(place, host, by_port->port, monitor);
    } else if (name != NULL) {
        qblk_vm_monitor_close(monitor, "QEMU has inherited a connection");
    } else if (place->manager_socket != NULL) { /* of libvirt */
        examine_name(place, place->manager_socket, monitor);
    } else {
        set_state(monitor, QBLK_VM_MONITOR_STATE_UNKNOWN,
                  "this user cannot see the socket that QEMU has inherited");
    }
}

/* ---- all ---- */

static void
examine(const Place *place, const QblkQemuChardev *chardev, QblkVmMonitor *monitor)
{
    if (!g_str_equal(chardev->backend, "socket")) {
        qblk_vm_monitor_close(monitor, "it is not a socket");
    } else if (!chardev->listens) {
        qblk_vm_monitor_close(monitor, chardev->fd >= 0 ? "QEMU has inherited a connection"
                                                        : "QEMU is the client of this socket");
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

/* ---- its address ---- */

gboolean
qblk_vm_monitor_is_at(const QblkVmMonitor *monitor, const QblkAddress *address)
{
    if (monitor->address == NULL) {
        return FALSE;
    }
    return address->kind == QBLK_ADDRESS_KIND_UNIX
               ? qblk_file_identity_is_one(monitor->address, address->path)
               : g_str_equal(monitor->address, address->text);
}
