/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/vms-report.h"

#include "cli/print/table.h"

/* ---- text ---- */

static const QblkTableColumn columns[] = {
    {.head = "NAME", .rank = 4, .least = 12},
    {.head = "UUID",
     .is_path = TRUE,
     .style = QBLK_STYLE_DIM,
     .usual = "-",
     .rank = 1,
     .least = 13,
     .leaves = 1},
    {.head = "PID"},
    {.head = "VERSION", .rank = 3, .least = 7, .leaves = 2},
    {.head = "MANAGER", .usual = "-", .rank = 2, .least = 8, .leaves = 3},
    {.head = "DISKS", .is_right = TRUE, .leaves = 4},
    {.head = "MONITOR", .is_path = TRUE, .rank = 5, .least = 20},
    {.head = "STATE"},
    {.head = NULL},
};

static const char *
describe_state(const QblkVmMonitor *monitor)
{
    if (monitor == NULL) {
        return NULL;
    }
    if (qblk_vm_monitor_get_bridge(monitor) != 0) {
        return qblk_vm_monitor_is_read_only(monitor) ? "bridge, read-only" : "bridge";
    }
    return qblk_vm_monitor_is_qmp(monitor)
               ? qblk_vm_monitor_state_name(qblk_vm_monitor_get_state(monitor))
               : "not QMP";
}

/* The VMID of Proxmox VE is no name of the guest; the other managers use the name. */
static char *
describe_manager(const QblkVmInfo *vm)
{
    const char *manager = qblk_vm_info_get_manager(vm);
    const char *id = qblk_vm_info_get_manager_id(vm);
    gboolean is_name = g_strcmp0(id, qblk_vm_info_get_name(vm)) == 0;

    return manager == NULL || id == NULL || is_name ? g_strdup(manager)
                                                    : g_strdup_printf("%s %s", manager, id);
}

/* @monitor: (nullable) */
static void
add_row(QblkTable *table, const QblkVmInfo *vm, const QblkVmMonitor *monitor)
{
    int n_disks = qblk_vm_info_get_n_disks(vm);
    gboolean is_daemon = qblk_vm_info_is_storage_daemon(vm);
    g_autofree char *pid = g_strdup_printf("%" G_GINT64_FORMAT, qblk_vm_info_get_pid(vm));
    g_autofree char *disks = n_disks < 0 ? NULL : g_strdup_printf("%d", n_disks);
    g_autofree char *manager = describe_manager(vm);
    const char *name = qblk_vm_info_get_name(vm);
    const char *const cells[] = {
        name == NULL && is_daemon ? "(storage daemon)" : name,
        qblk_vm_info_get_uuid(vm),
        pid,
        qblk_vm_info_get_version(vm),
        manager,
        disks,
        monitor == NULL ? NULL : qblk_vm_monitor_get_text(monitor),
        describe_state(monitor),
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cells); i++) {
        qblk_table_add(table, cells[i]);
    }
}

/* A row for each QMP monitor that a client can use, or else one for what the VM has instead. */
static void
add_rows(QblkTable *table, const QblkVmInfo *vm)
{
    guint count = qblk_vm_info_get_n_monitors(vm), rows = 0;
    const QblkVmMonitor *other = NULL;

    for (guint i = 0; i < count; i++) {
        const QblkVmMonitor *monitor = qblk_vm_info_get_monitor(vm, i);
        gboolean is_qmp = qblk_vm_monitor_is_qmp(monitor);
        if (is_qmp && qblk_vm_monitor_get_address(monitor) != NULL) {
            add_row(table, vm, monitor);
            rows++;
        } else if (other == NULL || (is_qmp && !qblk_vm_monitor_is_qmp(other))) {
            other = monitor;
        }
    }
    if (rows == 0) {
        add_row(table, vm, other);
    }
}

static void
print_text(const QblkVms *vms, QblkOutput *output)
{
    if (qblk_vms_get_n_vms(vms) == 0) {
        qblk_output_print(output, "no VMs\n");
        return;
    }

    g_autoptr(QblkTable) table = qblk_table_new(columns, &output->terminal);

    for (guint i = 0; i < qblk_vms_get_n_vms(vms); i++) {
        add_rows(table, qblk_vms_get_vm(vms, i));
    }
    qblk_table_print(table, output->text);
}

