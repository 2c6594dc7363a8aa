/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Output to a file that other programs read at any time.
 */
#pragma once

#include <glib.h>

/**
 * Write @text to the file @path, so that a reader finds the old content or the new one, and nothing
 * else: to a temporary file in the same directory, which is synced and renamed.  If this process is
 * killed, the next call replaces that file.  If @path is a link, the file that it leads to is
 * replaced.  A new file has the mode 0644 and the umask, one that is replaced keeps its mode.
 * A file that is read-only, or that is neither empty, a text nor a PNG, is not replaced: it may be
 * the image of a disk.
 *
 * Returns: FALSE with QBLK_OUTPUT_ERROR_WRITE or _REFUSED; the file is as before
 */
gboolean qblk_output_file_replace(const char *path, const GString *text,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
