/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/commands.h"

static const QblkCommand *const commands[] = {
    &qblk_cmd_vms,          &qblk_cmd_list,    &qblk_cmd_chain,
    &qblk_cmd_xml,          &qblk_cmd_resolve, &qblk_cmd_graph,
    &qblk_cmd_jobs,         &qblk_cmd_source,  &qblk_cmd_snapshot,
    &qblk_cmd_commit,       &qblk_cmd_pull,    &qblk_cmd_rebase,
    &qblk_cmd_copy,         &qblk_cmd_job,     &qblk_cmd_recover,
    &qblk_cmd_open_monitor, &qblk_cmd_bridge,  &qblk_cmd_capture,
    &qblk_cmd_check,        &qblk_cmd_mend,    NULL,
};

const QblkCommand *const *
qblk_command_all(void)
{
    return commands;
}

const QblkCommand *
qblk_command_find(const char *name)
{
    for (guint i = 0; commands[i] != NULL; i++) {
        const QblkCommand *command = commands[i];

        if (g_str_equal(command->name, name) || g_strcmp0(command->virsh_name, name) == 0) {
            return command;
        }
    }

    return NULL;
}
