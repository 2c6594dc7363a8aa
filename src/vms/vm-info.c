/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vms/vm-info.h"

#include "base/const-cast.h"
#include "base/enum.h"
#include "base/limits.h"
#include "vms/qemu-config.h"
#include "vms/vm-manager.h"
#include "vms/vm-monitor.h"

static const char *const state_names[] = {
    [QBLK_VM_MONITOR_STATE_FREE] = "free",
    [QBLK_VM_MONITOR_STATE_BUSY] = "busy",
    [QBLK_VM_MONITOR_STATE_UNKNOWN] = "unknown",
    [QBLK_VM_MONITOR_STATE_CLOSED] = "closed",
};

const char *
qblk_vm_monitor_state_name(QblkVmMonitorState state)
{
    return qblk_enum_name(state_names, G_N_ELEMENTS(state_names), (int)state);
}

/* ---- reading ---- */

static void
read_configs(QblkVmInfo *vm)
{
    for (guint i = 0; i < vm->line->configs->len; i++) {
        const char *path = vm->line->configs->pdata[i];
        g_autofree char *text = qblk_host_read_file(vm->process, path, QBLK_LIMIT_CONFIG_BYTES);
        if (text != NULL) {
            qblk_qemu_config_read(text, vm->line);
        }
    }
}

static char *
make_valid(const char *text)
{
    return text == NULL ? NULL : g_utf8_make_valid(text, -1);
}

QblkVmInfo *
qblk_vm_info_read(QblkHost *host, gint64 pid, char *const *arguments)
{
    QblkQemuLine *line = qblk_qemu_line_new(arguments);
    if (line == NULL) {
        return NULL;
    }

    QblkVmInfo *vm = g_new0(QblkVmInfo, 1);
    g_atomic_ref_count_init(&vm->references);
    vm->line = line;
    vm->name = make_valid(line->name);
    vm->uuid = make_valid(line->uuid);
    vm->program = make_valid(line->program);
    vm->process = qblk_host_inspect(host, pid);
    vm->monitors = g_ptr_array_new_with_free_func(qblk_vm_monitor_free);
    read_configs(vm);
    qblk_vm_manager_recognize(vm, arguments);
    qblk_vm_monitor_add_all(vm, host);
    return vm;
}

QblkVmInfo *
qblk_vm_info_ref(const QblkVmInfo *vm)
{
    QblkVmInfo *counted = qblk_const_cast(vm);
    g_atomic_ref_count_inc(&counted->references);
    return counted;
}

void
qblk_vm_info_unref(QblkVmInfo *vm)
{
    if (vm == NULL || !g_atomic_ref_count_dec(&vm->references)) {
        return;
    }

    g_ptr_array_unref(vm->monitors);
    qblk_qemu_line_free(vm->line);
    qblk_host_process_free(vm->process);
    g_free(vm->name);
    g_free(vm->uuid);
    g_free(vm->program);
    g_free(vm->version);
    g_free(vm->manager_id);
    g_free(vm->machine);
    g_free(vm->manager_socket);
    g_free(vm);
}

char *
qblk_vm_info_describe(const QblkVmInfo *vm)
{
    const char *name = qblk_vm_info_get_name(vm);
    gint64 pid = vm->process->pid;

    return name == NULL ? g_strdup_printf("VM with pid %" G_GINT64_FORMAT, pid)
                        : g_strdup_printf("VM '%s' (pid %" G_GINT64_FORMAT ")", name, pid);
}

/* ---- names ---- */

static gboolean
is_text(const char *value, const char *name)
{
    return value != NULL && g_str_equal(value, name);
}

gboolean
qblk_vm_info_is_named(const QblkVmInfo *vm, const char *name)
{
    g_autofree char *pid = g_strdup_printf("%" G_GINT64_FORMAT, vm->process->pid);
    const char *uuid = qblk_vm_info_get_uuid(vm);

    return is_text(vm->name, name) || is_text(vm->line->name, name) ||
           (uuid != NULL && g_ascii_strcasecmp(uuid, name) == 0) || g_str_equal(pid, name) ||
           is_text(vm->manager_id, name) || is_text(vm->machine, name);
}

/* ---- getters ---- */

const char *
qblk_vm_info_get_name(const QblkVmInfo *vm)
{
    return vm->name;
}

const char *
qblk_vm_info_get_uuid(const QblkVmInfo *vm)
{
    return vm->uuid;
}

gint64
qblk_vm_info_get_pid(const QblkVmInfo *vm)
{
    return vm->process->pid;
}

gint64
qblk_vm_info_get_uid(const QblkVmInfo *vm)
{
    return vm->process->uid;
}

const char *
qblk_vm_info_get_program(const QblkVmInfo *vm)
{
    return vm->program;
}

gboolean
qblk_vm_info_is_storage_daemon(const QblkVmInfo *vm)
{
    return vm->line->kind == QBLK_QEMU_PROGRAM_STORAGE_DAEMON;
}

const char *
qblk_vm_info_get_version(const QblkVmInfo *vm)
{
    return vm->version;
}

const char *
qblk_vm_info_get_manager(const QblkVmInfo *vm)
{
    return vm->manager;
}

const char *
qblk_vm_info_get_manager_id(const QblkVmInfo *vm)
{
    return vm->manager_id;
}

const char *
qblk_vm_info_get_machine(const QblkVmInfo *vm)
{
    return vm->machine;
}

int
qblk_vm_info_get_n_disks(const QblkVmInfo *vm)
{
    gboolean is_known = !vm->plugs_disks && !qblk_vm_info_is_storage_daemon(vm);
    return is_known ? (int)vm->line->n_disks : -1;
}

gboolean
qblk_vm_info_is_complete(const QblkVmInfo *vm)
{
    return vm->process->own != NULL;
}

guint
qblk_vm_info_get_n_monitors(const QblkVmInfo *vm)
{
    return vm->monitors->len;
}

const QblkVmMonitor *
qblk_vm_info_get_monitor(const QblkVmInfo *vm, guint index)
{
    return index < vm->monitors->len ? vm->monitors->pdata[index] : NULL;
}

/* ---- a monitor ---- */

QblkVmMonitor *
qblk_vm_monitor_ref(const QblkVmMonitor *monitor)
{
    (void)qblk_vm_info_ref(monitor->vm);
    return qblk_const_cast(monitor);
}

void
qblk_vm_monitor_unref(QblkVmMonitor *monitor)
{
    if (monitor != NULL) {
        qblk_vm_info_unref(monitor->vm);
    }
}

const char *
qblk_vm_monitor_get_address(const QblkVmMonitor *monitor)
{
    return monitor->address;
}

const char *
qblk_vm_monitor_get_text(const QblkVmMonitor *monitor)
{
    return monitor->address == NULL ? monitor->text : monitor->address;
}

gboolean
qblk_vm_monitor_is_qmp(const QblkVmMonitor *monitor)
{
    return monitor->is_qmp;
}

QblkVmMonitorState
qblk_vm_monitor_get_state(const QblkVmMonitor *monitor)
{
    return monitor->state;
}

const char *
qblk_vm_monitor_get_reason(const QblkVmMonitor *monitor)
{
    return monitor->reason;
}

gint64
qblk_vm_monitor_get_bridge(const QblkVmMonitor *monitor)
{
    return monitor->bridge;
}

gboolean
qblk_vm_monitor_is_read_only(const QblkVmMonitor *monitor)
{
    return monitor->is_read_only;
}
