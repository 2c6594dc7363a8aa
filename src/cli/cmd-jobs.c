/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/commands.h"

#include "cli/jobs-watch.h"
#include "cli/print/jobs-table.h"
#include "cli/print/output.h"
#include "cli/vm.h"

void
qblk_cmd_jobs_options(QblkInvocation *invocation, GOptionContext *context)
{
    const GOptionEntry entries[] = {
        {"watch", 'w', 0, G_OPTION_ARG_NONE, &invocation->job.watch,
         "Go on and say what changes, until there are no jobs any more", NULL},
        {NULL},
    };
    g_option_context_add_main_entries(context, entries, NULL);
}

gboolean
qblk_cmd_jobs(QblkInvocation *invocation, GError **error)
{
    if (invocation->job.watch) {
        return qblk_jobs_watch(invocation, error);
    }
    g_autoptr(QblkVm) vm = qblk_vm_open(invocation, error);
    const QblkSnapshot *snapshot = vm == NULL ? NULL : qblk_vm_snapshot(vm, invocation, error);
    if (snapshot == NULL) {
        return FALSE;
    }
    if (invocation->output.json) {
        QblkJson *result = qblk_json_new_object();
        qblk_json_set(result, "jobs", qblk_jobs_table_json(snapshot->jobs));
        qblk_output_json(&invocation->output, result);
    } else {
        qblk_jobs_table_print(snapshot->jobs, invocation->output.text);
    }
    return TRUE;
}
