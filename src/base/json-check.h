/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * JSON text that is checked without making values of it.
 *
 * A large reply is kept as text, and its elements are parsed one at a time (base/json-view.h).
 * Checking it first means that it is refused when it arrives, as a whole, and that parsing an
 * element cannot fail later.
 */
#pragma once

#include <glib.h>

/** An object or an array in a text. */
typedef struct {
    const char *start;
    const char *end; /* behind its last bracket */
} QblkJsonSpan;

/** An object or array of fewer bytes is not large. */
#define QBLK_JSON_LARGE 4096

/**
 * Check that qblk_json_parse() would accept @text of @length bytes.  This decides for common texts
 * only: FALSE if @text is not valid, or has something unusual, such as a number with an exponent,
 * an escape in a key or an object with very many members.  Then qblk_json_parse() decides.
 *
 * The limits of the number of values apply to each value that is made at a time.
 *
 * @unit_depth: how many objects and arrays are around a value that is made at a time; what is
 *   above is made at a time, too
 * @large: (nullable): a list of QblkJsonSpan, to which the large objects and arrays are added, in
 *   the order of their ends
 */
gboolean qblk_json_check(const char *text, gsize length, guint unit_depth, GArray *large);
