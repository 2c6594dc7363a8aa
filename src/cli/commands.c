/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/commands.h"

#include "cli/exit-code.h"
#include "cli/suggest.h"

static const QblkCommand *const commands[] = {
    &qblk_cmd_vms,      &qblk_cmd_list,
    &qblk_cmd_chain,    &qblk_cmd_xml,
    &qblk_cmd_resolve,  &qblk_cmd_graph,
    &qblk_cmd_jobs,     &qblk_cmd_metrics,
    &qblk_cmd_check,    &qblk_cmd_watch,
    &qblk_cmd_source,   &qblk_cmd_capture,
    &qblk_cmd_snapshot, &qblk_cmd_commit,
    &qblk_cmd_pull,     &qblk_cmd_rebase,
    &qblk_cmd_copy,     &qblk_cmd_job,
    &qblk_cmd_mend,     &qblk_cmd_recover,
    &qblk_cmd_bridge,   &qblk_cmd_open_monitor,
    &qblk_cmd_help,     &qblk_cmd_version,
    &qblk_cmd_complete, NULL,
};

/* Names that other programs have for what a command does, besides virsh's aliases. */
static const struct {
    const char *word, *command;
} others[] = {
    {"abort", "job"},
    {"block-commit", "commit"},
    {"block-job-cancel", "job"},
    {"block-stream", "pull"},
    {"blockdev-mirror", "copy"},
    {"blockdev-snapshot", "snapshot"},
    {"blockdev-snapshot-sync", "snapshot"},
    {"cancel", "job"},
    {"domblkerror", "check"},
    {"domblkinfo", "chain"},
    {"domjobabort", "job"},
    {"domjobinfo", "jobs"},
    {"drive-mirror", "copy"},
    {"domblkstat", "metrics"},
    {"domstats", "metrics"},
    {"event", "watch"},
    {"follow", "watch"},
    {"info", "chain"},
    {"mirror", "copy"},
    {"ps", "vms"},
    {"query-block", "list"},
    {"query-block-jobs", "jobs"},
    {"query-jobs", "jobs"},
    {"query-named-block-nodes", "graph"},
    {"repair", "mend"},
    {"show", "chain"},
    {"snapshot-create", "snapshot"},
    {"snapshot-delete", "commit"},
    {"snapshot-list", "chain"},
    {"stream", "pull"},
    {"tree", "graph"},
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

const char *
qblk_command_suggest(const char *name)
{
    const char *names[2 * G_N_ELEMENTS(commands) + 1] = {NULL};
    guint count = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        if (g_ascii_strcasecmp(others[i].word, name) == 0) {
            return others[i].command;
        }
    }
    for (guint i = 0; commands[i] != NULL; i++) {
        if (commands[i]->group != QBLK_COMMAND_IS_HIDDEN) {
            names[count++] = commands[i]->name;
        }
    }
    for (guint i = 0; commands[i] != NULL; i++) {
        if (commands[i]->virsh_name != NULL) {
            names[count++] = commands[i]->virsh_name;
        }
    }

    g_autofree char *lower = g_ascii_strdown(name, -1);
    return qblk_suggest(lower, names);
}

gboolean
qblk_command_refuse(const char *name, const char *next, GError **error)
{
    const char *meant = qblk_command_suggest(name);
    const QblkCommand *second = next == NULL ? NULL : qblk_command_find(next);

    if (second != NULL) {
        return qblk_usage_error(error,
                                "unknown command '%s': the command is first, as in 'qblk %s %s'",
                                name, next, name);
    }
    if (meant != NULL) {
        return qblk_usage_error(error, "unknown command '%s': did you mean '%s'?", name, meant);
    }
    return qblk_usage_error(error, "unknown command '%s'; see 'qblk --help'", name);
}
