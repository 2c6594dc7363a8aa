/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Other images that have an image as their backing file.
 *
 * They are found by the headers of all regular files in certain directories, at most
 * #QBLK_LIMIT_DIRECTORY_FILES of each.  An overlay elsewhere is not found.
 */
#pragma once

#include <glib.h>

/** An image that does not belong to a chain, and has one of its layers as the backing file. */
typedef struct {
    char *path;
    guint position; /* of the layer */
} QblkImageOverlay;

/**
 * Find an image in the directory of @path whose header names @path as its backing file.
 *
 * @except: (nullable): an image that is left out
 *
 * Returns: (transfer full) (nullable): the path of the first one
 */
char *qblk_image_overlay_find(const char *path, const char *except) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Find the images outside of a chain that have one of the layers from @first to @last as their
 * backing file, in the directories of the layers from the top to @last.
 *
 * @layers: of QblkImageLayer, all of the chain, top first
 * @unread: (out): (nullable): a directory of which not all files were examined, or NULL
 *
 * Returns: (transfer full): of QblkImageOverlay
 */
GPtrArray *qblk_image_overlay_find_all(const GPtrArray *layers, guint first, guint last,
                                       char **unread) G_GNUC_WARN_UNUSED_RESULT;
