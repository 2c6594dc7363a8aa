/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/replies.h"

static void
reply_free(gpointer data)
{
    QblkReply *reply = data;
    g_free(reply->command);
    g_clear_pointer(&reply->arguments, qblk_json_unref);
    g_clear_pointer(&reply->value, qblk_json_unref);
    g_clear_pointer(&reply->refusal, qblk_json_unref);
    g_clear_pointer(&reply->entry, qblk_json_unref);
    g_clear_pointer(&reply->owner, qblk_json_text_unref);
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

/* ---- text ---- */

/* Those that are read once, or rarely. */
static gboolean
stays_text(const char *command)
{
    static const char *const commands[] = {"query-named-block-nodes", "query-blockstats",
                                           "x-debug-query-block-graph", NULL};
    return g_strv_contains(commands, command);
}

/* Members of `inserted` that take memory, and that the nodes have as well. */
static gboolean
is_of_node(const char *key)
{
    static const char *const keys[] = {"image",           "cache",     "children", "detect_zeroes",
                                       "write_threshold", "encrypted", NULL};
    return g_strv_contains(keys, key) || g_str_has_prefix(key, "iops") ||
           g_str_has_prefix(key, "bps");
}

static gboolean
keep_inserted(const char *key, const QblkJson *value, gpointer inserted)
{
    if (!is_of_node(key)) {
        qblk_json_set(inserted, key, qblk_json_ref(value));
    }
    return TRUE;
}

static gboolean
keep_member(const char *key, const QblkJson *value, gpointer block)
{
    gboolean is_inserted = g_str_equal(key, "inserted") && qblk_json_is(value, QBLK_JSON_OBJECT);
    QblkJson *kept = is_inserted ? qblk_json_new_object() : qblk_json_ref(value);
    if (is_inserted) {
        (void)qblk_json_each(value, keep_inserted, kept);
    }
    qblk_json_set(block, key, kept);
    return TRUE;
}

/* Parse the reply to query-block. */
static QblkJson *
parse_blocks(QblkJsonView text)
{
    if (!qblk_json_view_is_array(text)) {
        return qblk_json_view_parse(text);
    }

    QblkJson *blocks = qblk_json_new_array();
    g_auto(QblkJsonWalk) walk = qblk_json_walk_new(text);
    for (const QblkJson *block; (block = qblk_json_walk_next(&walk)) != NULL;) {
        gboolean is_object = qblk_json_is(block, QBLK_JSON_OBJECT);
        QblkJson *kept = is_object ? qblk_json_new_object() : qblk_json_ref(block);
        if (is_object) {
            (void)qblk_json_each(block, keep_member, kept);
        }
        qblk_json_append(blocks, kept);
    }
    return blocks;
}

QblkReply *
qblk_replies_add_text(QblkReplies *replies, const char *command, QblkJson *arguments,
                      QblkJsonText *owner, QblkJsonView text)
{
    gboolean has_blocks = g_str_equal(command, "query-block");
    QblkJson *value = NULL;
    if (has_blocks) {
        value = parse_blocks(text);
    } else if (!stays_text(command)) {
        value = qblk_json_view_parse(text);
    }

    QblkReply *reply = qblk_replies_add(replies, command, arguments, value, NULL);
    if (has_blocks || value == NULL) {
        reply->owner = qblk_json_text_ref(owner);
        reply->text = text;
    }
    return reply;
}

QblkReply *
qblk_replies_add_answer(QblkReplies *replies, const char *command, QblkJson *arguments,
                        QblkAnswer *answer)
{
    if (answer->owner != NULL) {
        return qblk_replies_add_text(replies, command, arguments, answer->owner, answer->text);
    }
    return qblk_replies_add(replies, command, arguments, g_steal_pointer(&answer->value),
                            g_steal_pointer(&answer->refusal));
}

QblkJsonView
qblk_reply_view(const QblkReply *reply)
{
    if (reply == NULL) {
        return (QblkJsonView){0};
    }
    return reply->value != NULL ? qblk_json_view_new(reply->value) : reply->text;
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
