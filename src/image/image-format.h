/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Which format an image has, where its first bytes must not be believed alone.
 *
 * A guest that has a raw image writes every byte of it, a qcow2 header with the host's files as
 * backing included; QEMU's probing would believe that at the next start.  So the bytes only count
 * together with the word of somebody else:
 *
 * 1. the user (`--format`), or for a backing file the header of its overlay, if they say a format:
 *    that one, whatever the bytes are (a protocol in a header means raw);
 * 2. the bytes begin like no format: raw, which is all they can be then;
 * 3. the bytes begin like a format, and the name of the file ends in that format's extension, which
 *    no guest can give: that one;
 * 4. the bytes begin like a format and the name does not say so: refused.
 */
#pragma once

#include "image/image-file.h"

/**
 * The format of @file by these rules; @said is the word of the user, or of the header of @overlay,
 * or NULL.  @overlay is what @file is the backing file of, NULL for the top.  The text returned is
 * @said or constant.
 *
 * QBLK_GRAPH_ERROR_SPEC where the user says what is no image format, QBLK_GRAPH_ERROR_FILE where a
 * header does, QBLK_GRAPH_ERROR_UNSAFE by rule 4.
 */
const char *qblk_image_format(const QblkImageFile *file, const char *overlay, const char *said,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
