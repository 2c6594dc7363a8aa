/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vms/vm-bridge.h"

#include "base/limits.h"
#include "image/listeners.h"
#include "qmp/address.h"
#include "vms/bridge-line.h"
#include "vms/vm-info.h"
#include "vms/vm-monitor.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* The first descriptor that a service manager passes: see sd_listen_fds(3). */
#define FIRST_FD 3
#define MAX_FDS  64

/* ---- reading ---- */

static void
socket_free(gpointer data)
{
    QblkVmBridgeSocket *entry = data;

    g_free(entry->path);
    g_free(entry);
}

static void
add_socket(QblkVmBridge *bridge, const char *path, gboolean is_read_only)
{
    QblkVmBridgeSocket *entry = g_new0(QblkVmBridgeSocket, 1);
    entry->path = g_strdup(path);
    entry->is_read_only = is_read_only;
    g_ptr_array_add(bridge->sockets, entry);
}

/* Returns: (nullable): the path of the unix socket that the process has as @fd */
static const char *
find_path_of(QblkHost *host, const QblkVmBridge *bridge, int fd)
{
    const QblkHostSockets *sockets = qblk_host_find_sockets(host, bridge->process);
    g_autofree char *name = qblk_host_read_socket(host, bridge->process, fd);

    for (guint i = 0; name != NULL && i < sockets->names->len; i++) {
        const QblkSocket *entry = sockets->names->pdata[i];
        if (entry->state == QBLK_SOCKET_LISTENS && g_str_equal(entry->name, name)) {
            return entry->path;
        }
    }
    return NULL;
}

static guint64
get_number(char **environment, const char *variable)
{
    const char *text = g_environ_getenv(environment, variable);
    guint64 number = 0;

    if (text != NULL) {
        (void)g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &number, NULL);
    }
    return number;
}

static void
add_passed(QblkHost *host, QblkVmBridge *bridge, char **environment)
{
    gboolean is_ours = get_number(environment, "LISTEN_PID") == (guint64)bridge->process->pid;
    guint64 count = is_ours ? MIN(get_number(environment, "LISTEN_FDS"), MAX_FDS) : 0;
    const char *names = g_environ_getenv(environment, "LISTEN_FDNAMES");
    g_auto(GStrv) each = g_strsplit(names == NULL ? "" : names, ":", -1);
    guint named = g_strv_length(each);

    for (guint i = 0; i < count; i++) {
        const char *path = find_path_of(host, bridge, FIRST_FD + (int)i);
        if (path != NULL && path[0] == '/') {
            add_socket(bridge, path, i < named && g_str_equal(each[i], "read-only"));
        }
    }
}

static void
read_environment(QblkHost *host, QblkVmBridge *bridge)
{
    g_auto(GStrv) environment = qblk_host_read_environment(host, bridge->process->pid);
    if (environment == NULL) {
        return;
    }

    add_passed(host, bridge, environment);
    if (bridge->vm == NULL) {
        bridge->vm = g_strdup(g_environ_getenv(environment, "QMP_SOCKET"));
    }
}

QblkVmBridge *
qblk_vm_bridge_read(QblkHost *host, gint64 pid, char *const *arguments)
{
    g_autoptr(QblkBridgeLine) line = qblk_bridge_line_new(arguments);
    if (line == NULL || pid == getpid()) {
        return NULL;
    }

    QblkVmBridge *bridge = g_new0(QblkVmBridge, 1);
    bridge->process = qblk_host_inspect(host, pid);
    bridge->user = qblk_host_read_user(host, pid);
    bridge->vm = g_steal_pointer(&line->vm);
    bridge->sockets = g_ptr_array_new_with_free_func(socket_free);
    for (guint i = 0; i < line->full->len; i++) {
        add_socket(bridge, line->full->pdata[i], FALSE);
    }
    for (guint i = 0; i < line->read_only->len; i++) {
        add_socket(bridge, line->read_only->pdata[i], TRUE);
    }
    read_environment(host, bridge);
    return bridge;
}

void
qblk_vm_bridge_free(QblkVmBridge *bridge)
{
    if (bridge == NULL) {
        return;
    }

    qblk_host_process_free(bridge->process);
    g_free(bridge->vm);
    g_ptr_array_unref(bridge->sockets);
    g_free(bridge);
}

/* ---- its VM ---- */

static gboolean
is_at(const QblkVmMonitor *monitor, const QblkAddress *address)
{
    return monitor->is_qmp && qblk_vm_monitor_is_at(monitor, address);
}

