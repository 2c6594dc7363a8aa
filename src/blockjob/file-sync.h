/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Files and names that survive a power loss: what was written to a file and synced is found again
 * only if the names that lead to the file were synced too.  They are content of their directories
 * (fsync(2)).
 *
 * All functions return FALSE with errno on failure.
 */
#pragma once

#include <glib.h>

/** Sync the names in @directory. */
gboolean qblk_file_sync_directory(const char *directory);

/** Sync the name of @path, which was created, renamed or removed. */
gboolean qblk_file_sync_parent(const char *path);

/** Create @directory and its missing parents, for their owner alone, and sync their names.  That it
 * exists is no error. */
gboolean qblk_file_sync_make_directory(const char *directory);

/**
 * Write @text to the new file @path, which replaces one of that name, and sync it, but not its
 * name.  The directory may belong to another user, and a link in it is not followed.  On failure
 * the file does not exist.
 */
gboolean qblk_file_sync_write_new(const char *path, const char *text) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Write @text to a file in @directory that has no name, sync it, and drop it: nothing is left of it
 * whenever the process is killed.  EOPNOTSUPP if the file system does not have such files.
 */
gboolean qblk_file_sync_write_unnamed(const char *directory,
                                      const char *text) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Append @text as a line to the file @fd, which is locked and open to append, and sync it.
 *
 * Bytes after the first *@whole ones are those of a line that a crash, or a full disk, left
 * incomplete: they are cut off first, or the new line would be read as their rest.  On failure the
 * line is cut off by the next call.
 */
gboolean qblk_file_sync_append_line(int fd, gsize *whole,
                                    const char *text) G_GNUC_WARN_UNUSED_RESULT;
