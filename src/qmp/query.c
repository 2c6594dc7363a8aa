/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/query.h"

QblkQuery *
qblk_query_new(const char *command, QblkJson *arguments)
{
    QblkQuery *query = g_new(QblkQuery, 1);
    *query = (QblkQuery){.command = g_strdup(command), .arguments = arguments};
    return query;
}

void
qblk_query_free(QblkQuery *query)
{
    if (query == NULL) {
        return;
    }
    g_free(query->command);
    qblk_json_unref(query->arguments);
    g_free(query);
}

char *
qblk_query_key(const char *command, const QblkJson *arguments)
{
    g_autofree char *text =
        arguments == NULL ? g_strdup("{}") : qblk_json_print(arguments, QBLK_JSON_SORTED);
    return g_strconcat(command, " ", text, NULL);
}

gboolean
qblk_query_is_read_only(const char *command)
{
    static const char *const others[] = {"qom-get", "qom-list", "x-debug-query-block-graph", NULL};
    return g_str_has_prefix(command, "query-") || g_strv_contains(others, command);
}
