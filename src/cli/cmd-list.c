/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk list`: the disks of a VM. */
#include "base/text.h"
#include "cli/commands.h"
#include "cli/print/report.h"
#include "cli/print/table.h"
#include "cli/print/vms-report.h"
#include "cli/recovery.h"
#include "cli/vm.h"

static const QblkTableColumn columns[] = {
    {.head = "TARGET"},
    {.head = "ID", .is_path = TRUE, .rank = 1, .least = 12, .leaves = 4},
    {.head = "BUS", .leaves = 3},
    {.head = "DEVICE", .usual = "disk", .leaves = 2},
    {.head = "DEPTH", .is_right = TRUE},
    {.head = "FORMAT", .leaves = 5},
    {.head = "SIZE", .is_right = TRUE},
    {.head = "NODE", .style = QBLK_STYLE_DIM, .rank = 2, .least = 12, .leaves = 1},
    {.head = "IMAGE", .is_path = TRUE, .rank = 3, .least = 20},
    {.head = "JOB", .usual = "-", .rank = 4, .least = 12},
    {.head = NULL},
};

/* ---- text ---- */

static const char *
device_id(const QblkDevice *device)
{
    return qblk_report_id(qblk_device_get_alias(device), qblk_device_get_backend(device),
                          qblk_device_get_qdev(device));
}

/* A disk whose chain cannot be read is still listed. */
static void
add_row_without_chain(QblkTable *table, const QblkDevice *device)
{
    const QblkNode *node = qblk_device_get_node(device);
    const char *const cells[] = {
        qblk_device_get_target(device),
        device_id(device),
        qblk_bus_name(qblk_device_get_bus(device)),
        qblk_device_kind_name(qblk_device_get_kind(device)),
        "?",
        node == NULL ? NULL : qblk_node_get_driver(node),
        NULL,
        qblk_device_get_node_name(device),
        "?",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cells); i++) {
        qblk_table_add(table, cells[i]);
    }
}

/* QEMU knows nothing of the data of a vhost-user disk. */
static void
add_row_without_node(QblkTable *table, const QblkDevice *device)
{
    const char *const cells[] = {
        qblk_device_get_target(device),
        device_id(device),
        "virtio",
        "disk",
        NULL,
        "vhost-user",
        NULL,
        NULL,
        NULL,
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cells); i++) {
        qblk_table_add(table, cells[i]);
    }
}

static void
add_row(QblkTable *table, const QblkChain *chain)
{
    const QblkLayer *top = qblk_chain_get_layer(chain, 0);
    g_autofree char *depth = g_strdup_printf("%u", qblk_chain_get_depth(chain));
    g_autofree char *size = top == NULL ? NULL : qblk_text_size(qblk_layer_get_virtual_size(top));
    const char *const cells[] = {
        qblk_chain_get_target(chain),
        qblk_report_id(qblk_chain_get_alias(chain), qblk_chain_get_backend(chain),
                       qblk_chain_get_qdev(chain)),
        qblk_chain_get_bus_name(chain),
        qblk_device_kind_name(qblk_chain_get_device_kind(chain)),
        depth,
        top == NULL ? NULL : qblk_layer_get_format_name(top),
        size,
        top == NULL ? NULL : qblk_layer_get_node_name(top),
        top == NULL ? NULL : qblk_layer_get_filename(top),
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cells); i++) {
        qblk_table_add(table, cells[i]);
    }
}

static char *
describe_job(const QblkJob *job)
{
    if (job == NULL) {
        return NULL;
    }

    const char *kind = qblk_job_get_kind_name(job);
    const char *state = qblk_job_get_state(job);
    int percent = qblk_text_percent(qblk_job_get_progress(job), qblk_job_get_total(job));
    if (percent < 0) {
        return g_strdup_printf("%s %s", kind, state);
    }
    return g_strdup_printf("%s %s %d %%", kind, state, percent);
}

static const QblkJob *
find_job(const QblkVm *vm, const char *target)
{
    return vm->snapshot == NULL ? NULL : qblk_snapshot_find_job_of(vm->snapshot, target);
}

static const QblkDevice *
find_device(const QblkVm *vm, const char *target)
{
    return qblk_snapshot_find_device(vm->snapshot, target, NULL);
}

static void
print_text(QblkOutput *output, const QblkVm *vm, char **targets)
{
    g_autoptr(QblkTable) table = qblk_table_new(columns, &output->terminal);

    for (guint i = 0; targets[i] != NULL; i++) {
        g_autoptr(GError) cause = NULL;
        g_autoptr(QblkChain) chain = qblk_vm_find_chain(vm, targets[i], &cause);
        g_autofree char *job = describe_job(find_job(vm, targets[i]));

        if (g_error_matches(cause, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_NODE)) {
            add_row_without_node(table, find_device(vm, targets[i]));
        } else if (chain == NULL) {
            qblk_output_warn(output, cause->message);
            add_row_without_chain(table, find_device(vm, targets[i]));
        } else {
            add_row(table, chain);
        }
        qblk_table_add(table, job);
    }

    qblk_vm_print_run_state(vm, output);
    if (targets[0] == NULL) {
        qblk_output_print(output, "no disks\n");
        return;
    }
    qblk_table_print(table, output->text);
}

/* ---- JSON ---- */

static QblkJson *
describe_device(const QblkDevice *device, const GError *problem)
{
    g_autofree char *text = qblk_device_to_json(device);
    QblkJson *object = qblk_json_parse_printed(text);
    qblk_json_set_string(object, "problem", problem->message);
    return object;
}

static QblkJson *
describe_disk(const QblkVm *vm, const char *target)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(QblkChain) chain = qblk_vm_find_chain(vm, target, &cause);

    if (chain != NULL) {
        return qblk_report_chain(chain);
    }
    return describe_device(find_device(vm, target), cause);
}

static void
print_json(QblkOutput *output, const QblkVm *vm, char **targets)
{
    QblkJson *disks = qblk_json_new_array();

    for (guint i = 0; targets[i] != NULL; i++) {
        const QblkJob *job = find_job(vm, targets[i]);
        QblkJson *disk = describe_disk(vm, targets[i]);
        qblk_json_set(disk, "job", job == NULL ? qblk_json_new_null() : qblk_report_job(job));
        qblk_json_append(disks, disk);
    }

    QblkJson *result = qblk_json_new_object();
    qblk_vm_set_run_state(vm, result);
    qblk_json_set(result, "disks", disks);
    qblk_json_set_string(result, "manager", qblk_vm_get_manager(vm));
    qblk_output_json(output, result);
}

/* Returns: (transfer full) (array zero-terminated=1): the targets of the disks that the arguments
 * name, or of all disks; NULL with an error if a disk does not exist */
static char **
choose_targets(const QblkVm *vm, GError **error)
{
    const QblkInvocation *invocation = vm->invocation;
    if (invocation->count == 1) {
        return qblk_vm_get_targets(vm);
    }

    g_autoptr(GPtrArray) targets = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 1; i < invocation->count; i++) {
        char *target = qblk_vm_find_target(vm, invocation->arguments[i], error);
        if (target == NULL) {
            return NULL;
        }
        g_ptr_array_add(targets, target);
    }

    g_ptr_array_add(targets, NULL);
    g_ptr_array_set_free_func(targets, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&targets), FALSE);
}

/* Without VM: as `qblk vms`. */
static gboolean
list_vms(QblkInvocation *invocation, GError **error)
{
    g_autoptr(QblkVms) vms = qblk_vms_find(NULL, error);
    if (vms == NULL) {
        return FALSE;
    }

    invocation->output.command = qblk_cmd_vms.name;
    qblk_vms_report_print(vms, &invocation->output);
    return TRUE;
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    const QblkRecoveryOptions *options = invocation->options;
    if (invocation->address == NULL) {
        return list_vms(invocation, error);
    }
    if (!qblk_recovery_check_state_dir(options->state_dir, error)) {
        return FALSE;
    }

    g_autoptr(QblkVm) vm = qblk_vm_open(invocation, error);
    if (vm == NULL || !qblk_vm_check_readable(vm, error)) {
        return FALSE;
    }

    g_auto(GStrv) targets = choose_targets(vm, error);
    if (targets == NULL) {
        return FALSE;
    }

    if (invocation->output.json) {
        print_json(&invocation->output, vm, targets);
    } else {
        print_text(&invocation->output, vm, targets);
    }
    return TRUE;
}

const QblkCommand qblk_cmd_list = {
    .name = "list",
    .virsh_name = "domblklist",
    .arguments = "[VM...] [DISK...]",
    .summary = "List the disks; without VM, the VMs",
    .description = "Each disk is listed with its target, device, number of layers, format, size, "
                   "active image and job.",
    .example = "qblk list /run/vm1.qmp",
    .group = QBLK_COMMAND_LOOKS,
    .has_default_vm = TRUE,
    .max_arguments = QBLK_COMMAND_ANY_NUMBER,
    .vms = QBLK_COMMAND_SOME_VMS,
    .warns_of_stale = TRUE,
    .only_reads = TRUE,
    .options_size = sizeof(QblkRecoveryOptions),
    .add_options = qblk_recovery_options_add,
    .clear_options = qblk_recovery_options_clear,
    .run = run,
};
