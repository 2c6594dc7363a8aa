/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/replies.h"

#include "base/const-cast.h"
#include "base/input.h"
#include "base/json-check.h"
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
check_entry(const QblkJson *json, const char *what, Entry *entry, GError **error)
{
    if (!qblk_json_read(json, entry_fields, entry, what, error)) {
        return FALSE;
    }
    if ((entry->value == NULL) == (entry->refusal == NULL)) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                    "%s: either 'return' or 'error' is required", what);
        return FALSE;
    }
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

static QblkJson *
make_header(const QblkJson *json)
{
    QblkJson *header = qblk_json_new_object();
    (void)qblk_json_each(json, keep_member, header);
    return header;
}

/* Returns: the reason why @json is not a capture of this version, or NULL. */
static const char *
check_format(const QblkJson *json)
{
    gint64 version = 0;
    if (qblk_json_is(json, QBLK_JSON_ARRAY)) {
        return "it is an array, as of several VMs: extract one of its captures, for example the "
               "first with 'jq .[0]', or use 'qblk capture --directory'";
    }
    if (!qblk_json_integer(qblk_json_get(json, FORMAT_KEY), &version)) {
        return "it has no '" FORMAT_KEY "'";
    }
    if (version != FORMAT_VERSION) {
        return "its format version is not 1";
    }
    return NULL;
}

static char *
name_entry(gsize position)
{
    return g_strdup_printf("replies[%" G_GSIZE_FORMAT "]", position);
}

/* ---- a capture that is parsed at once ---- */

static gboolean
read_entry(QblkReplies *replies, const QblkJson *json, const char *what, GError **error)
{
    Entry entry = {0};
    if (!check_entry(json, what, &entry, error)) {
        return FALSE;
    }

    QblkReply *reply = qblk_replies_add(replies, entry.command, ref_or_null(entry.arguments),
                                        ref_or_null(entry.value), ref_or_null(entry.refusal));
    reply->entry = qblk_json_ref(json);
    return TRUE;
}

static QblkReplies *
read_value(const QblkJson *json, GError **error)
{
    const QblkJson *entries = qblk_json_get(json, "replies");
    g_autoptr(GError) cause = NULL;
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    replies->header = make_header(json);

    for (gsize i = 0; i < qblk_json_length(entries); i++) {
        g_autofree char *what = name_entry(i);
        if (!read_entry(replies, qblk_json_at(entries, i), what, &cause)) {
            set_format_error(error, cause->message);
            return NULL;
        }
    }
    return g_steal_pointer(&replies);
}

static QblkReplies *
parse_at_once(GBytes *bytes, GError **error)
{
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length);
    g_autoptr(GError) cause = NULL;
    g_autoptr(QblkJson) json = qblk_json_parse(text, length, &cause);
    const char *reason = json == NULL ? cause->message : check_format(json);
    if (reason == NULL && !qblk_json_is(qblk_json_get(json, "replies"), QBLK_JSON_ARRAY)) {
        reason = "it has no list of 'replies'";
    }
    if (reason != NULL) {
        set_format_error(error, reason);
        return NULL;
    }
    return read_value(json, error);
}

/* ---- a capture whose entries are parsed one at a time ---- */

/* Objects and arrays that are nested deeper than the elements of a reply: these are parsed one at a
 * time. */
#define UNIT_DEPTH 4

static gboolean
read_entry_text(QblkReplies *replies, QblkJsonText *owner, QblkJsonView text, const char *what,
                GError **error)
{
    QblkJsonView value = qblk_json_view_get(text, "return");
    gboolean is_large = value.length >= QBLK_JSON_LARGE;
    g_autoptr(QblkJson) json =
        is_large ? qblk_json_view_parse_without(text, value) : qblk_json_view_parse(text);
    Entry entry = {0};
    if (!check_entry(json, what, &entry, error)) {
        return FALSE;
    }

    QblkJson *arguments = ref_or_null(entry.arguments);
    QblkReply *reply = is_large
                           ? qblk_replies_add_text(replies, entry.command, arguments, owner, value)
                           : qblk_replies_add(replies, entry.command, arguments,
                                              ref_or_null(entry.value), ref_or_null(entry.refusal));
    g_clear_pointer(&reply->arguments, qblk_json_unref);
    reply->source = text;
    if (reply->owner == NULL) {
        reply->owner = qblk_json_text_ref(owner);
    }
    return TRUE;
}

/* What is not common is left to parse_at_once(), and so is the reason why a text is not a capture.
 *
 * @is_common: (out): FALSE if it is left */
static QblkReplies *
parse_entries(GBytes *bytes, gboolean *is_common, GError **error)
{
    g_autoptr(QblkJsonText) text = qblk_json_text_new(bytes, UNIT_DEPTH);
    *is_common = text != NULL;
    if (!*is_common) {
        return NULL;
    }

    QblkJsonView capture = qblk_json_view_new_text(text);
    QblkJsonView entries = qblk_json_view_get(capture, "replies");
    *is_common = qblk_json_view_is_array(entries);
    if (!*is_common) {
        return NULL;
    }

    g_autoptr(QblkJson) rest = qblk_json_view_parse_without(capture, entries);
    *is_common = check_format(rest) == NULL;
    if (!*is_common) {
        return NULL;
    }

    g_autoptr(QblkReplies) replies = qblk_replies_new();
    replies->header = make_header(rest);
    g_auto(QblkJsonWalk) walk = qblk_json_walk_new(entries);
    for (QblkJsonView entry; qblk_json_walk_next_view(&walk, &entry);) {
        g_autoptr(GError) cause = NULL;
        g_autofree char *what = name_entry(walk.position - 1);
        if (!read_entry_text(replies, text, entry, what, &cause)) {
            set_format_error(error, cause->message);
            return NULL;
        }
    }
    return g_steal_pointer(&replies);
}

