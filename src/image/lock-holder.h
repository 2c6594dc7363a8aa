/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The processes that hold locks on an image.  QEMU only reports that it did not get a lock.
 *
 * QEMU's locks belong to open files and not to processes (F_OFD_SETLK), so /proc/locks has no pid
 * for them.  /proc/PID/fdinfo lists them, for the processes that may be inspected.  Both identify a
 * file by its device, which on some file systems (btrfs, overlay) is not the one that stat()
 * returns, and neither lists locks of other machines (NFS).  So the kernel is asked if there is a
 * lock (F_OFD_GETLK), and /proc which process has it.
 */
#pragma once

#include <glib.h>

/** TRUE if any process has a lock on the file or block device @path. */
gboolean qblk_lock_holder_is_any(const char *path);

/**
 * Describe the processes that have a lock on the file @path.
 *
 * Returns: (transfer full) (nullable): "process 12 (qemu-nbd)", or several; "another process" if it
 * is not known which; NULL if the file is not locked
 */
char *qblk_lock_holder_all(const char *path) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Describe the processes that have a lock on the file @path, other than the QEMU that has @path and
 * @own open.  That is @pid, or, if this is a relay, a process with a lock on both.
 *
 * @pid: the process behind the monitor; 0 if it is not known
 *
 * Returns: (transfer full) (nullable): as above; NULL if @own is NULL or no process is known
 */
char *qblk_lock_holder_others(const char *path, const char *own,
                              gint64 pid) G_GNUC_WARN_UNUSED_RESULT;
