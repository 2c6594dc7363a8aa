/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/file-identity.h"

QblkFileIdentity
qblk_file_identity(const struct stat *status)
{
    if (S_ISBLK(status->st_mode)) {
        return (QblkFileIdentity){.device = (gint64)status->st_rdev};
    }
    return (QblkFileIdentity){.device = (gint64)status->st_dev, .inode = (gint64)status->st_ino};
}

gboolean
qblk_file_identity_is_same(const QblkFileIdentity *a, const QblkFileIdentity *b)
{
    return a->device == b->device && a->inode == b->inode;
}
