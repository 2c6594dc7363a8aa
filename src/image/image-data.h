/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * How much data an image has, as counted in its file.
 *
 * The allocated size tells little: an image also has tables, bitmaps and snapshots, clusters that
 * were allocated in advance, and others that the guest has discarded.  What is counted here is data
 * that a job certainly writes.
 */
#pragma once

#include <glib.h>

typedef struct {
    gint64 data;    /* bytes in clusters that have data, at least */
    gint64 covered; /* bytes of the disk for which the image has data or zeros, at most; not set if
                       @data is more than enough */
} QblkImageData;

/**
 * Count the data of the image of @format in the file or block device @path, which may be in use.
 * QEMU may have changes in memory that are not in the file yet.
 *
 * @size: virtual size of the image in bytes
 * @skips_zeros: do not count clusters that have only zeros
 * @enough: stop if there are more bytes of data than this
 *
 * Returns: FALSE if the data cannot be counted: of a format other than raw and qcow2, in other
 * files, encrypted, or if that would take long
 */
gboolean qblk_image_data_count(const char *path, const char *format, gint64 size,
                               gboolean skips_zeros, gint64 enough,
                               QblkImageData *result) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Check that no guest has ever written to the qcow2 image in the file @path, encrypted or not: it
 * has no cluster of data or zeros, and no internal snapshot.
 *
 * @size: virtual size of the image in bytes; one of 0 bytes, which QEMU has not set the size of
 * yet, is accepted as well
 *
 * Returns: TRUE; FALSE also if that cannot be known
 */
gboolean qblk_image_data_is_none(const char *path, gint64 size) G_GNUC_WARN_UNUSED_RESULT;
