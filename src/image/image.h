/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * An image that a private qemu-storage-daemon has opened.
 */
#pragma once

#include "image/daemon.h"
#include "image/image-arguments.h"

#include <qblk/image.h>

struct QblkImage {
    gatomicrefcount references;
    QblkDaemon daemon;
    GPtrArray *layers; /* of QblkImageLayer, owned, top first */
    char *path;        /* absolute */
    int timeout_ms;    /* of QblkImageOptions */
};

/**
 * qblk_image_open_with() with the nodes that @use needs.
 *
 * @options: is_writable does not count
 */
QblkImage *qblk_image_open_for(const char *path, const QblkImageOptions *options, QblkImageUse use,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
