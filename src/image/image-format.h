/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The format of an image whose first bytes cannot be trusted alone.
 *
 * The guest of a raw image controls every byte of it.  It can write a qcow2 header that names files
 * of the host as backing files, and QEMU's probing would accept that header at the next start.  So
 * the first bytes count only if something outside the image confirms them:
 *
 * 1. If the user specifies a format (`--format`, or `--backing-format` for a backing file): that
 *    format.
 * 2. If the bytes have the magic of no format: raw.
 * 3. If the bytes have the magic of a format, and the file name has the extension of that format,
 *    which a guest cannot change: that format.
 * 4. If the bytes have the magic of a format, and nothing confirms it, it is undecided: an error,
 *    or raw where a chain is only examined.
 *
 * The header of an overlay records the format of its backing file.  If the file has the magic of
 * the recorded format, that is the format.  A recorded raw (or a protocol, which means raw) is
 * believed for reading, but rule 4 holds for a change: the header may be wrong, and the change
 * would destroy an image of another format.  Any other recorded format is wrong if the file does
 * not have its magic; then rules 2 to 4 decide.
 */
#pragma once

#include "image/image-file.h"

/**
 * Decide the format of the top image @file by the rules above.
 *
 * @specified: (nullable): the format that the user specifies
 *
 * Returns: (transfer none): the format, which is @specified or constant; NULL with
 * QBLK_GRAPH_ERROR: SPEC if the user specified no image format, UNSAFE by rule 4
 */
const char *qblk_image_format(const QblkImageFile *file, const char *specified,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The format of a backing file. */
typedef struct {
    const char *format;    /* to open it with: constant, or that of the user */
    const char *undecided; /* the format whose magic it has, by rule 4; NULL: it is decided */
    gboolean is_wrong;     /* the header records another one */
    gboolean is_specified; /* by the user */
} QblkBackingFormat;

/**
 * Decide the format of the backing file @file by the rules above.
 *
 * @recorded: (nullable): the format in the header of its overlay
 * @specified: (nullable): the format that the user specifies
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR: SPEC if the user specified no image format, FILE if @file
 * does not have the magic of that format
 */
gboolean qblk_image_format_of_backing(const QblkImageFile *file, const char *recorded,
                                      const char *specified, QblkBackingFormat *result,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
