/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Names on disk: what was written to a file and synced is found again after the machine has lost
 * its power only if the names that lead to the file were synced too, which are content of their
 * directories (fsync(2)).
 */
#pragma once

#include <glib.h>

/** Put the names in @directory on disk.  FALSE with errno. */
gboolean qblk_file_sync_directory(const char *directory);

/** Put the name of @path on disk, which was made, renamed or removed.  FALSE with errno. */
gboolean qblk_file_sync_parent(const char *path);

/** Make @directory and what is missing above it, for its owner alone, and put the names of all that
 * was made on disk.  FALSE with errno; that it is there already is no error. */
gboolean qblk_file_sync_make_directory(const char *directory);

/**
 * Append @text as a line to the file @fd, which is locked and open to append, and sync it.  What is
 * behind the first *@whole bytes was torn, by a crash or where the place was full, and is cut off
 * before; the line would be read as the rest of it.  FALSE with errno, and the line is not there
 * for whoever appends the next.
 */
gboolean qblk_file_sync_append_line(int fd, gsize *whole,
                                    const char *text) G_GNUC_WARN_UNUSED_RESULT;
