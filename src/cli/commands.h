/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The table of commands, each defined in the file cmd-NAME.c.
 */
#pragma once

#include "cli/command.h"

extern const QblkCommand qblk_cmd_vms;
extern const QblkCommand qblk_cmd_list;
extern const QblkCommand qblk_cmd_chain;
extern const QblkCommand qblk_cmd_xml;
extern const QblkCommand qblk_cmd_resolve;
extern const QblkCommand qblk_cmd_graph;
extern const QblkCommand qblk_cmd_jobs;
extern const QblkCommand qblk_cmd_source;
extern const QblkCommand qblk_cmd_snapshot;
extern const QblkCommand qblk_cmd_commit;
extern const QblkCommand qblk_cmd_pull;
extern const QblkCommand qblk_cmd_rebase; /* in cmd-pull.c */
extern const QblkCommand qblk_cmd_copy;
extern const QblkCommand qblk_cmd_job;
extern const QblkCommand qblk_cmd_recover;
extern const QblkCommand qblk_cmd_open_monitor;
extern const QblkCommand qblk_cmd_bridge;
extern const QblkCommand qblk_cmd_capture;
extern const QblkCommand qblk_cmd_check;
extern const QblkCommand qblk_cmd_mend;
extern const QblkCommand qblk_cmd_watch;
extern const QblkCommand qblk_cmd_help;
extern const QblkCommand qblk_cmd_complete;
extern const QblkCommand qblk_cmd_version; /* in cmd-help.c */
extern const QblkCommand qblk_cmd_metrics;

/** Returns: (array zero-terminated=1): all commands, in the order of help. */
const QblkCommand *const *qblk_command_all(void);

/** Returns: (nullable): the command with the name @name, its own or virsh's. */
const QblkCommand *qblk_command_find(const char *name);

/** Returns: (nullable): the name of a command that may have been meant by @name */
const char *qblk_command_suggest(const char *name);

/**
 * Set the usage error for a command that does not exist.  Always FALSE.
 *
 * @next: (nullable): the word after @name
 */
gboolean qblk_command_refuse(const char *name, const char *next,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
