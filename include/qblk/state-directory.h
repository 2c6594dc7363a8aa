/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The state directory: the journals of operations, and the marks of images that were merged, or are
 * incomplete copies.
 *
 * A program that uses another directory than the command cannot see the operations of the command,
 * nor the command those of the program.
 */
#pragma once

#include <glib.h>
#include <qblk/error.h>

G_BEGIN_DECLS

/**
 * qblk_state_directory_default:
 *
 * The directory that the command uses is `$XDG_STATE_HOME/qblk` if the variable has an absolute
 * path, `/var/lib/qblk` for root, and otherwise `.local/state/qblk` in the home directory.  No
 * other function of the library reads the environment, except that programs such as
 * qemu-storage-daemon are found by `PATH`.
 *
 * Returns: (transfer full): its absolute path; it may not exist
 *
 * Since: 0.1.0
 */
char *qblk_state_directory_default(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_state_directory_check:
 * @directory: a path
 *
 * Returns: TRUE if @directory can be read or does not exist; FALSE with QBLK_BLOCKJOB_ERROR_RESULT
 *   otherwise
 *
 * Since: 0.1.0
 */
gboolean qblk_state_directory_check(const char *directory,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_state_directory_tidy_marks:
 * @directory: (nullable): the state directory; NULL: the default one
 * @image: (nullable): an image
 *
 * Remove the marks in @directory, and the one beside @image, whose files were deleted or replaced
 * by others since.
 *
 * Returns: (transfer full) (array zero-terminated=1): a sentence on each mark that was removed
 *
 * Since: 0.1.0
 */
char **qblk_state_directory_tidy_marks(const char *directory,
                                       const char *image) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
