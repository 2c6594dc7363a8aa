/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/version.h"

static gboolean
read_number(const QblkJson *qemu, const char *key, int *number)
{
    gint64 value;
    if (!qblk_json_integer(qblk_json_get(qemu, key), &value) || value < 0 || value > G_MAXINT) {
        return FALSE;
    }
    *number = (int)value;
    return TRUE;
}

gboolean
qblk_version_load(const QblkReplies *replies, QblkVersion *version)
{
    const QblkJson *qemu = qblk_json_get(qblk_replies_value(replies, "query-version"), "qemu");
    QblkVersion read = {0};
    if (!read_number(qemu, "major", &read.major) || !read_number(qemu, "minor", &read.minor) ||
        !read_number(qemu, "micro", &read.micro)) {
        return FALSE;
    }
    *version = read;
    return TRUE;
}

int
qblk_version_compare(const QblkVersion *a, const QblkVersion *b)
{
    if (a->major != b->major) {
        return a->major < b->major ? -1 : 1;
    }
    if (a->minor != b->minor) {
        return a->minor < b->minor ? -1 : 1;
    }
    return (a->micro > b->micro) - (a->micro < b->micro);
}
