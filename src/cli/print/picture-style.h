/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Colors and fonts of a picture, as CSS in the SVG.
 */
#pragma once

#include <glib.h>

typedef enum {
    QBLK_PICTURE_THEME_AUTO, /* dark if the reader prefers that */
    QBLK_PICTURE_THEME_LIGHT,
    QBLK_PICTURE_THEME_DARK,
} QblkPictureTheme;

/** Pixels of fonts: of titles of boxes, of all else in boxes, and of the title of the picture. */
#define QBLK_PICTURE_FONT_TITLE 14
#define QBLK_PICTURE_FONT_TEXT  12
#define QBLK_PICTURE_FONT_HEAD  18

/** Returns: TRUE and sets @theme if @name is "auto", "light" or "dark" */
gboolean qblk_picture_theme_parse(const char *name, QblkPictureTheme *theme);

/** Append a `style` element. */
void qblk_picture_style_print(QblkPictureTheme theme, GString *out);