QblkCapture *
qblk_capture_parse_bytes(GBytes *bytes, GError **error)
{
    gboolean is_common;
    QblkReplies *replies = parse_entries(bytes, &is_common, error);
    return is_common ? replies : parse_at_once(bytes, error);
}

QblkReplies *
qblk_capture_parse(const char *text, gsize length, GError **error)
{
    g_autoptr(GBytes) bytes = g_bytes_new(text, length);
    return qblk_capture_parse_bytes(bytes, error);
}

QblkCapture *
qblk_capture_read(const char *path, GError **error)
{
    gsize length;
    char *text = qblk_input_read(path, QBLK_LIMIT_FILE_BYTES, &length, error);
    if (text == NULL) {
        return NULL;
    }

    g_autoptr(GBytes) bytes = g_bytes_new_take(text, length);
    QblkCapture *capture = qblk_capture_parse_bytes(bytes, error);
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

/* ---- writing ---- */

/* Append @json without its secrets. */
static void
append_clean(GString *out, const QblkJson *json)
{
    g_autoptr(QblkJson) clean = qblk_redact_json(json);
    g_autofree char *text = qblk_json_print(clean, QBLK_JSON_COMPACT);
    g_string_append(out, text);
}

/* Append a value, an array element by element. */
static void
append_view(GString *out, QblkJsonView view)
{
    if (!qblk_json_view_is_array(view)) {
        g_autoptr(QblkJson) json = qblk_json_view_parse(view);
        append_clean(out, json);
        return;
    }

    g_string_append_c(out, '[');
    g_auto(QblkJsonWalk) walk = qblk_json_walk_new(view);
    for (const QblkJson *element; (element = qblk_json_walk_next(&walk)) != NULL;) {
        g_string_append(out, walk.position == 1 ? "" : ",");
        append_clean(out, element);
    }
    g_string_append_c(out, ']');
}

/* An entry whose value is written apart from the rest. */
typedef struct {
    GString *out;
    QblkJsonView value;
    gboolean has_member;
} Writing;

static gboolean
append_member(const char *key, const QblkJson *value, gpointer user_data)
{
    Writing *writing = user_data;
    g_autoptr(QblkJson) name = qblk_json_new_string(key);
    g_autofree char *quoted = qblk_json_print(name, QBLK_JSON_COMPACT);

    g_string_append_printf(writing->out, "%s%s:", writing->has_member ? "," : "", quoted);
    writing->has_member = TRUE;
    if (g_str_equal(key, "return")) {
        append_view(writing->out, writing->value);
    } else {
        g_autofree char *text = qblk_json_print(value, QBLK_JSON_COMPACT);
        g_string_append(writing->out, text);
    }
    return TRUE;
}

/* @rest: the entry, in which the value may be anything */
static void
append_with_value(GString *out, const QblkJson *rest, QblkJsonView value)
{
    g_autoptr(QblkJson) clean = qblk_redact_json(rest);
    Writing writing = {.out = out, .value = value};

    g_string_append_c(out, '{');
    (void)qblk_json_each(clean, append_member, &writing);
    g_string_append_c(out, '}');
}

static QblkJson *
make_entry(const QblkReply *reply)
{
    QblkJson *entry = qblk_json_new_object();
    qblk_json_set_string(entry, "execute", reply->command);
    if (reply->arguments != NULL) {
        qblk_json_set(entry, "arguments", qblk_json_ref(reply->arguments));
    }
    if (reply->refusal != NULL) {
        qblk_json_set(entry, "error", qblk_json_ref(reply->refusal));
    } else {
        qblk_json_set(entry, "return", qblk_json_new_null());
    }
    return entry;
}

/* One that was read from a capture keeps its unknown fields. */
static void
append_entry(GString *out, const QblkReply *reply)
{
    if (reply->entry != NULL) {
        append_clean(out, reply->entry);
        return;
    }

    QblkJsonView value =
        qblk_json_view_is_absent(reply->text) ? qblk_reply_view(reply) : reply->text;
    g_autoptr(QblkJson) rest = NULL;
    if (qblk_json_view_is_absent(reply->source)) {
        rest = make_entry(reply);
    } else if (qblk_json_view_is_absent(reply->text)) {
        append_view(out, reply->source);
        return;
    } else {
        rest = qblk_json_view_parse_without(reply->source, reply->text);
    }
    append_with_value(out, rest, value);
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
    return qblk_capture_to_text_of_vm(replies, NULL);
}

char *
qblk_capture_to_text_of_vm(const QblkCapture *replies, const char *vm)
{
    GString *text = g_string_new("{");
    g_autoptr(QblkJson) header = NULL;
    if (replies->header != NULL) {
        header = qblk_redact_json(replies->header);
    } else {
        header = qblk_json_new_object();
        qblk_json_set(header, FORMAT_KEY, qblk_json_new_integer(FORMAT_VERSION));
    }
    if (vm != NULL) {
        qblk_json_set_string(header, "vm", vm);
    }
    (void)qblk_json_each(header, write_member, text);

    g_string_append(text, "\"replies\": [");
    for (guint i = 0; i < replies->list->len; i++) {
        g_string_append(text, i == 0 ? "\n" : ",\n");
        append_entry(text, replies->list->pdata[i]);
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
