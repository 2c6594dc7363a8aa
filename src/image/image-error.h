/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Why the private daemon could not open an image, from what it has written.
 */
#pragma once

#include "image/image-chain.h"

typedef struct {
    const char *path;        /* of the image, as the caller named it */
    const GPtrArray *layers; /* of QblkImageLayer */
    char **arguments;        /* of the daemon */
    const char *log;         /* what it has written */
    int status;              /* with which it has ended, as waitpid() sets it */
} QblkImageFailure;

/**
 * Set QBLK_GRAPH_ERROR: UNSAFE if another process has a layer open, UNSUPPORTED if a key is wrong,
 * otherwise FILE.
 */
void qblk_image_error_set(const QblkImageFailure *failure, GError **error);

/**
 * Check that no other process has the file @path open.
 *
 * @own: pid of a process that may have it open; 0: none
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR_UNSAFE and the name of the process
 */
gboolean qblk_image_error_check_free(const char *path, gint64 own,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
