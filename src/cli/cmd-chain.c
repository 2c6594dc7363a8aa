/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk chain`: the layers of each disk, with indexes, formats, sizes and files. */
#include "cli/commands.h"
#include "cli/print/chain-text.h"
#include "cli/print/report.h"
#include "cli/recovery.h"
#include "cli/vm.h"

/* A domain has no nodes.  Returns: (nullable) */
static QblkSharedImages *
find_shared(const QblkVm *vm)
{
    const QblkSnapshot *snapshot = qblk_vm_get_snapshot(vm, NULL);
    return snapshot == NULL ? NULL : qblk_shared_images_new(snapshot);
}

/* ---- text ---- */

static void
print_text(QblkOutput *output, const QblkVm *vm, const GPtrArray *chains)
{
    g_autoptr(QblkSharedImages) shared = find_shared(vm);

    qblk_vm_print_run_state(vm, output);
    if (chains->len == 0) {
        qblk_output_print(output, "no disks\n");
    }
    for (guint i = 0; i < chains->len; i++) {
        if (i > 0) {
            qblk_output_print(output, "\n");
        }
        qblk_chain_text_print(chains->pdata[i], shared, output);
    }
}

/* ---- JSON ---- */

/* @others: (array zero-terminated=1) */
static void
append_shared(QblkJson *list, const QblkLayer *layer, char **others)
{
    QblkJson *specs = qblk_json_new_array();
    for (; *others != NULL; others++) {
        qblk_json_append(specs, qblk_json_new_string(*others));
    }

    QblkJson *entry = qblk_json_new_object();
    qblk_json_set_string(entry, "layer", qblk_layer_get_spec(layer));
    qblk_json_set_string(entry, "node-name", qblk_layer_get_node_name(layer));
    qblk_json_set(entry, "same-image", specs);
    qblk_json_append(list, entry);
}

static void
append_all_shared(QblkJson *list, const QblkChain *chain, const QblkSharedImages *shared)
{
    for (guint i = 0; i < qblk_chain_get_depth(chain); i++) {
        const QblkLayer *layer = qblk_chain_get_layer(chain, i);
        const char *node = qblk_layer_get_node_name(layer);
        g_auto(GStrv) others = node == NULL ? NULL : qblk_shared_images_list(shared, node);
        if (others != NULL && others[0] != NULL) {
            append_shared(list, layer, others);
        }
    }
}

/* Returns: the list; null if the VM has no nodes */
static QblkJson *
list_shared(const QblkVm *vm, const GPtrArray *chains)
{
    g_autoptr(QblkSharedImages) shared = find_shared(vm);
    if (shared == NULL) {
        return qblk_json_new_null();
    }

    QblkJson *list = qblk_json_new_array();
    for (guint i = 0; i < chains->len; i++) {
        append_all_shared(list, chains->pdata[i], shared);
    }
    return list;
}

static void
print_json(QblkOutput *output, const QblkVm *vm, const GPtrArray *chains)
{
    QblkJson *list = qblk_json_new_array();
    for (guint i = 0; i < chains->len; i++) {
        qblk_json_append(list, qblk_report_chain(chains->pdata[i]));
    }

    QblkJson *result = qblk_json_new_object();
    qblk_vm_set_run_state(vm, result);
    qblk_json_set(result, "chains", list);
    qblk_json_set(result, "shared-images", list_shared(vm, chains));
    qblk_json_set_string(result, "manager", qblk_vm_get_manager(vm));
    qblk_output_json(output, result);
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    const QblkRecoveryOptions *options = invocation->options;
    if (!qblk_recovery_check_state_dir(options->state_dir, error)) {
        return FALSE;
    }

    g_autoptr(QblkVm) vm = qblk_vm_open(invocation, error);
    if (vm == NULL) {
        return FALSE;
    }

    g_autoptr(GPtrArray) chains = qblk_vm_find_chains(vm, error);
    if (chains == NULL) {
        qblk_vm_add_hint(vm, *error);
        return FALSE;
    }

    if (invocation->output.json) {
        print_json(&invocation->output, vm, chains);
    } else {
        print_text(&invocation->output, vm, chains);
    }
    return TRUE;
}

const QblkCommand qblk_cmd_chain = {
    .name = "chain",
    .arguments = "VM... [DISK...]",
    .summary = "Show the layers of each disk",
    .description = "The active layer is first, the base last. The first line of a disk has its "
                   "fingerprint, for --expect.",
    .example = "qblk chain /run/vm1.qmp vda",
    .group = QBLK_COMMAND_LOOKS,
    .min_arguments = 1,
    .max_arguments = QBLK_COMMAND_ANY_NUMBER,
    .vms = QBLK_COMMAND_SOME_VMS,
    .one_disk = TRUE,
    .warns_of_stale = TRUE,
    .only_reads = TRUE,
    .options_size = sizeof(QblkRecoveryOptions),
    .add_options = qblk_recovery_options_add,
    .clear_options = qblk_recovery_options_clear,
    .run = run,
};
