/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A file that stores an image, and its first bytes.  The file is never written to and no lock is
 * taken, so that it may be in use.
 */
#pragma once

#include <sys/types.h>

#include "image/image-header.h"

typedef struct {
    char *path;
    dev_t device; /* device and inode identify the file; its name does not */
    ino_t inode;
    gboolean is_block;    /* a block device */
    gboolean ends_as_vpc; /* its last sector is the footer of a VHD image of fixed size */
    guint8 *bytes;        /* the first qblk_image_header_size() bytes of the file */
    gsize length;         /* of @bytes */
} QblkImageFile;

/**
 * Open, read and close the file or block device @path.  Anything else is not opened at all, because
 * @path may come from an untrusted header.
 *
 * Returns: (transfer full): the file; NULL with QBLK_GRAPH_ERROR_FILE, which names @path, if it
 * cannot be read, is neither a file nor a block device, or its name is not UTF-8
 */
QblkImageFile *qblk_image_file_read(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_image_file_free(QblkImageFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkImageFile, qblk_image_file_free)
