/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The commands, one file each.
 */
#pragma once

#include "cli/invocation.h"

/** `qblk capture`: all replies that the other commands need, written down. */

gboolean qblk_cmd_capture(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** `qblk chain`: the layers of each disk, with indexes, formats, sizes and files. */

gboolean qblk_cmd_chain(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * `qblk check`: what the image headers and the domain say and the running chains do not.
 *
 * Each difference is one line on stdout, and the exit status is then 1 with nothing on stderr;
 * without any it is 0 and nothing is printed, as with cmp(1).  Of `image:PATH` it says as well what
 * `qblk recover` would say of it, where there is something to say.
 */

gboolean qblk_cmd_check(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** `qblk commit`. */

gboolean qblk_cmd_commit(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the options of `commit` to @context. */
void qblk_cmd_commit_options(QblkInvocation *invocation, GOptionContext *context);

/** `qblk copy`. */

gboolean qblk_cmd_copy(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the options of `copy` to @context. */
void qblk_cmd_copy_options(QblkInvocation *invocation, GOptionContext *context);

/** `qblk graph`: the whole node graph. */

gboolean qblk_cmd_graph(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the options of `graph` to @context. */
void qblk_cmd_graph_options(QblkInvocation *invocation, GOptionContext *context);

/** `qblk job`: look at the job of one disk, or change what becomes of it. */

gboolean qblk_cmd_job(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the options of `job` to @context. */
void qblk_cmd_job_options(QblkInvocation *invocation, GOptionContext *context);

/** `qblk jobs`: the jobs of a VM. */

gboolean qblk_cmd_jobs(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the options of `jobs` to @context. */
void qblk_cmd_jobs_options(QblkInvocation *invocation, GOptionContext *context);

/** `qblk list`: the disks of a VM, one a line. */

gboolean qblk_cmd_list(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** `qblk open-monitor`: one more QMP monitor, so that a watcher does not take the manager's. */

gboolean qblk_cmd_open_monitor(QblkInvocation *invocation,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the options of `open-monitor` to @context. */
void qblk_cmd_open_monitor_options(QblkInvocation *invocation, GOptionContext *context);

/** `qblk pull`. */

gboolean qblk_cmd_pull(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the options of `pull` to @context. */
void qblk_cmd_pull_options(QblkInvocation *invocation, GOptionContext *context);

/** A pull down to the layer @base, NULL for all. */
gboolean qblk_cmd_pull_to(QblkInvocation *invocation, const char *base,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

gboolean qblk_cmd_rebase(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Add the options of `rebase` to @context. */
void qblk_cmd_rebase_options(QblkInvocation *invocation, GOptionContext *context);

/** `qblk recover`: take up what a crash has left. */

gboolean qblk_cmd_recover(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** `qblk resolve`: from a disk and index, a path or a node to the one layer it means. */

gboolean qblk_cmd_resolve(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** `qblk source`: what a file name of QEMU means. */

gboolean qblk_cmd_source(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** `qblk xml`: disks as libvirt's XML. */

gboolean qblk_cmd_xml(QblkInvocation *invocation, GError **error) G_GNUC_WARN_UNUSED_RESULT;
