/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The brackets, strings and commas of JSON text, counted byte by byte before it is parsed.
 */
#pragma once

#include <glib.h>

/** Begins all zero. */
typedef struct {
    gsize depth;      /* of objects and arrays that are open */
    gsize deepest;    /* the greatest depth so far */
    gsize containers; /* objects and arrays so far */
    gsize commas;     /* outside of strings */
    gboolean in_string;
    gboolean escaped; /* the last byte was the backslash of an escape */
} QblkJsonScan;

/**
 * Scan up to @length @bytes of a text, which may come in pieces: @scan has what was found in all
 * of them.  Stops behind the bracket that closes the outermost object or array (depth is 0 then),
 * and behind one that opens more than @max_depth of them.
 *
 * Returns: the number of bytes scanned
 */
gsize qblk_json_scan(QblkJsonScan *scan, const char *bytes, gsize length, gsize max_depth);
