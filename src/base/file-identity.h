/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The identity of a file, which does not depend on its name.
 */
#pragma once

#include <glib.h>
#include <sys/stat.h>

#define QBLK_INODE_CHARACTER_DEVICE ((gint64)-1)

/** A device, which may have several device nodes, has its device number; a block device has inode
 * 0, and a character device #QBLK_INODE_CHARACTER_DEVICE.  Both are 0 if the file was not examined.
 */
typedef struct {
    gint64 device, inode;
} QblkFileIdentity;

QblkFileIdentity qblk_file_identity(const struct stat *status);

/** Returns: FALSE if @file is of a file that was not examined or does not exist. */
gboolean qblk_file_identity_is_known(const QblkFileIdentity *file);

gboolean qblk_file_identity_is_same(const QblkFileIdentity *a, const QblkFileIdentity *b);

/**
 * Returns: TRUE if the names @a and @b (both nullable) are equal, or name one file of this machine;
 * symbolic and hard links are resolved
 */
gboolean qblk_file_identity_is_one(const char *a, const char *b);
