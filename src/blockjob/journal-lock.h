/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The lock on a journal: who has it works on the disk.
 *
 * It belongs to the open file and not to the process (F_OFD_SETLK): it goes with the descriptor,
 * and not when another one of the same file is closed.
 */
#pragma once

#include <glib.h>

/**
 * Open @path to append, with O_CREAT in @flags if it is to be made, and lock it: it stays so until
 * the descriptor is closed.  -1 with QBLK_BLOCKJOB_ERROR_REFUSED where somebody else has the lock,
 * with _FAILED where it cannot be opened or locked.
 */
int qblk_journal_lock_open(const char *path, int flags, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Whether somebody else has the lock, or that cannot be known.  Only looks, so that nobody who
 * wants it in that moment is refused; @fd need not be open for writing. */
gboolean qblk_journal_lock_is_taken(int fd);

/** Whether @path still names the file of @fd: whoever had the lock may have ended the journal. */
gboolean qblk_journal_lock_is_current(int fd, const char *path);
