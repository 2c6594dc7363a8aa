/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The room that a file system or a block device has for an image.
 */
#pragma once

#include <glib.h>

typedef struct {
    gint64 device;      /* number of the file system or of the block device */
    gint64 size;        /* bytes of the file system or of the block device */
    gint64 free;        /* bytes that are free; 0 for a block device */
    gint64 available;   /* bytes of these that are not reserved for privileged processes */
    gint64 length;      /* bytes of the file; 0 if it does not exist; @size for a block device */
    gint64 allocated;   /* bytes that the file has allocated; 0 for a block device */
    gboolean is_device; /* a block device */
    gboolean is_plain;  /* the file system is known to allocate each block of data that is written:
                           it has no compression and no deduplication */
} QblkRoom;

/**
 * Find out what room there is for the file or block device @path, or for a new file in its
 * directory.
 *
 * Returns: FALSE if that is not known
 */
gboolean qblk_room_find(const char *path, QblkRoom *room) G_GNUC_WARN_UNUSED_RESULT;
