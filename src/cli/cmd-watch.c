/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk watch`: chains, jobs and events of VMs, as they change. */
#include "cli/commands.h"
#include "cli/watch-run.h"

static void
add_options(gpointer data, QblkOptionTable *table)
{
    QblkWatchRunOptions *options = data;
    const GOptionEntry entries[] = {
        {"disk", 'd', 0, G_OPTION_ARG_STRING_ARRAY, &options->disks,
         "Show this disk only; can be repeated", "DISK"},
        {"wait", 'w', 0, G_OPTION_ARG_NONE, &options->waits,
         "Wait for VMs that do not run, also after they have ended", NULL},
        {NULL},
    };

    qblk_option_table_add(table, entries);
}

static void
clear_options(gpointer data)
{
    QblkWatchRunOptions *options = data;
    g_strfreev(options->disks);
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    return qblk_watch_run(invocation, invocation->options, error);
}

const QblkCommand qblk_cmd_watch = {
    .name = "watch",
    .arguments = "VM...",
    .summary = "Show chains, jobs and events as they change",
    .description = "On a terminal it shows a screen, otherwise it prints lines; --json prints a "
                   "JSON object in each line. It ends when all QEMUs have shut down. A monitor "
                   "serves one client: other programs wait until watch ends, unless a bridge "
                   "holds the monitor.",
    .example = "qblk watch vm1 vm2",
    .group = QBLK_COMMAND_LOOKS,
    .min_arguments = 1,
    .max_arguments = QBLK_COMMAND_ANY_NUMBER,
    .vms = QBLK_COMMAND_ALL_VMS,
    .only_reads = TRUE,
    .needs_qemu = TRUE,
    .runs_together = TRUE,
    .options_size = sizeof(QblkWatchRunOptions),
    .add_options = add_options,
    .clear_options = clear_options,
    .run = run,
};
