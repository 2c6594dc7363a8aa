/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Which processes hold locks on an image: QEMU only says that it did not get one.
 *
 * QEMU's locks belong to open files and not to processes (F_OFD_SETLK), so that /proc/locks has no
 * pid for them; /proc/PID/fdinfo has them, for processes that may be looked at.  There a file is
 * known by its device, which on some file systems (btrfs, an overlay) is another one than stat()
 * says, and locks of other machines (NFS) are not there at all.  So the kernel is asked whether
 * there is a lock (F_OFD_GETLK), and /proc who has it.
 */
#pragma once

#include <glib.h>

/** Whether any process has a lock on the file or block device @path. */
gboolean qblk_lock_holder_is_any(const char *path);

/** "process 12 (qemu-nbd)" and others with a lock on the file @path, "another process" where it is
 * not known which; NULL where there is none. */
char *qblk_lock_holder_all(const char *path) G_GNUC_WARN_UNUSED_RESULT;

/** Likewise, without those that have a lock on @own as well: that is the QEMU which has both
 * open.  NULL where there is no @own, and where no name is known. */
char *qblk_lock_holder_others(const char *path, const char *own) G_GNUC_WARN_UNUSED_RESULT;
