/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * How an image is opened, as src/image reads it.
 */
#pragma once

#include <qblk/image-options.h>

/** A key or passphrase in a file.  Texts are owned. */
typedef struct {
    char *id;     /* that the user has given */
    char *object; /* id of the object of QEMU */
    char *path;   /* absolute */
} QblkImageSecret;

struct QblkImageOptions {
    gatomicrefcount references;
    char *format;       /* owned, or NULL */
    GPtrArray *secrets; /* of QblkImageSecret, owned */
    gboolean is_writable;
    int timeout_ms; /* more than 0 */
};

/**
 * Find the key of an encrypted image.
 *
 * @path: of the image
 *
 * Returns: (transfer none): the secret; NULL with QBLK_GRAPH_ERROR_UNSUPPORTED
 */
const QblkImageSecret *qblk_image_options_find_secret(const QblkImageOptions *options,
                                                      const char *path,
                                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
