/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The monitor of a VM that a client connects to. */
#include "base/text.h"
#include "vms/vm-info.h"

#include <qblk/error.h>

#define REMEDY "start QEMU with -qmp unix:PATH,server=on,wait=off"

/* Whose socket it is, in the order of preference. */
typedef enum {
    OF_QEMU,
    OF_BRIDGE,
    OF_READER, /* of a bridge, read-only */
} Kind;

static Kind
kind_of(const QblkVmMonitor *monitor)
{
    if (monitor->bridge == 0) {
        return OF_QEMU;
    }
    return monitor->is_read_only ? OF_READER : OF_BRIDGE;
}

/* Returns: (nullable): the first QMP monitor of @kind with an address in @state */
static const QblkVmMonitor *
find_of_kind(const QblkVmInfo *vm, QblkVmMonitorState state, Kind kind)
{
    for (guint i = 0; i < vm->monitors->len; i++) {
        const QblkVmMonitor *monitor = vm->monitors->pdata[i];
        if (monitor->is_qmp && monitor->address != NULL && monitor->state == state &&
            kind_of(monitor) == kind) {
            return monitor;
        }
    }
    return NULL;
}

/* @last: the kinds up to this one are looked for */
static const QblkVmMonitor *
find_in_state(const QblkVmInfo *vm, QblkVmMonitorState state, Kind last)
{
    const QblkVmMonitor *found = NULL;

    for (int kind = OF_QEMU; found == NULL && kind <= (int)last; kind++) {
        found = find_of_kind(vm, state, (Kind)kind);
    }
    return found;
}

const QblkVmMonitor *
qblk_vm_info_find_bridge(const QblkVmInfo *vm)
{
    const QblkVmMonitor *full = find_of_kind(vm, QBLK_VM_MONITOR_STATE_FREE, OF_BRIDGE);
    return full == NULL ? find_of_kind(vm, QBLK_VM_MONITOR_STATE_FREE, OF_READER) : full;
}

/* A monitor is held by a bridge that changing commands cannot use. */
static void
set_read_only(const QblkVmInfo *vm, const QblkVmMonitor *reader, GError **error)
{
    g_autofree char *name = qblk_vm_info_describe(vm);

    g_set_error(
        error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY,
        "the QMP monitor of the %s is in use: a bridge (pid %" G_GINT64_FORMAT
        ") holds it, and its socket '%s' is read-only: let the bridge listen at another one, too",
        name, reader->bridge, reader->address);
}

/* A monitor is held by a bridge, and is to be held by another one. */
static void
set_bridged(const QblkVmInfo *vm, const QblkVmMonitor *bridge, GError **error)
{
    g_autofree char *name = qblk_vm_info_describe(vm);

    g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY,
                "the QMP monitor of the %s is in use: a bridge (pid %" G_GINT64_FORMAT
                ") holds it: use '%s'",
                name, bridge->bridge, bridge->address);
}

static void
set_busy(const QblkVmInfo *vm, GError **error)
{
    g_autofree char *name = qblk_vm_info_describe(vm);
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < vm->monitors->len; i++) {
        const QblkVmMonitor *monitor = vm->monitors->pdata[i];
        if (monitor->is_qmp && monitor->state == QBLK_VM_MONITOR_STATE_BUSY) {
            g_ptr_array_add(texts, g_strdup_printf("'%s'", qblk_vm_monitor_get_text(monitor)));
        }
    }

    g_autofree char *list = qblk_text_list((const char *const *)texts->pdata, texts->len);
    if (vm->keeps_monitor && texts->len == 1) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY,
                    "the QMP monitor of the %s is in use: %s holds %s as long as the guest "
                    "runs: give the guest a second monitor: see docs/monitor.md",
                    name, vm->manager_name, list);
    } else {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY,
                    "the QMP monitor of the %s is in use: another client is connected to %s: wait "
                    "for its end, or give the guest a second monitor",
                    name, list);
    }
}

static void
set_unusable(const QblkVmInfo *vm, GError **error)
{
    g_autofree char *name = qblk_vm_info_describe(vm);
    const QblkVmMonitor *hmp = NULL;

    for (guint i = 0; i < vm->monitors->len; i++) {
        const QblkVmMonitor *monitor = vm->monitors->pdata[i];
        if (monitor->is_qmp && !qblk_vm_info_is_complete(vm)) {
            g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                        "cannot use the QMP monitor '%s' of the %s: %s: use qblk as root",
                        qblk_vm_monitor_get_text(monitor), name, monitor->reason);
            return;
        }
        if (monitor->is_qmp) {
            g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                        "cannot use the QMP monitor '%s' of the %s: %s: " REMEDY,
                        qblk_vm_monitor_get_text(monitor), name, monitor->reason);
            return;
        }
        hmp = monitor;
    }

    if (hmp != NULL) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                    "the %s has no QMP monitor: '%s' is one for people (HMP): " REMEDY, name,
                    qblk_vm_monitor_get_text(hmp));
    } else if (!qblk_vm_info_is_complete(vm) && vm->line->configs->len > 0) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                    "no QMP monitor of the %s is known: this user cannot read '%s'", name,
                    (const char *)vm->line->configs->pdata[0]);
    } else {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                    "the %s has no QMP monitor: " REMEDY, name);
    }
}

static const QblkVmMonitor *
choose(const QblkVmInfo *vm, Kind last, GError **error)
{
    /* A manager that connects for a moment only, as Proxmox VE, is waited for. */
    gboolean may_wait = vm->manager != NULL && !vm->keeps_monitor;
    const QblkVmMonitor *found = find_in_state(vm, QBLK_VM_MONITOR_STATE_FREE, last);
    if (found == NULL) {
        found = find_in_state(vm, QBLK_VM_MONITOR_STATE_UNKNOWN, last);
    }
    const QblkVmMonitor *busy = find_in_state(vm, QBLK_VM_MONITOR_STATE_BUSY, last);
    const QblkVmMonitor *bridge = qblk_vm_info_find_bridge(vm);
    if (found == NULL && may_wait) {
        found = busy;
    }

    if (found == NULL && busy != NULL && bridge != NULL && last == OF_QEMU) {
        set_bridged(vm, bridge, error);
    } else if (found == NULL && busy != NULL && bridge != NULL) {
        set_read_only(vm, bridge, error);
    } else if (found == NULL && busy != NULL) {
        set_busy(vm, error);
    } else if (found == NULL) {
        set_unusable(vm, error);
    }
    return found;
}

const QblkVmMonitor *
qblk_vm_info_choose_monitor(const QblkVmInfo *vm, GError **error)
{
    return choose(vm, OF_BRIDGE, error);
}

const QblkVmMonitor *
qblk_vm_info_choose_monitor_to_read(const QblkVmInfo *vm, GError **error)
{
    return choose(vm, OF_READER, error);
}

const QblkVmMonitor *
qblk_vm_info_choose_monitor_to_bridge(const QblkVmInfo *vm, GError **error)
{
    return choose(vm, OF_QEMU, error);
}
