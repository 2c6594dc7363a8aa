/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Names on disk: what was written to a file and synced is found again after the machine has lost
 * its power only if the names that lead to the file were synced too, which are content of their
 * folders (fsync(2)).
 */
#pragma once

#include <glib.h>

/** Put the names in @folder on disk.  FALSE with errno. */
gboolean qblk_sync_folder(const char *folder);

/** Put the name of @path on disk, which was made, renamed or removed.  FALSE with errno. */
gboolean qblk_sync_folder_of(const char *path);

/** Make @folder and what is missing above it, for its owner alone, and put the names of all that
 * was made on disk.  FALSE with errno; that it is there already is no error. */
gboolean qblk_sync_folder_make(const char *folder);
