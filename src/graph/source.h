/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Where the bytes of a layer are, in libvirt's terms: what becomes `<source>`.
 */
#pragma once

#include <qblk/error.h>

typedef enum {
    QBLK_SOURCE_FILE,
    QBLK_SOURCE_BLOCK,
} QblkSourceType;

typedef struct {
    QblkSourceType type;
    char *path; /* of the file or device */
} QblkSource;

/**
 * The source that a protocol node with this driver and file name stands for.
 *
 * QBLK_GRAPH_ERROR_UNSUPPORTED where the form is not understood, or where QEMU could not say the
 * name: it replaces bytes that are not UTF-8 by U+FFFD, and such a name is no path.
 */
QblkSource *qblk_source_decode(const char *driver, const char *filename,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
void qblk_source_free(QblkSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkSource, qblk_source_free)

/** "file", "block": libvirt's `type=`. */
const char *qblk_source_type_name(QblkSourceType type);
