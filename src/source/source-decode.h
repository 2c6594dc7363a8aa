/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * From a file name as QEMU reports it to a source.
 */
#pragma once

#include "source/source-options.h"
#include "source/source.h"

/** What a file name specifies. */
typedef struct {
    QblkSource *source; /* owned */
    char *format;       /* QEMU's name of the image format, or NULL if it is not specified */
} QblkSourceDecoded;

void qblk_source_decode_clear(QblkSourceDecoded *decoded);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkSourceDecoded, qblk_source_decode_clear)

/**
 * Decode a file name.  Secrets are never part of the result; the `dropped` of the source lists what
 * it cannot express.
 *
 * @name: a path, a URL, one of QEMU's older strings, or `json:{...}` in any form
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR: SPEC if @name has no valid form, UNSUPPORTED if libvirt's
 * XML cannot express it or QEMU could not (it replaces bytes that are not UTF-8 by U+FFFD, so a
 * name with that is not the real path)
 */
gboolean qblk_source_decode(const char *name, QblkSourceDecoded *decoded,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Decode the file name of an open protocol node.  Unlike other names, QEMU reports the path of a
 * `file` node without a prefix, so a colon in it has no meaning.
 *
 * Returns: (transfer full): the source; NULL with an error as above
 */
QblkSource *qblk_source_decode_node(const char *driver, const char *filename,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
