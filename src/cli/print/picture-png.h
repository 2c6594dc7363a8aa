/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A picture as PNG, which the program `rsvg-convert` draws.
 */
#pragma once

#include "cli/print/picture-style.h"
#include "cli/print/picture.h"

/**
 * Append @picture, which has its layout, to @out as PNG of twice its size, or less if it is large.
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR_FILE if `rsvg-convert` fails or is not installed
 */
gboolean qblk_picture_png(const QblkPicture *picture, QblkPictureTheme theme, GString *out,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
