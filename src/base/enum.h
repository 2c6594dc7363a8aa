/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Names of enum values: a table indexed by the value, read in both directions.
 */
#pragma once

#include <glib.h>

/** The name of @value, or "unknown" where the table has none. */
const char *qblk_enum_name(const char *const *names, gsize length, int value);

/** Set @value to the row that is @name; FALSE where there is none. */
gboolean qblk_enum_value(const char *const *names, gsize length, const char *name, int *value);
