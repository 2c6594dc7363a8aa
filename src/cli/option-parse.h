/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The words of a command line as options and arguments.
 */
#pragma once

#include "cli/option-table.h"

/**
 * Read the options in @words into the variables of @table, from left to right.  "--" ends the
 * options.
 *
 * @is_front: the first argument ends the options, as a command's name does
 * @words: (array zero-terminated=1)
 * @arguments: (transfer none): the words that are not options are appended to it
 *
 * Returns: FALSE with a usage error; options before the wrong one are set then
 */
gboolean qblk_option_parse(QblkOptionTable *table, gboolean is_front, char *const *words,
                           GPtrArray *arguments, GError **error) G_GNUC_WARN_UNUSED_RESULT;
