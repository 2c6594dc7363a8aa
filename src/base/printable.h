/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What a terminal simply shows.
 */
#pragma once

#include <glib.h>

/**
 * Whether @character may be shown as it is: no control, no mark that changes the direction of the
 * text after it, nothing without width of its own but combining marks, no letter without a
 * glyph, no end of a line.
 */
gboolean qblk_printable(gunichar character);
