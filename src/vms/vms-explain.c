/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a socket of this machine does not answer as a QMP monitor. */
#include "base/file-identity.h"
#include "image/listeners.h"
#include "image/process.h"
#include "qmp/address.h"
#include "vms/vm-bridge.h"
#include "vms/vm-info.h"
#include "vms/vm-monitor.h"
#include "vms/vms-data.h"

#include <qblk/vms.h>

/* ---- a monitor that another client holds ---- */

/* A guest may have a second monitor, which the manager does not use. */
static gboolean
is_managers(const QblkVmInfo *vm, const QblkAddress *address)
{
    guint count = 0;
    if (!vm->keeps_monitor) {
        return FALSE;
    }
    if (vm->manager_socket != NULL) {
        return address->kind == QBLK_ADDRESS_KIND_UNIX &&
               qblk_file_identity_is_one(vm->manager_socket, address->path);
    }

    for (guint i = 0; i < vm->monitors->len; i++) {
        const QblkVmMonitor *monitor = vm->monitors->pdata[i];
        count += monitor->is_qmp && monitor->bridge == 0 ? 1 : 0;
    }
    return count == 1;
}

char *
qblk_vms_explain_busy(const QblkVms *vms, const QblkAddress *address, gboolean only_reads)
{
    g_autoptr(QblkVms) found = vms == NULL ? qblk_vms_find(NULL, NULL) : NULL;
    const QblkVms *all = vms == NULL ? found : vms;
    const QblkVmInfo *vm = all == NULL ? NULL : qblk_vm_bridge_find_vm(all->vms, address);
    const QblkVmMonitor *bridge = vm == NULL ? NULL : qblk_vm_info_find_bridge(vm);
    const char *text = qblk_address_peer_name(address);
    if (bridge == NULL && vm != NULL && is_managers(vm, address)) {
        return g_strdup_printf("no greeting from '%s': %s holds this monitor as long as the guest "
                               "runs: give the guest a second monitor: see docs/monitor.md",
                               text, vm->manager_name);
    }
    if (bridge == NULL) {
        return NULL;
    }

    if (bridge->is_read_only && !only_reads) {
        return g_strdup_printf("no greeting from '%s': a bridge (pid %" G_GINT64_FORMAT
                               ") holds this monitor, and its socket '%s' is read-only: let the "
                               "bridge listen at another one, too",
                               text, bridge->bridge, bridge->address);
    }
    return g_strdup_printf("no greeting from '%s': a bridge (pid %" G_GINT64_FORMAT
                           ") holds this monitor: use '%s'",
                           text, bridge->bridge, bridge->address);
}

/* ---- another socket of a VM ---- */

static gboolean
listens_at_path(const QblkVmInfo *vm, const QblkListeners *listeners, const char *path)
{
    const GPtrArray *paths = qblk_listeners_paths(listeners);
    gboolean found = FALSE;

    for (guint i = 0; !found && i < paths->len; i++) {
        g_autofree char *absolute = qblk_host_absolute(vm->process, paths->pdata[i]);
        g_autofree char *here = NULL;
        found = absolute != NULL && qblk_host_find_path(vm->process, absolute, &here) == 0 &&
                qblk_file_identity_is_one(here, path);
    }
    return found;
}

/* Such as a serial port or a VNC server. */
static gboolean
listens_at(const QblkVmInfo *vm, const QblkAddress *address)
{
    gboolean is_this_machine = vm->process->root[0] == '\0';
    if (!is_this_machine) {
        return FALSE;
    }

    g_autoptr(QblkListeners) listeners = qblk_listeners_find(vm->process->pid);
    if (address->kind == QBLK_ADDRESS_KIND_UNIX) {
        return listens_at_path(vm, listeners, address->path);
    }
    return address->kind == QBLK_ADDRESS_KIND_TCP &&
           qblk_listeners_has_address(listeners, address->host, address->port);
}

/* Returns: (nullable): the VM with that monitor for people */
static const QblkVmInfo *
find_of_human(const GPtrArray *vms, const QblkAddress *address)
{
    for (guint i = 0; i < vms->len; i++) {
        const QblkVmInfo *vm = vms->pdata[i];
        for (guint j = 0; j < vm->monitors->len; j++) {
            const QblkVmMonitor *monitor = vm->monitors->pdata[j];
            if (!monitor->is_qmp && qblk_vm_monitor_is_at(monitor, address)) {
                return vm;
            }
        }
    }
    return NULL;
}

