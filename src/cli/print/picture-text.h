/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The width of text in a picture.  The font of the reader is not known, so that widths are those of
 * the widest of the common fonts without serifs.
 */
#pragma once

#include <glib.h>

/** Returns: pixels, at least what @text takes in a font of @size pixels */
int qblk_picture_text_width(const char *text, int size, gboolean is_bold);

/** Returns: (transfer full): @text if it fits into @width pixels; otherwise with an ellipsis in its
 * middle, so that its start and its end can be read */
char *qblk_picture_text_fit(const char *text, int size, gboolean is_bold,
                            int width) G_GNUC_WARN_UNUSED_RESULT;
