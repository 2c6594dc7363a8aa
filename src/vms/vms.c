/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vms/vms-data.h"

#include "vms/vm-bridge.h"
#include "vms/vm-manager.h"
#include "vms/vm-monitor.h"
#include "vms/vms-lookup.h"
#include "vms/vms-probe.h"

#include <string.h>

/* ---- options ---- */

QblkVmsOptions *
qblk_vms_options_new(void)
{
    QblkVmsOptions *options = g_new0(QblkVmsOptions, 1);
    g_atomic_ref_count_init(&options->references);
    options->names = g_ptr_array_new_with_free_func(g_free);
    return options;
}

QblkVmsOptions *
qblk_vms_options_ref(QblkVmsOptions *options)
{
    g_atomic_ref_count_inc(&options->references);
    return options;
}

void
qblk_vms_options_unref(QblkVmsOptions *options)
{
    if (options == NULL || !g_atomic_ref_count_dec(&options->references)) {
        return;
    }

    g_free(options->root);
    g_ptr_array_unref(options->names);
    g_free(options);
}

void
qblk_vms_options_set_root(QblkVmsOptions *options, const char *root)
{
    g_free(options->root);
    options->root = g_strdup(root);
}

void
qblk_vms_options_add_name(QblkVmsOptions *options, const char *name)
{
    g_ptr_array_add(options->names, g_strdup(name));
}

void
qblk_vms_options_set_probe(QblkVmsOptions *options, int timeout_ms)
{
    options->probe_ms = MAX(timeout_ms, 0);
}

/* ---- processes that are no VM of their own ---- */

/* A QEMU with async-teardown=on has a child that shares its memory, and so its command line, and
 * frees it after the end.  One with -daemonize has a parent until its monitors are ready. */
static gboolean
is_teardown(const QblkHost *host, const QblkVmInfo *vm)
{
    g_autofree char *name = qblk_host_read_name(host, vm->process->pid);
    return name != NULL && g_str_has_prefix(name, "cleanup/");
}

static gboolean
has_same_line(const QblkHost *host, const QblkVmInfo *a, const QblkVmInfo *b)
{
    g_auto(GStrv) first = qblk_host_read_arguments(host, a->process->pid);
    g_auto(GStrv) second = qblk_host_read_arguments(host, b->process->pid);
    return first != NULL && second != NULL &&
           g_strv_equal((const char *const *)first, (const char *const *)second);
}

static QblkVmInfo *
find_pid(const GPtrArray *vms, gint64 pid)
{
    for (guint i = 0; i < vms->len; i++) {
        QblkVmInfo *vm = vms->pdata[i];
        if (vm->process->pid == pid) {
            return vm;
        }
    }
    return NULL;
}

static void
remove_doubles(const QblkHost *host, GPtrArray *vms)
{
    for (guint i = 0; i < vms->len;) {
        QblkVmInfo *vm = vms->pdata[i];
        QblkVmInfo *parent = find_pid(vms, vm->process->parent);
        if (parent == NULL || !has_same_line(host, vm, parent)) {
            i++;
            continue;
        }

        (void)g_ptr_array_remove(vms, is_teardown(host, vm) ? vm : parent);
        i = 0;
    }
}

/* ---- monitors with one path ---- */

/* A socket keeps its path when another process has put its own there. */
static void
close_replaced(const QblkVmInfo *vm, const GPtrArray *vms)
{
    for (guint i = 0; i < vm->monitors->len; i++) {
        QblkVmMonitor *monitor = vm->monitors->pdata[i];
        for (guint j = 0; monitor->address != NULL && j < vms->len; j++) {
            const QblkVmInfo *other = vms->pdata[j];
            if (other->process->start <= vm->process->start) {
                continue;
            }
            for (guint k = 0; monitor->address != NULL && k < other->monitors->len; k++) {
                const QblkVmMonitor *its = other->monitors->pdata[k];
                if (g_strcmp0(its->address, monitor->address) == 0) {
                    qblk_vm_monitor_close(monitor, "another QEMU has put its socket at the path");
                }
            }
        }
    }
}

/* ---- the list ---- */

