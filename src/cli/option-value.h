/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The arguments of options as values.
 */
#pragma once

#include "cli/option-table.h"

/**
 * Store @text where the entry of @option has its variable.  A number is decimal or, if it is an
 * integer, hexadecimal after 0x; a text is UTF-8, except that of a file name.
 *
 * @option: one with an argument
 *
 * Returns: FALSE with a usage error if @text is no value of its kind
 */
gboolean qblk_option_value_set(const QblkOption *option, const char *text,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
