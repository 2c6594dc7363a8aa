/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Names of enum values: a table indexed by the value, read in both directions.
 */
#pragma once

#include <glib.h>

/** Returns: the name of @value; "unknown" if the table does not have it */
const char *qblk_enum_name(const char *const *names, gsize length, int value);

/**
 * Set @value to the index of @name (nullable) in the table.
 *
 * Returns: FALSE, and nothing is set, if the table does not have it
 */
gboolean qblk_enum_value(const char *const *names, gsize length, const char *name, int *value);