static const QblkVmInfo *
find_that_listens(const GPtrArray *vms, const QblkAddress *address)
{
    for (guint i = 0; i < vms->len; i++) {
        if (listens_at(vms->pdata[i], address)) {
            return vms->pdata[i];
        }
    }
    return NULL;
}

static gboolean
has_qmp(const QblkVmInfo *vm)
{
    gboolean found = FALSE;

    for (guint i = 0; i < vm->monitors->len; i++) {
        const QblkVmMonitor *monitor = vm->monitors->pdata[i];
        found |= monitor->is_qmp;
    }
    return found;
}

/* Returns: (transfer full): what to use instead */
static char *
describe_monitor(const QblkVmInfo *vm)
{
    g_autoptr(GError) cause = NULL;
    if (!has_qmp(vm) && qblk_vm_info_is_complete(vm)) {
        return g_strdup("it has no QMP monitor: start QEMU with -qmp unix:PATH,server=on,wait=off");
    }

    const QblkVmMonitor *monitor = qblk_vm_info_choose_monitor_to_read(vm, &cause);
    return monitor == NULL ? g_strdup(cause->message)
                           : g_strdup_printf("its QMP monitor is '%s'", monitor->address);
}

char *
qblk_vms_explain_peer(const QblkVms *vms, const QblkAddress *address)
{
    g_autoptr(QblkVms) found = vms == NULL ? qblk_vms_find(NULL, NULL) : NULL;
    const QblkVms *all = vms == NULL ? found : vms;
    if (all == NULL || qblk_vm_bridge_find_vm(all->vms, address) != NULL) {
        return NULL;
    }

    const QblkVmInfo *human = find_of_human(all->vms, address);
    const QblkVmInfo *vm = human == NULL ? find_that_listens(all->vms, address) : human;
    if (vm == NULL) {
        return NULL;
    }

    g_autofree char *name = qblk_vm_info_describe(vm);
    g_autofree char *monitor = describe_monitor(vm);
    const char *peer = qblk_address_peer_name(address);
    if (human != NULL) {
        return g_strdup_printf(
            "%s: not a QMP monitor, but a monitor for people (HMP) of the %s: %s", peer, name,
            monitor);
    }
    return g_strdup_printf("%s: not a QMP monitor, but another socket of the %s: %s", peer, name,
                           monitor);
}

/* ---- a socket of another program ---- */

/* QEMU and qblk send a greeting if they are free.  The other programs listen for QEMU, which gets
 * the socket from them. */
static gboolean
may_be_a_monitor(const QblkVms *vms, gint64 pid, const char *name)
{
    static const char *const starts[] = {"qemu", "kvm", "qblk", "libvirtd", "virtqemud", "systemd"};

    for (guint i = 0; i < vms->vms->len; i++) {
        const QblkVmInfo *vm = vms->vms->pdata[i];
        if (vm->process->pid == pid) {
            return TRUE;
        }
    }
    for (gsize i = 0; i < G_N_ELEMENTS(starts); i++) {
        if (g_str_has_prefix(name, starts[i])) {
            return TRUE;
        }
    }
    return FALSE;
}

char *
qblk_vms_explain_server(const QblkVms *vms, const QblkAddress *address)
{
    g_autoptr(QblkVms) found = vms == NULL ? qblk_vms_find(NULL, NULL) : NULL;
    const QblkVms *all = vms == NULL ? found : vms;
    if (all == NULL || address->kind != QBLK_ADDRESS_KIND_UNIX ||
        qblk_vm_bridge_find_vm(all->vms, address) != NULL) {
        return NULL;
    }

    gint64 pid = qblk_listeners_server(address->path);
    g_autofree char *name = pid == 0 ? NULL : qblk_process_name(pid);
    if (name == NULL || may_be_a_monitor(all, pid, name)) {
        return NULL;
    }
    return g_strdup_printf("no greeting from '%s': its server is '%s' (pid %" G_GINT64_FORMAT
                           "), not QEMU",
                           qblk_address_peer_name(address), name, pid);
}
