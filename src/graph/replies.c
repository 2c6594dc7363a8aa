/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/replies.h"

#include "qmp/query.h"

static void
reply_free(gpointer data)
{
    QblkReply *reply = data;
    g_free(reply->command);
    g_clear_pointer(&reply->arguments, qblk_json_unref);
    g_clear_pointer(&reply->value, qblk_json_unref);
    g_clear_pointer(&reply->refusal, qblk_json_unref);
    g_clear_pointer(&reply->entry, qblk_json_unref);
    g_free(reply);
}

QblkReplies *
qblk_replies_new(void)
{
    QblkReplies *replies = g_new0(QblkReplies, 1);
    g_atomic_ref_count_init(&replies->references);
    replies->list = g_ptr_array_new_with_free_func(reply_free);
    replies->index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    replies->paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return replies;
}

void
qblk_replies_free(QblkReplies *replies)
{
    if (replies == NULL || !g_atomic_ref_count_dec(&replies->references)) {
        return;
    }
    g_hash_table_unref(replies->index);
    g_hash_table_unref(replies->paths);
    g_ptr_array_unref(replies->list);
    g_clear_pointer(&replies->header, qblk_json_unref);
    g_clear_pointer(&replies->opened, qblk_opened_files_free);
    g_clear_pointer(&replies->image_layers, g_ptr_array_unref);
    g_strfreev(replies->arguments);
    g_free(replies);
}

/* Index the object by the value of its property. */
static void
index_property(QblkReplies *replies, const QblkReply *reply)
{
    const char *path = qblk_json_get_string(reply->arguments, "path");
    const char *property = qblk_json_get_string(reply->arguments, "property");
    if (!g_str_equal(reply->command, "qom-get") || path == NULL || property == NULL ||
        !qblk_json_is(reply->value, QBLK_JSON_STRING)) {
        return;
    }

    g_autofree char *key = qblk_query_key(property, reply->value);
    if (!g_hash_table_contains(replies->paths, key)) {
        g_hash_table_insert(replies->paths, g_steal_pointer(&key), g_strdup(path));
    }
}

QblkReply *
qblk_replies_add(QblkReplies *replies, const char *command, QblkJson *arguments, QblkJson *value,
                 QblkJson *refusal)
{
    QblkReply *reply = g_new0(QblkReply, 1);
    reply->command = g_strdup(command);
    reply->arguments = arguments;
    reply->value = value;
    reply->refusal = refusal;
    g_ptr_array_add(replies->list, reply);

    g_autofree char *key = qblk_query_key(command, arguments);
    if (!g_hash_table_contains(replies->index, key)) {
        g_hash_table_insert(replies->index, g_steal_pointer(&key), reply);
    }
    index_property(replies, reply);
    return reply;
}

const QblkReply *
qblk_replies_find(const QblkReplies *replies, const char *command, const QblkJson *arguments)
{
    g_autofree char *key = qblk_query_key(command, arguments);
    return g_hash_table_lookup(replies->index, key);
}

const QblkJson *
qblk_replies_value(const QblkReplies *replies, const char *command)
{
    const QblkReply *reply = qblk_replies_find(replies, command, NULL);
    return reply == NULL ? NULL : reply->value;
}

const char *
qblk_replies_path(const QblkReplies *replies, const char *property, const char *value)
{
    g_autoptr(QblkJson) json = qblk_json_new_string(value);
    g_autofree char *key = qblk_query_key(property, json);
    return g_hash_table_lookup(replies->paths, key);
}

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
qblk_replies_version(const QblkReplies *replies, QblkQemuVersion *version)
{
    const QblkJson *qemu = qblk_json_get(qblk_replies_value(replies, "query-version"), "qemu");
    QblkQemuVersion read = {0};
    if (!read_number(qemu, "major", &read.major) || !read_number(qemu, "minor", &read.minor) ||
        !read_number(qemu, "micro", &read.micro)) {
        return FALSE;
    }
    *version = read;
    return TRUE;
}

int
qblk_qemu_version_compare(const QblkQemuVersion *a, const QblkQemuVersion *b)
{
    if (a->major != b->major) {
        return a->major < b->major ? -1 : 1;
    }
    if (a->minor != b->minor) {
        return a->minor < b->minor ? -1 : 1;
    }
    return (a->micro > b->micro) - (a->micro < b->micro);
}