/* ---- JSON ---- */

static QblkJson *
monitor_json(const QblkVmMonitor *monitor)
{
    QblkVmMonitorState state = qblk_vm_monitor_get_state(monitor);
    gint64 bridge = qblk_vm_monitor_get_bridge(monitor);
    QblkJson *object = qblk_json_new_object();

    qblk_json_set_string(object, "protocol", qblk_vm_monitor_is_qmp(monitor) ? "qmp" : "hmp");
    qblk_json_set_string(object, "address", qblk_vm_monitor_get_address(monitor));
    qblk_json_set_string(object, "text", qblk_vm_monitor_get_text(monitor));
    qblk_json_set_string(object, "state", qblk_vm_monitor_state_name(state));
    qblk_json_set_string(object, "reason", qblk_vm_monitor_get_reason(monitor));
    qblk_json_set(object, "bridge",
                  bridge == 0 ? qblk_json_new_null() : qblk_json_new_integer(bridge));
    qblk_json_set_boolean(object, "read-only", qblk_vm_monitor_is_read_only(monitor));
    return object;
}

/* @value: negative: not known */
static void
set_number(QblkJson *object, const char *key, gint64 value)
{
    qblk_json_set(object, key, value < 0 ? qblk_json_new_null() : qblk_json_new_integer(value));
}

static QblkJson *
vm_json(const QblkVmInfo *vm)
{
    QblkJson *object = qblk_json_new_object();
    QblkJson *monitors = qblk_json_new_array();
    for (guint i = 0; i < qblk_vm_info_get_n_monitors(vm); i++) {
        qblk_json_append(monitors, monitor_json(qblk_vm_info_get_monitor(vm, i)));
    }

    qblk_json_set_string(object, "name", qblk_vm_info_get_name(vm));
    qblk_json_set_string(object, "uuid", qblk_vm_info_get_uuid(vm));
    set_number(object, "pid", qblk_vm_info_get_pid(vm));
    set_number(object, "uid", qblk_vm_info_get_uid(vm));
    qblk_json_set_string(object, "program", qblk_vm_info_get_program(vm));
    qblk_json_set_boolean(object, "storage-daemon", qblk_vm_info_is_storage_daemon(vm));
    qblk_json_set_string(object, "version", qblk_vm_info_get_version(vm));
    qblk_json_set_string(object, "manager", qblk_vm_info_get_manager(vm));
    qblk_json_set_string(object, "manager-id", qblk_vm_info_get_manager_id(vm));
    qblk_json_set_string(object, "machine", qblk_vm_info_get_machine(vm));
    set_number(object, "disks", qblk_vm_info_get_n_disks(vm));
    qblk_json_set_boolean(object, "complete", qblk_vm_info_is_complete(vm));
    qblk_json_set(object, "monitors", monitors);
    return object;
}

static void
print_json(const QblkVms *vms, QblkOutput *output)
{
    QblkJson *list = qblk_json_new_array();
    for (guint i = 0; i < qblk_vms_get_n_vms(vms); i++) {
        qblk_json_append(list, vm_json(qblk_vms_get_vm(vms, i)));
    }

    QblkJson *result = qblk_json_new_object();
    qblk_json_set(result, "vms", list);
    qblk_output_json(output, result);
}

/* ---- both ---- */

static void
warn_if_incomplete(const QblkOutput *output, const QblkVms *vms)
{
    gboolean is_complete = TRUE;
    for (guint i = 0; i < qblk_vms_get_n_vms(vms); i++) {
        is_complete &= qblk_vm_info_is_complete(qblk_vms_get_vm(vms, i));
    }

    if (!is_complete) {
        qblk_output_warn(output,
                         "this user may not inspect all of these VMs: monitors may be missing, or "
                         "of an unknown state; root can inspect them");
    }
}

void
qblk_vms_report_print(const QblkVms *vms, QblkOutput *output)
{
    warn_if_incomplete(output, vms);
    if (output->json) {
        print_json(vms, output);
    } else {
        print_text(vms, output);
    }
}
