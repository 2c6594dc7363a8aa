/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Processes of this machine, as /proc shows them.
 */
#pragma once

#include "base/waiter.h"

/**
 * Find the process at the other end of the socket @fd.  It is the one that listens: QEMU itself, or
 * a proxy in front of it.
 *
 * @user: (out) (nullable): the user of that process at that time; not set if it is not known
 *
 * Returns: its pid; 0 if it is not on this machine or not known
 */
gint64 qblk_process_behind(int fd, gint64 *user);

/** Returns: the effective user of the process @pid; -1 if it is not known */
gint64 qblk_process_user(gint64 pid);

/** Returns: the effective user in @status, the text of /proc/PID/status; -1 if it is not there */
gint64 qblk_process_parse_user(const char *status);

/** Returns: (transfer full) (nullable): the arguments of the process @pid, in any encoding; NULL if
 * they cannot be read, or @pid is 0 */
char **qblk_process_arguments(gint64 pid) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: when the process @pid has started, in clock ticks since the machine has; 0 if it has
 * ended, is about to, or is not known. */
gint64 qblk_process_start(gint64 pid);

/** Returns: TRUE if the process @pid is @ancestor, or was started by it or one below it. */
gboolean qblk_process_is_below(gint64 pid, gint64 ancestor);

/**
 * Wait until the process @pid that started at @start has ended, for @timeout_ms at most.  The
 * kernel closes the files of a process before it reports that the process has ended.
 *
 * @waiter: (nullable): waits between two looks
 *
 * Returns: TRUE if it has ended; FALSE if it has not, or if @pid or @start is 0, not known
 */
gboolean qblk_process_wait_end(gint64 pid, gint64 start, int timeout_ms, const QblkWaiter *waiter);

/** Returns: (transfer full) (nullable): the name that the kernel has for the process, up to 15
 * bytes; NULL if it has ended */
char *qblk_process_name(gint64 pid) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): "process 12 (qemu-nbd)" */
char *qblk_process_describe(gint64 pid) G_GNUC_WARN_UNUSED_RESULT;
