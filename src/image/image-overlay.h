/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Other images that have an image as their backing file.
 */
#pragma once

#include <glib.h>

/**
 * Find an image in the directory of @path whose header names @path as its backing file.  At most
 * 1000 files are looked at.
 *
 * @except: (nullable): an image that is left out
 *
 * Returns: (transfer full) (nullable): the path of the first one
 */
char *qblk_image_overlay_find(const char *path, const char *except) G_GNUC_WARN_UNUSED_RESULT;
