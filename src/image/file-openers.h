/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The processes that have a file open.
 *
 * A lock shows only a process that takes one (lock-holder.h): a QEMU whose images are opened with
 * `locking=off` does not.  The kernel lists the open files of each process, by device and inode.
 */
#pragma once

#include <glib.h>

/**
 * Describe the processes that have the file or block device @path open, apart from this one.
 *
 * @own_pid: a process that does not count, nor do those that it has started; 0: none
 *
 * Returns: (transfer full) (nullable): "process 12 (qemu-nbd)", or several; "another process" if
 * only a lock shows that there is one; NULL if no process is known to have it open
 */
char *qblk_file_openers_describe(const char *path, gint64 own_pid) G_GNUC_WARN_UNUSED_RESULT;
