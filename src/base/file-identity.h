/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Which file it is, whatever names it has.
 */
#pragma once

#include <glib.h>
#include <sys/stat.h>

/** Of a block device, which may have several nodes, its number, and 0.  Both are 0 where nobody has
 * looked. */
typedef struct {
    gint64 device, inode;
} QblkFileIdentity;

QblkFileIdentity qblk_file_identity(const struct stat *status);

gboolean qblk_file_identity_is_same(const QblkFileIdentity *a, const QblkFileIdentity *b);

/** Whether two names, each may be NULL, are of one file of this machine, or the same name.  Links
 * of both kinds are seen through. */
gboolean qblk_file_identity_is_one(const char *a, const char *b);
