/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk chain`: the layers of each disk, with indexes, formats, sizes and files. */
#include "cli/commands.h"
#include "cli/print/chain-text.h"
#include "cli/print/report.h"
#include "cli/recovery.h"
#include "cli/vm.h"

/* ---- text ---- */

static void
print_text(QblkOutput *output, const QblkVm *vm, const GPtrArray *chains)
{
    qblk_vm_print_run_state(vm, output);
    if (chains->len == 0) {
        qblk_output_print(output, "no disks\n");
    }
    for (guint i = 0; i < chains->len; i++) {
        if (i > 0) {
            qblk_output_print(output, "\n");
        }
        qblk_chain_text_print(chains->pdata[i], output);
    }
}

/* ---- JSON ---- */

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
