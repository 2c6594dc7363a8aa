/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A picture as SVG: one file with real text, without scripts or other files.
 */
#pragma once

#include "cli/print/picture-style.h"
#include "cli/print/picture.h"

/** Append @picture, which has its layout, to @out. */
void qblk_picture_svg(const QblkPicture *picture, QblkPictureTheme theme, GString *out);
