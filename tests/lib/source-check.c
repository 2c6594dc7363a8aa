/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/source-check.h"

QblkSourceOptions *
source_check_options(const char *const *pairs)
{
    QblkSourceOptions *options = qblk_source_options_new();
    for (gsize i = 0; pairs[i] != NULL; i++) {
        g_auto(GStrv) pair = g_strsplit(pairs[i], "=", 2);
        qblk_source_options_set(options, pair[0], pair[1]);
    }
    return options;
}

static gboolean
hosts_equal(const QblkSource *a, const QblkSource *b)
{
    if (a->hosts->len != b->hosts->len) {
        return FALSE;
    }

    for (guint i = 0; i < a->hosts->len; i++) {
        const QblkSourceHost *left = a->hosts->pdata[i], *right = b->hosts->pdata[i];

        if (g_strcmp0(left->transport, right->transport) != 0 ||
            g_strcmp0(left->name, right->name) != 0 || g_strcmp0(left->port, right->port) != 0 ||
            g_strcmp0(left->socket, right->socket) != 0) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
source_check_equal(const QblkSource *a, const QblkSource *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }

    for (const QblkSourceMember *member = qblk_source_members(); member->name != NULL; member++) {
        const char *left = qblk_source_get(a, member->offset);
        const char *right = qblk_source_get(b, member->offset);

        if (g_strcmp0(left, right) != 0) {
            return FALSE;
        }
    }
    return a->type == b->type && hosts_equal(a, b) &&
           source_check_equal(a->data_store, b->data_store);
}
