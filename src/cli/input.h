/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Files that the user names.
 */
#pragma once

#include <glib.h>

/**
 * All of @file, where "-" is standard input.  A NUL follows the last byte.  QBLK_GRAPH_ERROR_FILE
 * with the file's name where it cannot be read or has more than @limit bytes, which are whole MiB.
 */
char *qblk_input_read(const char *file, gsize limit, gsize *length,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
