/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What an image is without its data, as `qemu-img info` shows it.
 *
 * QEMU opens an encrypted image only with its key, but the header, the list of its snapshots and
 * its bitmaps are not encrypted.  The file may come from an untrusted source: each offset and each
 * number in it is checked.
 */
#pragma once

#include "image/image-header.h"
#include "image/qcow2-content.h"

typedef struct {
    QblkImageHeader *header; /* owned */
    gint64 file_size;    /* bytes of the file or block device, rounded up to sectors as by QEMU */
    gint64 allocated;    /* bytes that the file has allocated; 0 for a block device */
    gint64 virtual_size; /* bytes */
    gint64 cluster_size; /* of qcow2, bytes; 0 for the other formats */
    guint version;       /* of qcow2: 2 or 3; 0 for the other formats */
    QblkQcow2Content *content; /* owned, of qcow2; empty for the other formats */
} QblkImageInfo;

/**
 * Read the image of @format in the file or block device @path, which may be in use.
 *
 * Returns: (transfer full): what it is; NULL with QBLK_GRAPH_ERROR, which names @path: FILE if it
 * cannot be read or is damaged, UNSUPPORTED if the size of images of @format is not known without
 * QEMU, LIMIT if counting the bits of its bitmaps would take long
 */
QblkImageInfo *qblk_image_info_read(const char *path, const char *format,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_image_info_free(QblkImageInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkImageInfo, qblk_image_info_free)
