/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk help` and `qblk version`, which are also --help and --version. */
#include "cli/commands.h"
#include "cli/help.h"

#include <qblk/version.h>

static gboolean
run_help(QblkInvocation *invocation, GError **error)
{
    const char *name = invocation->arguments[0];
    if (name == NULL) {
        qblk_help_print(invocation->output.text);
        return TRUE;
    }

    const QblkCommand *command = qblk_command_find(name);
    if (command == NULL) {
        return qblk_command_refuse(name, NULL, error);
    }
    qblk_help_print_command(command, invocation->output.text);
    return TRUE;
}

static gboolean
run_version(QblkInvocation *invocation, GError **error)
{
    qblk_output_print(&invocation->output, "qblk %s\n", qblk_version());
    return TRUE;
}

const QblkCommand qblk_cmd_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "Show this help, or that of a command",
    .example = "qblk help commit",
    .group = QBLK_COMMAND_HELPS,
    .prints_plain = TRUE,
    .max_arguments = 1,
    .run = run_help,
};

const QblkCommand qblk_cmd_version = {
    .name = "version",
    .arguments = "",
    .summary = "Print the version",
    .group = QBLK_COMMAND_IS_HIDDEN,
    .prints_plain = TRUE,
    .run = run_version,
};
