/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A file that stores an image, and its first bytes.  Nothing is ever written to it and no lock is
 * taken, so that it may be in use.
 */
#pragma once

#include <sys/types.h>

#include "image/image-header.h"

typedef struct {
    char *path;
    dev_t device; /* with @inode: which file it is, whatever it is called */
    ino_t inode;
    gboolean is_block;    /* a block device */
    gboolean ends_as_vpc; /* its last sector is the footer of a VHD image of fixed size */
    guint8 *bytes;        /* owned: of its start what qblk_image_header_size() wants */
    gsize length;
} QblkImageFile;

/**
 * Open, look at and close the file or block device @path.  QBLK_GRAPH_ERROR_FILE, with its name,
 * where it cannot be read, is neither of these, or has a name QEMU cannot be given.  What is
 * neither is not opened at all: @path may be anybody's word.
 */
QblkImageFile *qblk_image_file_read(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_image_file_free(QblkImageFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkImageFile, qblk_image_file_free)
