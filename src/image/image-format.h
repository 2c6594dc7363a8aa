/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The format of an image whose first bytes cannot be trusted alone.
 *
 * The guest of a raw image controls every byte of it.  It can write a qcow2 header that names files
 * of the host as backing files, and QEMU's probing would accept that header at the next start.  So
 * the first bytes count only if something outside the image confirms them:
 *
 * 1. If the user (`--format`), or for a backing file the header of its overlay, specifies a format:
 *    that format, whatever the bytes are (a protocol in a header means raw).
 * 2. If the bytes have the magic of no format: raw.
 * 3. If the bytes have the magic of a format, and the file name has the extension of that format,
 *    which a guest cannot change: that format.
 * 4. If the bytes have the magic of a format, and the file name does not confirm it: an error.
 */
#pragma once

#include "image/image-file.h"

/**
 * Decide the format of @file by the rules above.
 *
 * @overlay: (nullable): the path of the image that has @file as its backing file, NULL for the top
 * @specified: (nullable): the format that the user, or the header of @overlay, specifies
 *
 * Returns: (transfer none): the format, which is @specified or constant; NULL with
 * QBLK_GRAPH_ERROR: SPEC if the user specified no image format, FILE if a header did, UNSAFE by
 * rule 4
 */
const char *qblk_image_format(const QblkImageFile *file, const char *overlay, const char *specified,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