static QblkVms *
vms_new(void)
{
    QblkVms *vms = g_new0(QblkVms, 1);
    g_atomic_ref_count_init(&vms->references);
    vms->vms = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_vm_info_unref);
    return vms;
}

static void
set_machine(QblkVmInfo *vm, GHashTable *machines)
{
    g_autofree char *pid = g_strdup_printf("%" G_GINT64_FORMAT, vm->process->pid);
    vm->machine = g_strdup(g_hash_table_lookup(machines, pid));
}

/* ---- some of them ---- */

static gboolean
is_wanted(const QblkVmInfo *vm, const GPtrArray *names)
{
    for (guint i = 0; i < names->len; i++) {
        if (qblk_vm_info_is_named(vm, names->pdata[i])) {
            return TRUE;
        }
    }
    return names->len == 0;
}

static gboolean
select_vms(const QblkVms *vms, const GPtrArray *names, GError **error)
{
    for (guint i = 0; i < names->len; i++) {
        if (!qblk_vms_has(vms, names->pdata[i])) {
            qblk_vms_set_unknown(vms, names->pdata[i], error);
            return FALSE;
        }
    }

    for (guint i = vms->vms->len; i > 0; i--) {
        if (!is_wanted(vms->vms->pdata[i - 1], names)) {
            g_ptr_array_remove_index(vms->vms, i - 1);
        }
    }
    return TRUE;
}

static void
read_processes(QblkHost *host, const GArray *pids, GPtrArray *vms, GPtrArray *bridges)
{
    for (guint i = 0; i < pids->len; i++) {
        gint64 pid = g_array_index(pids, gint64, i);
        g_auto(GStrv) arguments = qblk_host_read_arguments(host, pid);
        QblkVmInfo *vm = arguments == NULL ? NULL : qblk_vm_info_read(host, pid, arguments);
        QblkVmBridge *bridge =
            arguments == NULL || vm != NULL ? NULL : qblk_vm_bridge_read(host, pid, arguments);

        if (vm != NULL) {
            g_ptr_array_add(vms, vm);
        }
        if (bridge != NULL) {
            g_ptr_array_add(bridges, bridge);
        }
    }
}

QblkVms *
qblk_vms_find(const QblkVmsOptions *options, GError **error)
{
    g_autoptr(QblkHost) host = qblk_host_new(options == NULL ? NULL : options->root);
    g_autoptr(GArray) pids = qblk_host_list_pids(host, error);
    if (pids == NULL) {
        return NULL;
    }

    g_autoptr(QblkVms) vms = vms_new();
    g_autoptr(GPtrArray) bridges =
        g_ptr_array_new_with_free_func((GDestroyNotify)qblk_vm_bridge_free);
    read_processes(host, pids, vms->vms, bridges);
    remove_doubles(host, vms->vms);
    g_autoptr(GHashTable) machines = qblk_vm_manager_read_machines(host);
    for (guint i = 0; i < vms->vms->len; i++) {
        set_machine(vms->vms->pdata[i], machines);
        close_replaced(vms->vms->pdata[i], vms->vms);
    }
    for (guint i = 0; i < bridges->len; i++) {
        qblk_vm_bridge_add(bridges->pdata[i], host, vms->vms);
    }
    if (options != NULL && !select_vms(vms, options->names, error)) {
        return NULL;
    }
    if (options != NULL && options->probe_ms > 0) {
        qblk_vms_probe(vms->vms, options->probe_ms);
    }
    return g_steal_pointer(&vms);
}

QblkVms *
qblk_vms_ref(QblkVms *vms)
{
    g_atomic_ref_count_inc(&vms->references);
    return vms;
}

void
qblk_vms_unref(QblkVms *vms)
{
    if (vms == NULL || !g_atomic_ref_count_dec(&vms->references)) {
        return;
    }

    g_ptr_array_unref(vms->vms);
    g_free(vms);
}

guint
qblk_vms_get_n_vms(const QblkVms *vms)
{
    return vms->vms->len;
}

const QblkVmInfo *
qblk_vms_get_vm(const QblkVms *vms, guint index)
{
    return index < vms->vms->len ? vms->vms->pdata[index] : NULL;
}
