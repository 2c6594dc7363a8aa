/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk jobs`: the block jobs of a VM. */
#include "cli/commands.h"
#include "cli/exit-code.h"
#include "cli/jobs-watch.h"
#include "cli/print/jobs-table.h"
#include "cli/vm.h"

typedef struct {
    gboolean watch;
} Options;

static void
add_options(gpointer data, QblkOptionTable *table)
{
    Options *options = data;
    const GOptionEntry entries[] = {
        {"watch", 'w', 0, G_OPTION_ARG_NONE, &options->watch,
         "Print each change, until no jobs remain", NULL},
        {NULL},
    };

    qblk_option_table_add(table, entries);
}

static gboolean
begin_several(const QblkInvocation *invocation, QblkHeadingForm *form, GError **error)
{
    const Options *options = invocation->options;
    return !options->watch ||
           qblk_usage_error(error, "option --watch needs one VM: watch each VM in a terminal of "
                                   "its own");
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;
    if (options->watch) {
        return qblk_jobs_watch(invocation, error);
    }

    g_autoptr(QblkVm) vm = qblk_vm_open(invocation, error);
    if (vm == NULL) {
        return FALSE;
    }

    const QblkSnapshot *snapshot = qblk_vm_get_snapshot(vm, error);
    if (snapshot == NULL) {
        return FALSE;
    }

    if (invocation->output.json) {
        QblkJson *result = qblk_json_new_object();
        qblk_json_set(result, "jobs", qblk_jobs_table_json(snapshot));
        qblk_output_json(&invocation->output, result);
    } else {
        qblk_jobs_table_print_all(snapshot, &invocation->output);
    }
    return TRUE;
}

const QblkCommand qblk_cmd_jobs = {
    .name = "jobs",
    .arguments = "VM...",
    .summary = "List the jobs",
    .description = "For each job: its disk, kind, state, progress, speed and error.",
    .example = "qblk jobs --watch /run/vm1.qmp",
    .group = QBLK_COMMAND_LOOKS,
    .min_arguments = 1,
    .max_arguments = QBLK_COMMAND_ANY_NUMBER,
    .vms = QBLK_COMMAND_ALL_VMS,
    .only_reads = TRUE,
    .options_size = sizeof(Options),
    .add_options = add_options,
    .begin_several = begin_several,
    .run = run,
};
