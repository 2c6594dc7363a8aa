/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Files that a user names, and standard input.
 */
#pragma once

#include <glib.h>

/**
 * Read all of a file.
 *
 * @file: its path; "-" is standard input
 * @limit: the maximum size in bytes, a multiple of 1 MiB
 * @length: (out): the size in bytes
 *
 * Returns: (transfer full): the bytes, with a NUL after the last one; NULL with
 * QBLK_GRAPH_ERROR_FILE and the name of the file if it cannot be read or is larger than @limit
 */
char *qblk_input_read(const char *file, gsize limit, gsize *length,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
