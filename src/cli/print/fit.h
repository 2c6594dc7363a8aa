/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Text that has to fit into some columns of a terminal.
 */
#pragma once

#include "cli/print/terminal.h"

/** Returns: the number of columns that @text takes.  It was escaped. */
guint qblk_fit_width(const char *text);

/**
 * Shorten @text, which was escaped, to @columns, with an ellipsis at its end.
 *
 * Returns: (transfer full): @text if it fits
 */
char *qblk_fit_text(const QblkTerminal *terminal, const char *text,
                    guint columns) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Shorten @path, which was escaped, to @columns, with an ellipsis in its middle: the beginning of
 * the directory and the name of the file stay; of a name that is too long the end stays.
 *
 * Returns: (transfer full): @path if it fits
 */
char *qblk_fit_path(const QblkTerminal *terminal, const char *path,
                    guint columns) G_GNUC_WARN_UNUSED_RESULT;
