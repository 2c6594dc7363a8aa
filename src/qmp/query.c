/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/query.h"

#include "base/redact.h"

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

QblkAnswer *
qblk_answer_new(QblkJson *value, QblkJson *refusal)
{
    g_assert((value == NULL) != (refusal == NULL));
    QblkAnswer *answer = g_new(QblkAnswer, 1);
    *answer = (QblkAnswer){.value = value, .refusal = refusal};
    return answer;
}

QblkAnswer *
qblk_answer_new_text(QblkJsonText *owner, QblkJsonView text)
{
    QblkAnswer *answer = g_new(QblkAnswer, 1);
    *answer = (QblkAnswer){.owner = qblk_json_text_ref(owner), .text = text};
    return answer;
}

const QblkJson *
qblk_answer_value(QblkAnswer *answer)
{
    if (answer->owner != NULL) {
        answer->value = qblk_json_view_parse(answer->text);
        answer->text = (QblkJsonView){0};
        g_clear_pointer(&answer->owner, qblk_json_text_unref);
    }
    return answer->value;
}

void
qblk_answer_free(QblkAnswer *answer)
{
    if (answer == NULL) {
        return;
    }

    qblk_json_unref(answer->value);
    qblk_json_unref(answer->refusal);
    qblk_json_text_unref(answer->owner);
    g_free(answer);
}

/* Messages of QEMU contain file names, with the passwords in URLs. */
char *
qblk_answer_describe(const QblkAnswer *answer)
{
    const char *description = qblk_json_get_string(answer->refusal, "desc");
    return qblk_redact_text(description == NULL ? "no reason given" : description);
}

gboolean
qblk_answer_check(const QblkAnswer *answer, const char *command, GError **error)
{
    if (answer->refusal == NULL) {
        return TRUE;
    }

    const char *error_class = qblk_json_get_string(answer->refusal, "class");
    g_autofree char *clean = qblk_answer_describe(answer);
    gboolean is_missing = g_strcmp0(error_class, "CommandNotFound") == 0;
    g_set_error(error, QBLK_QMP_ERROR,
                is_missing ? QBLK_QMP_ERROR_NOT_FOUND : QBLK_QMP_ERROR_REFUSED, "'%s': %s", command,
                clean);
    return FALSE;
}
