/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/command.h"

#include "cli/commands.h"
#include "cli/recovery.h"

#define ANY_NUMBER G_MAXUINT

/* clang-format off */
static const QblkCommand commands[] = {
    /* name, alias, arguments, least, most, changes, one_disk, own_format,
     * summary, options, run */
    {"list", "domblklist", "VM", 1, 1, FALSE, FALSE, FALSE,
     "List the disks", NULL, qblk_cmd_list},
    {"chain", NULL, "VM [DISK...]", 1, ANY_NUMBER, FALSE, TRUE, FALSE,
     "Show the layers of each disk", NULL, qblk_cmd_chain},
    {"xml", "dumpxml", "VM [DISK...]", 1, ANY_NUMBER, FALSE, TRUE, FALSE,
     "Print disks as libvirt's XML", NULL, qblk_cmd_xml},
    {"resolve", NULL, "VM LAYER", 2, 2, FALSE, TRUE, FALSE,
     "Print the node-name of one layer", NULL, qblk_cmd_resolve},
    {"graph", NULL, "VM", 1, 1, FALSE, FALSE, TRUE,
     "Show all block nodes", qblk_cmd_graph_options, qblk_cmd_graph},
    {"jobs", NULL, "VM", 1, 1, FALSE, FALSE, FALSE,
     "List the jobs", qblk_cmd_jobs_options, qblk_cmd_jobs},
    {"source", NULL, "NAME", 1, 1, FALSE, FALSE, FALSE,
     "Print the <source> that a file name means", NULL, qblk_cmd_source},
    {"commit", "blockcommit", "VM DISK", 1, 2, TRUE, TRUE, FALSE,
     "Bring the data of layers down into one below", qblk_cmd_commit_options, qblk_cmd_commit},
    {"pull", "blockpull", "VM DISK", 1, 2, TRUE, TRUE, FALSE,
     "Bring the data of layers below up into the active one", qblk_cmd_pull_options,
     qblk_cmd_pull},
    {"rebase", NULL, "VM DISK LAYER", 3, 3, TRUE, TRUE, FALSE,
     "Pull down to a layer", qblk_cmd_rebase_options, qblk_cmd_rebase},
    {"copy", "blockcopy", "VM DISK DEST", 3, 3, TRUE, TRUE, TRUE,
     "Copy what the guest sees to another image", qblk_cmd_copy_options, qblk_cmd_copy},
    {"job", "blockjob", "VM DISK", 2, 2, TRUE, TRUE, FALSE,
     "Show or end the job of a disk", qblk_cmd_job_options, qblk_cmd_job},
    {"recover", NULL, "[VM]", 0, 1, FALSE, FALSE, FALSE,
     "Take up what a crash has left", qblk_recovery_add_options, qblk_cmd_recover},
    {"open-monitor", NULL, "VM PATH", 2, 2, FALSE, FALSE, FALSE,
     "Open one more QMP monitor (QEMU 11.1)", qblk_cmd_open_monitor_options,
     qblk_cmd_open_monitor},
    {"capture", NULL, "VM", 1, 1, FALSE, FALSE, FALSE,
     "Write down what QEMU answers", NULL, qblk_cmd_capture},
    {"check", NULL, "VM [DISK...]", 1, ANY_NUMBER, FALSE, TRUE, FALSE,
     "Compare with image headers and --domain", qblk_recovery_add_options, qblk_cmd_check},
    {NULL},
};
/* clang-format on */

const QblkCommand *
qblk_command_all(void)
{
    return commands;
}

const QblkCommand *
qblk_command_find(const char *name)
{
    for (const QblkCommand *at = commands; at->name != NULL; at++) {
        if (g_str_equal(at->name, name) || g_strcmp0(at->alias, name) == 0) {
            return at;
        }
    }
    return NULL;
}
