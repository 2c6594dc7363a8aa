/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Common parts of the commands that change a running VM: open the VM, make plans, and print or run
 * the plans.
 */
#pragma once

#include "cli/change-vm.h"

/**
 * Make the plans of a command for the disk that is named, or for all disks.
 *
 * @data: of the command
 *
 * Returns: (transfer full): the plans, or NULL with an error
 */
typedef QblkPlans *(*QblkChangePlanner)(const QblkChange *change, gconstpointer data,
                                        GError **error);

/** Returns: (transfer none): the disk that the command names. */
const char *qblk_change_get_disk(const QblkChange *change);

/**
 * Connect to the VM argument and read its graph, after interrupted operations were resumed; make
 * the plans; print them with --dry-run, otherwise run them and print how they ended.  With
 * --dry-run nothing is resumed, and the VM may be a capture.
 *
 * @options: the options of the command; they are checked
 * @purpose: what the command does with the disk, the second argument
 * @data: passed to @planner
 *
 * Returns: FALSE with an error, QBLK_GRAPH_ERROR_STALE if the disk does not have the fingerprint of
 * --expect
 */
gboolean qblk_change_run(QblkInvocation *invocation, const QblkChangeOptions *options,
                         QblkRecoverPurpose purpose, QblkChangePlanner planner, gconstpointer data,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Returns: (transfer full): the command line that waits for the job of the disk that is named, and
 * ends it with the option @end, quoted for a shell
 */
char *qblk_change_end_command(const QblkInvocation *invocation,
                              const char *end) G_GNUC_WARN_UNUSED_RESULT;
