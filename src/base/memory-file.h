/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Files that exist in memory only: input or output of a child process that is larger than a pipe.
 */
#pragma once

#include <glib.h>

/**
 * Make a file in memory that contains @length @bytes (NULL if @length is 0).
 *
 * @name: for people who look into /proc
 *
 * Returns: a descriptor that is closed on exec and positioned at the start of the file, or -1 with
 * errno set
 */
int qblk_memory_file_new(const char *name, const char *bytes,
                         gsize length) G_GNUC_WARN_UNUSED_RESULT;
