/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/client.h"

QblkJson *
qblk_client_call(QblkClient *client, const char *command, const QblkJson *arguments, GError **error)
{
    guint64 id = qblk_client_submit_json(client, command, arguments, 0);
    g_autoptr(QblkAnswer) answer = qblk_client_wait_answer(client, id, error);
    if (answer == NULL || !qblk_answer_check(answer, command, error)) {
        return NULL;
    }
    return g_steal_pointer(&answer->value);
}

gboolean
qblk_client_call_batch(QblkClient *client, const GPtrArray *queries, GPtrArray *answers,
                       GError **error)
{
    g_autofree guint64 *ids = g_new(guint64, queries->len);
    for (guint i = 0; i < queries->len; i++) {
        const QblkQuery *query = g_ptr_array_index(queries, i);
        ids[i] = qblk_client_submit_json(client, query->command, query->arguments, 0);
    }
    g_autoptr(GPtrArray) got = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_answer_free);
    for (guint i = 0; i < queries->len; i++) {
        QblkAnswer *answer = qblk_client_wait_answer(client, ids[i], error);
        if (answer == NULL) {
            for (guint rest = i + 1; rest < queries->len; rest++) {
                qblk_client_abandon(client, ids[rest]);
            }
            return FALSE;
        }
        g_ptr_array_add(got, answer);
    }
    g_ptr_array_extend_and_steal(answers, g_steal_pointer(&got));
    return TRUE;
}
