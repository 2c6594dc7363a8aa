/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * From a file name as QEMU reports it to a source.
 */
#pragma once

#include "source/source-options.h"
#include "source/source.h"

/** What a file name says. */
typedef struct {
    QblkSource *source; /* owned */
    char *format;       /* QEMU's name of the image format, NULL where the name does not say */
} QblkSourceDecoded;

void qblk_source_decode_clear(QblkSourceDecoded *decoded);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkSourceDecoded, qblk_source_decode_clear)

/**
 * Decode @name: a path, a URL, one of QEMU's older strings or `json:{...}` in any spelling.
 * Secrets are never taken over; what has no place in a source is listed in its `dropped`.
 *
 * Errors (QBLK_GRAPH_ERROR): SPEC where @name keeps no form, UNSUPPORTED where it means something
 * that libvirt's XML has no form for, or is a name that QEMU could not say (bytes that are not
 * UTF-8 are replaced by U+FFFD, and such a name is no path).
 */
gboolean qblk_source_decode(const char *name, QblkSourceDecoded *decoded,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * The source that a protocol node with this driver and file name stands for.  QEMU reports the path
 * of a `file` node as it is, so that a colon in it means nothing.  Errors as above.
 */
QblkSource *qblk_source_decode_node(const char *driver, const char *filename,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
