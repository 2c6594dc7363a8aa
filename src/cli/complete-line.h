/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A command line of bash that is being typed, and what readline replaces of its last word.
 */
#pragma once

#include <glib.h>

typedef struct {
    GPtrArray *words; /* of char, owned: without quotes; the last one is typed, and may be empty */
    char quote;       /* the quote that is open in the last word, or 0 */
    gsize kept;       /* bytes of the last word that are in front of what is replaced */
} QblkCompleteLine;

/**
 * Split @text at blanks, with the quotes of a shell.  Variables are not replaced.
 *
 * @text: the line up to the cursor
 * @breaks: COMP_WORDBREAKS: without quotes, these characters begin what readline replaces
 */
QblkCompleteLine *qblk_complete_line_new(const char *text, const char *breaks);
void qblk_complete_line_free(QblkCompleteLine *line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkCompleteLine, qblk_complete_line_free)

/**
 * Returns: (transfer full): @candidate, which is a whole word, as readline inserts it
 *
 * @is_only: no other candidate exists
 */
char *qblk_complete_line_quote(const QblkCompleteLine *line, const char *candidate,
                               gboolean is_only);
