/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Text for people: lists of names, sizes, and what a terminal may show.
 */
#pragma once

#include <glib.h>

/** "a", "a and b", "a, b and c"; "" for none. */
char *qblk_text_list(const char *const *names, guint count) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Whether @character may be shown as it is: no control, no mark that changes the direction of the
 * text after it, nothing without width of its own but combining marks, no letter without a
 * glyph, no end of a line.
 */
gboolean qblk_text_is_printable(gunichar character);

/**
 * Returns: @done of @total in percent, rounded down; -1 if it is not known because one is negative
 * or @total is 0
 */
int qblk_text_percent(gint64 done, gint64 total);

/** @bytes as "8 MiB" or "1.5 GiB", NULL where it is not known (QBLK_UNKNOWN). */
char *qblk_text_size(gint64 bytes) G_GNUC_WARN_UNUSED_RESULT;
