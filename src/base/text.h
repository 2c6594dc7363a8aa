/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Text for people: lists of names, sizes, and the characters that a terminal may show.
 */
#pragma once

#include <glib.h>

/** Returns: (transfer full): "a", "a and b" or "a, b and c"; "" if @count is 0 */
char *qblk_text_list(const char *const *names, guint count) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): the same, with the first @most names only: "a, b and 3 more" */
char *qblk_text_list_some(const char *const *names, guint count,
                          guint most) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Returns: TRUE if a terminal may show @character: it is not a control character, a line separator,
 * a mark that changes the direction of the text, a letter without a glyph, or anything else without
 * a width, except combining marks
 */
gboolean qblk_text_is_printable(gunichar character);

/** Returns: (transfer full): @text with C escapes for what a terminal may not show, and for bytes
 * that are not UTF-8 */
char *qblk_text_escape(const char *text) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): @text with C escapes for what is not ASCII, and nothing else */
char *qblk_text_to_ascii(const char *text) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Returns: @done of @total in percent, rounded down; -1 if it is not known because one is negative
 * or @total is 0
 */
int qblk_text_percent(gint64 done, gint64 total);

/** Returns: (transfer full) (nullable): @bytes as "8 MiB" or "1.5 GiB"; NULL for QBLK_UNKNOWN */
char *qblk_text_size(gint64 bytes) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: TRUE if @text is a URL such as nbd://host/disk, and not meant as a path of this
 * machine: "./nbd://host" would be one */
gboolean qblk_text_is_url(const char *text);
