/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/replies.h"

#include "base/const-cast.h"
#include "base/input.h"
#include "base/limits.h"
#include "base/redact.h"

#include <qblk/capture.h>

#define FORMAT_KEY     "qblk-capture"
#define FORMAT_VERSION 1

static void
set_format_error(GError **error, const char *reason)
{
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, "not a capture: %s", reason);
}

typedef struct {
    const char *command;
    const QblkJson *arguments;
    const QblkJson *value;
    const QblkJson *refusal;
} Entry;

static const QblkJsonField entry_fields[] = {
    {"execute", QBLK_JSON_STRING, TRUE, G_STRUCT_OFFSET(Entry, command)},
    {"arguments", QBLK_JSON_OBJECT, FALSE, G_STRUCT_OFFSET(Entry, arguments)},
    {"return", QBLK_JSON_ANY, FALSE, G_STRUCT_OFFSET(Entry, value)},
    {"error", QBLK_JSON_OBJECT, FALSE, G_STRUCT_OFFSET(Entry, refusal)},
    {NULL},
};

static QblkJson *
ref_or_null(const QblkJson *json)
{
    return json == NULL ? NULL : qblk_json_ref(json);
}

static gboolean
read_entry(QblkReplies *replies, const QblkJson *json, const char *what, GError **error)
{
    Entry entry = {0};
    if (!qblk_json_read(json, entry_fields, &entry, what, error)) {
        return FALSE;
    }
    if ((entry.value == NULL) == (entry.refusal == NULL)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "%s: either 'return' or 'error' is required", what);
        return FALSE;
    }

    QblkReply *reply = qblk_replies_add(replies, entry.command, ref_or_null(entry.arguments),
                                        ref_or_null(entry.value), ref_or_null(entry.refusal));
    reply->entry = qblk_json_ref(json);
    return TRUE;
}

static gboolean
keep_member(const char *key, const QblkJson *value, gpointer header)
{
    if (!g_str_equal(key, "replies")) {
        qblk_json_set(header, key, qblk_json_ref(value));
    }
    return TRUE;
}

/* Returns: the reason why @json is not a capture of this version, or NULL. */
static const char *
check_format(const QblkJson *json)
{
    gint64 version = 0;
    if (!qblk_json_integer(qblk_json_get(json, FORMAT_KEY), &version)) {
        return "it has no '" FORMAT_KEY "'";
    }
    if (version != FORMAT_VERSION) {
        return "its format version is not 1";
    }
    if (!qblk_json_is(qblk_json_get(json, "replies"), QBLK_JSON_ARRAY)) {
        return "it has no list of 'replies'";
    }
    return NULL;
}

QblkReplies *
qblk_capture_parse(const char *text, gsize length, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(QblkJson) json = qblk_json_parse(text, length, &cause);
    const char *reason = json == NULL ? cause->message : check_format(json);
    if (reason != NULL) {
        set_format_error(error, reason);
        return NULL;
    }

    g_autoptr(QblkReplies) replies = qblk_replies_new();
    replies->header = qblk_json_new_object();
    (void)qblk_json_each(json, keep_member, replies->header);

    const QblkJson *entries = qblk_json_get(json, "replies");
    for (gsize i = 0; i < qblk_json_length(entries); i++) {
        g_autofree char *what = g_strdup_printf("replies[%" G_GSIZE_FORMAT "]", i);
        if (!read_entry(replies, qblk_json_at(entries, i), what, &cause)) {
            set_format_error(error, cause->message);
            return NULL;
        }
    }
    return g_steal_pointer(&replies);
}

QblkCapture *
qblk_capture_read(const char *path, GError **error)
{
    gsize length;
    g_autofree char *text = qblk_input_read(path, QBLK_LIMIT_FILE_BYTES, &length, error);
    if (text == NULL) {
        return NULL;
    }

    QblkCapture *capture = qblk_capture_parse(text, length, error);
    if (capture == NULL) {
        g_prefix_error(error, "'%s': ", path);
    }
    return capture;
}

QblkCapture *
qblk_capture_ref(const QblkCapture *capture)
{
    QblkCapture *counted = qblk_const_cast(capture);
    g_atomic_ref_count_inc(&counted->references);
    return counted;
}

void
qblk_capture_unref(QblkCapture *capture)
{
    qblk_replies_free(capture);
}

/* The entry of @reply.  One that was read from a capture keeps its unknown fields. */
static QblkJson *
make_entry(const QblkReply *reply)
{
    if (reply->entry != NULL) {
        return qblk_redact_json(reply->entry);
    }
    g_autoptr(QblkJson) entry = qblk_json_new_object();
    qblk_json_set_string(entry, "execute", reply->command);
    if (reply->arguments != NULL) {
        qblk_json_set(entry, "arguments", qblk_json_ref(reply->arguments));
    }

    const QblkJson *content = reply->value != NULL ? reply->value : reply->refusal;
    qblk_json_set(entry, reply->value != NULL ? "return" : "error", qblk_json_ref(content));
    return qblk_redact_json(entry);
}

static gboolean
write_member(const char *key, const QblkJson *value, gpointer user_data)
{
    g_autofree char *text = qblk_json_print(value, QBLK_JSON_COMPACT);
    g_autoptr(QblkJson) name = qblk_json_new_string(key);
    g_autofree char *quoted = qblk_json_print(name, QBLK_JSON_COMPACT);
    g_string_append_printf(user_data, "%s: %s,\n", quoted, text);
    return TRUE;
}

char *
qblk_capture_to_text(const QblkCapture *replies)
{
    GString *text = g_string_new("{");
    if (replies->header != NULL) {
        g_autoptr(QblkJson) header = qblk_redact_json(replies->header);
        (void)qblk_json_each(header, write_member, text);
    } else {
        g_string_append_printf(text, "\"" FORMAT_KEY "\": %d,\n", FORMAT_VERSION);
    }

    g_string_append(text, "\"replies\": [");
    for (guint i = 0; i < replies->list->len; i++) {
        g_autoptr(QblkJson) entry = make_entry(replies->list->pdata[i]);
        g_autofree char *line = qblk_json_print(entry, QBLK_JSON_COMPACT);
        g_string_append_printf(text, "%s\n%s", i == 0 ? "" : ",", line);
    }
    g_string_append(text, "\n]}\n");
    return g_string_free(text, FALSE);
}

QblkSnapshot *
qblk_snapshot_read_capture(const char *path, const QblkSnapshotOptions *options, GError **error)
{
    g_autoptr(QblkCapture) capture = qblk_capture_read(path, error);

    return capture == NULL ? NULL : qblk_snapshot_load(capture, options, error);
}
