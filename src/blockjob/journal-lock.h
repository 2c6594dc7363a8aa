/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The lock on a journal, held by the process that works on the disk.
 *
 * It belongs to the open file and not to the process (F_OFD_SETLK): it is released with the
 * descriptor, and not when another descriptor of the same file is closed.
 */
#pragma once

#include <glib.h>

/**
 * Open @path to append, with O_CREAT in @flags to create it, and lock it until the descriptor is
 * closed.
 *
 * Returns: the descriptor; -1 with QBLK_BLOCKJOB_ERROR_REFUSED if another process holds the lock,
 * _STATE if the file cannot be opened or locked.
 */
int qblk_journal_lock_open(const char *path, int flags, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if another process holds the lock, or may.  The lock is not taken to find out, so
 * that no other process is refused; @fd need not be open for writing. */
gboolean qblk_journal_lock_is_taken(int fd);

/** Returns: TRUE if @path still names the file @fd: the process that held the lock may have removed
 * it. */
gboolean qblk_journal_lock_is_current(int fd, const char *path);
