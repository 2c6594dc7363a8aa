/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json-scan.h"

gsize
qblk_json_scan(QblkJsonScan *scan, const char *bytes, gsize length, gsize max_depth)
{
    for (gsize i = 0; i < length; i++) {
        char byte = bytes[i];
        if (scan->escaped) {
            scan->escaped = FALSE;
        } else if (scan->in_string) {
            scan->escaped = byte == '\\';
            scan->in_string = byte != '"';
        } else if (byte == '"') {
            scan->in_string = TRUE;
        } else if (byte == ',') {
            scan->commas++;
        } else if (byte == '{' || byte == '[') {
            scan->containers++;
            scan->depth++;
            scan->deepest = MAX(scan->deepest, scan->depth);
            if (scan->depth > max_depth) {
                return i + 1;
            }
        } else if ((byte == '}' || byte == ']') && scan->depth > 0) {
            scan->depth--;
            if (scan->depth == 0) {
                return i + 1;
            }
        }
    }

    return length;
}