QblkVmInfo *
qblk_vm_bridge_find_vm(const GPtrArray *vms, const QblkAddress *address)
{
    for (guint i = 0; i < vms->len; i++) {
        QblkVmInfo *vm = vms->pdata[i];
        for (guint j = 0; j < vm->monitors->len; j++) {
            if (is_at(vm->monitors->pdata[j], address)) {
                return vm;
            }
        }
    }
    return NULL;
}

/* @path: as the bridge knows it */
static QblkVmInfo *
find_by_path(const QblkVmBridge *bridge, const GPtrArray *vms, const char *path)
{
    g_autofree char *absolute = qblk_host_absolute(bridge->process, path);
    g_autofree char *here = NULL;
    if (absolute == NULL || qblk_host_find_path(bridge->process, absolute, &here) != 0) {
        return NULL;
    }

    const QblkAddress address = {.kind = QBLK_ADDRESS_KIND_UNIX, .path = here};
    return qblk_vm_bridge_find_vm(vms, &address);
}

/* Returns: (nullable): the only VM with that name */
static QblkVmInfo *
find_by_name(const GPtrArray *vms, const char *name)
{
    QblkVmInfo *found = NULL;

    for (guint i = 0; i < vms->len; i++) {
        if (qblk_vm_info_is_named(vms->pdata[i], name)) {
            if (found != NULL) {
                return NULL;
            }
            found = vms->pdata[i];
        }
    }
    return found;
}

static QblkVmInfo *
find_vm_of(const QblkVmBridge *bridge, const GPtrArray *vms)
{
    if (!qblk_address_has_form(bridge->vm)) {
        QblkVmInfo *vm = find_by_name(vms, bridge->vm);
        return vm == NULL ? find_by_path(bridge, vms, bridge->vm) : vm;
    }

    g_autoptr(QblkAddress) address = qblk_address_parse(bridge->vm, NULL);
    if (address == NULL) {
        return NULL;
    }
    return address->kind == QBLK_ADDRESS_KIND_UNIX ? find_by_path(bridge, vms, address->path)
                                                   : qblk_vm_bridge_find_vm(vms, address);
}

/* ---- its sockets ---- */

/* A path that another process has made, or that leads to no process, is not one of the bridge. */
static gboolean
is_served(const QblkVmBridge *bridge, const char *path)
{
    gboolean is_this_machine = bridge->process->root[0] == '\0';

    return !is_this_machine || qblk_listeners_probe(path) == 0;
}

static QblkVmMonitor *
make_monitor(const QblkVmBridge *bridge, const QblkVmBridgeSocket *entry)
{
    g_autofree char *absolute = qblk_host_absolute(bridge->process, entry->path);
    g_autofree char *here = NULL;
    if (absolute == NULL || qblk_host_find_path(bridge->process, absolute, &here) != 0 ||
        !is_served(bridge, here)) {
        return NULL;
    }

    g_autofree char *full = g_strconcat(bridge->process->root, absolute, NULL);
    QblkVmMonitor *monitor = g_new0(QblkVmMonitor, 1);
    monitor->is_qmp = TRUE;
    monitor->bridge = bridge->process->pid;
    monitor->is_read_only = entry->is_read_only;
    monitor->text = g_strdup(here);
    monitor->address = g_steal_pointer(&here);
    monitor->state = QBLK_VM_MONITOR_STATE_FREE;
    if (access(full, W_OK) != 0 && errno == EACCES) {
        qblk_vm_monitor_close(monitor, "this user may not connect to it");
    }
    return monitor;
}

static gboolean
is_trusted(const QblkVmBridge *bridge, const QblkHost *host, const QblkVmInfo *vm)
{
    return bridge->user == 0 || bridge->user == (gint64)geteuid() ||
           (bridge->user > 0 && bridge->user == qblk_host_read_user(host, vm->process->pid));
}

void
qblk_vm_bridge_add(const QblkVmBridge *bridge, const QblkHost *host, const GPtrArray *vms)
{
    QblkVmInfo *vm = bridge->vm == NULL ? NULL : find_vm_of(bridge, vms);
    if (vm == NULL || !is_trusted(bridge, host, vm)) {
        return;
    }

    for (guint i = 0; i < bridge->sockets->len; i++) {
        QblkVmMonitor *monitor = make_monitor(bridge, bridge->sockets->pdata[i]);
        if (monitor != NULL) {
            monitor->vm = vm;
            g_ptr_array_add(vm->monitors, monitor);
        }
    }
}
