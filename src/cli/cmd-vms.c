/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk vms`: the VMs of this machine. */
#include "cli/commands.h"
#include "cli/exit-code.h"
#include "cli/print/vms-report.h"

typedef struct {
    gboolean probe;
    char *root; /* owned, or NULL */
} Options;

static void
add_options(gpointer data, QblkOptionTable *table)
{
    Options *options = data;
    const GOptionEntry entries[] = {
        {"probe", 'p', 0, G_OPTION_ARG_NONE, &options->probe,
         "Connect to a free monitor of each VM to learn its version", NULL},
        {"root", 0, 0, G_OPTION_ARG_FILENAME, &options->root,
         "Look for /proc and /run in DIRECTORY", "DIRECTORY"},
        {NULL},
    };

    qblk_option_table_add(table, entries);
}

static void
clear_options(gpointer data)
{
    Options *options = data;

    g_free(options->root);
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;
    if (options->probe && options->root != NULL) {
        return qblk_usage_error(error, "options --probe and --root exclude each other: the sockets "
                                       "of another root cannot be used");
    }

    g_autoptr(QblkVmsOptions) how = qblk_vms_options_new();
    qblk_vms_options_set_root(how, options->root);
    for (guint i = 0; i < invocation->count; i++) {
        qblk_vms_options_add_name(how, invocation->arguments[i]);
    }
    qblk_vms_options_set_probe(how, options->probe ? invocation->timeout_ms : 0);

    g_autoptr(QblkVms) vms = qblk_vms_find(how, error);
    if (vms == NULL) {
        return FALSE;
    }

    qblk_vms_report_print(vms, &invocation->output);
    return TRUE;
}

const QblkCommand qblk_cmd_vms = {
    .name = "vms",
    .arguments = "[NAME...]",
    .summary = "List the VMs of this machine",
    .description = "With NAME only those with this name, UUID, pid or VMID. Each QMP monitor is "
                   "listed with its state.",
    .example = "qblk vms --probe",
    .group = QBLK_COMMAND_LOOKS,
    .max_arguments = QBLK_COMMAND_ANY_NUMBER,
    .asks_vms = TRUE,
    .options_size = sizeof(Options),
    .add_options = add_options,
    .clear_options = clear_options,
    .run = run,
};
