/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file-identity.h"

QblkFileIdentity
qblk_file_identity(const struct stat *status)
{
    if (S_ISBLK(status->st_mode)) {
        return (QblkFileIdentity){.device = (gint64)status->st_rdev};
    }
    if (S_ISCHR(status->st_mode)) {
        return (QblkFileIdentity){.device = (gint64)status->st_rdev,
                                  .inode = QBLK_INODE_CHARACTER_DEVICE};
    }

    return (QblkFileIdentity){.device = (gint64)status->st_dev, .inode = (gint64)status->st_ino};
}

gboolean
qblk_file_identity_is_known(const QblkFileIdentity *file)
{
    return file->device != 0 || file->inode != 0;
}

gboolean
qblk_file_identity_is_same(const QblkFileIdentity *a, const QblkFileIdentity *b)
{
    return a->device == b->device && a->inode == b->inode;
}

gboolean
qblk_file_identity_is_one(const char *a, const char *b)
{
    struct stat status_a, status_b;
    if (a == NULL || b == NULL) {
        return FALSE;
    }

    if (g_str_equal(a, b)) {
        return TRUE;
    }

    if (stat(a, &status_a) != 0 || stat(b, &status_b) != 0) {
        return FALSE;
    }

    const QblkFileIdentity file_a = qblk_file_identity(&status_a);
    const QblkFileIdentity file_b = qblk_file_identity(&status_b);
    return qblk_file_identity_is_same(&file_a, &file_b);
}
