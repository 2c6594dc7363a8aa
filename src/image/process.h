/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Processes of this machine, as /proc shows them.
 */
#pragma once

#include <glib.h>

/**
 * Find the process at the other end of the socket @fd.  It is the one that listens: QEMU itself, or
 * a proxy in front of it.
 *
 * Returns: its pid; 0 if it is not on this machine or not known
 */
gint64 qblk_process_behind(int fd);

/** Returns: (transfer full) (nullable): the arguments of the process @pid, in any encoding; NULL if
 * they cannot be read, or @pid is 0 */
char **qblk_process_arguments(gint64 pid) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): "process 12 (qemu-nbd)" */
char *qblk_process_describe(gint64 pid) G_GNUC_WARN_UNUSED_RESULT;
