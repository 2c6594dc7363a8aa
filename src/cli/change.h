/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Common parts of the commands that change a running VM: open the VM, make plans, and print or run
 * the plans.
 */
#pragma once

#include "cli/change-vm.h"

/**
 * Connect to the VM argument and read its graph, after interrupted operations were resumed.  With
 * --dry-run nothing is resumed, and the VM may be a capture.
 *
 * @options: the options of the command; they are checked
 * @purpose: what the command does with the disk, the second argument
 *
 * Returns: (transfer full): the VM; NULL with an error, QBLK_GRAPH_ERROR_STALE if the disk does not
 * have the fingerprint of --expect
 */
QblkChange *qblk_change_open(QblkInvocation *invocation, const QblkChangeOptions *options,
                             QblkRecoverPurpose purpose, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_change_free(QblkChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkChange, qblk_change_free)

/**
 * Returns: (transfer full): the command line that waits for the job of the disk that is named, and
 * ends it with the option @end, quoted for a shell
 */
char *qblk_change_end_command(const QblkInvocation *invocation,
                              const char *end) G_GNUC_WARN_UNUSED_RESULT;

/** A function like qblk_plan_make_commit(). */
typedef QblkPlan *(*QblkChangePlanner)(const QblkPlanContext *context, gconstpointer options,
                                       GError **error);

/**
 * Make the plan for the disk that is named or, with --all-disks, for each disk that has more than
 * one layer.
 *
 * Returns: (transfer full): the plans, of QblkPlan
 */
GPtrArray *qblk_change_plan(QblkChange *change, QblkChangePlanner planner, gconstpointer options,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Print @plans with --dry-run, otherwise run them and print how they ended.
 *
 * @plans: of QblkPlan; the identities of the images are added
 */
gboolean qblk_change_finish(QblkChange *change, GPtrArray *plans,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Open, plan and finish.
 *
 * @planner_options: passed to @planner
 */
gboolean qblk_change_run(QblkInvocation *invocation, const QblkChangeOptions *options,
                         QblkChangePlanner planner, gconstpointer planner_options,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
