/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/reply-text.h"

#include "bridge/json-tokens.h"

#include <string.h>

/* Digits of an id of the bridge. */
#define MAX_DIGITS 18

static gboolean
is_space(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/* Returns: the end of @text without white space at the end */
static gsize
trim(const char *text, gsize end)
{
    while (end > 0 && is_space(text[end - 1])) {
        end--;
    }
    return end;
}

static gboolean
read_number(const char *start, gsize length, guint64 *number)
{
    *number = 0;
    if (length == 0 || length > MAX_DIGITS) {
        return FALSE;
    }
    for (gsize i = 0; i < length; i++) {
        if (!g_ascii_isdigit(start[i])) {
            return FALSE;
        }
        *number = *number * 10 + (guint64)(start[i] - '0');
    }
    return TRUE;
}

/* Note the id whose value is from @start to @end and whose key starts at @key. */
static void
note_id(QblkReplyText *reply, const char *text, gsize length, gsize key, gsize start, gsize end)
{
    reply->has_id = read_number(text + start, end - start, &reply->id);
    reply->id_start = start;
    reply->id_end = end;
    reply->member_start = key;
    reply->member_end = end;

    gsize before = trim(text, key);
    if (before > 0 && text[before - 1] == ',') {
        reply->member_start = before - 1;
        return;
    }
    gsize after = end;
    while (after < length && (is_space(text[after]) || text[after] == ',')) {
        after++;
    }
    reply->member_end = after;
}

/* ---- the id at the end, where QEMU writes that of a return: the value is not looked at ---- */

static gboolean
find_last_id(QblkReplyText *reply, const char *text, gsize length)
{
    gsize end = trim(text, trim(text, length) - 1); /* before the brace */
    gsize start = end;
    while (start > 0 && g_ascii_isdigit(text[start - 1])) {
        start--;
    }

    gsize colon = trim(text, start);
    if (start == end || colon == 0 || text[colon - 1] != ':') {
        return FALSE;
    }

    gsize key_end = trim(text, colon - 1);
    if (key_end < 5 || memcmp(text + key_end - 4, "\"id\"", 4) != 0) {
        return FALSE;
    }
    /* A quote within a string has a backslash before it, so this one starts the key. */
    char before = text[key_end - 5];
    if (before != ',' && before != '{' && !is_space(before)) {
        return FALSE;
    }
    note_id(reply, text, length, key_end - 4, start, end);
    return TRUE;
}

/* ---- all members ---- */

static QblkReplyKind
kind_of(QblkJsonToken key)
{
    static const struct {
        const char *key;
        QblkReplyKind kind;
    } kinds[] = {
        {"QMP", QBLK_REPLY_GREETING},
        {"return", QBLK_REPLY_RETURN},
        {"error", QBLK_REPLY_ERROR},
        {"event", QBLK_REPLY_EVENT},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (qblk_json_token_is(key, kinds[i].key)) {
            return kinds[i].kind;
        }
    }
    return QBLK_REPLY_OTHER;
}

QblkReplyText
qblk_reply_text_read(const char *text, gsize length)
{
    QblkReplyText reply = {.kind = QBLK_REPLY_OTHER};
    QblkJsonTokens tokens = {text, text + length};
    (void)qblk_json_tokens_next(&tokens);
    for (QblkJsonToken key = qblk_json_tokens_next(&tokens); key.type == QBLK_JSON_TOKEN_STRING;
         key = qblk_json_tokens_next(&tokens)) {
        QblkReplyKind kind = kind_of(key);
        reply.kind = kind == QBLK_REPLY_OTHER ? reply.kind : kind;
        if (kind == QBLK_REPLY_RETURN && find_last_id(&reply, text, length)) {
            return reply;
        }

        (void)qblk_json_tokens_next(&tokens); /* the colon */
        QblkJsonToken value = qblk_json_tokens_next(&tokens);
        const char *end = qblk_json_tokens_skip(&tokens, value);
        if (qblk_json_token_is(key, "id")) {
            note_id(&reply, text, length, (gsize)(key.start - text), (gsize)(value.start - text),
                    (gsize)(end - text));
        }
        (void)qblk_json_tokens_next(&tokens); /* the comma or brace */
    }
    return reply;
}

void
qblk_reply_text_set_id(const QblkReplyText *reply, GString *text, const char *id)
{
    if (reply->id_end == 0) {
        return;
    }
    gsize start = id == NULL ? reply->member_start : reply->id_start;
    gsize end = id == NULL ? reply->member_end : reply->id_end;
    g_string_erase(text, (gssize)start, (gssize)(end - start));
    if (id != NULL) {
        g_string_insert(text, (gssize)start, id);
    }
}

/* ---- query-commands ---- */

/* Returns: the end of the list that is returned; 0 if it is no list */
static gsize
find_list_end(const char *text, gsize length)
{
    QblkJsonTokens tokens = {text, text + length};
    (void)qblk_json_tokens_next(&tokens);
    for (QblkJsonToken key = qblk_json_tokens_next(&tokens); key.type == QBLK_JSON_TOKEN_STRING;
         key = qblk_json_tokens_next(&tokens)) {
        (void)qblk_json_tokens_next(&tokens);
        QblkJsonToken value = qblk_json_tokens_next(&tokens);
        const char *end = qblk_json_tokens_skip(&tokens, value);
        if (value.type == '[' && qblk_json_token_is(key, "return")) {
            return trim(text, (gsize)(end - text) - 1);
        }
        (void)qblk_json_tokens_next(&tokens);
    }
    return 0;
}

void
qblk_reply_text_add_commands(GString *text, const char *const *names, gboolean is_pretty)
{
    gsize end = find_list_end(text->str, text->len);
    if (end == 0) {
        return;
    }

    GString *added = g_string_new(NULL);
    for (gsize i = 0; names[i] != NULL; i++) {
        gboolean is_first = i == 0 && text->str[end - 1] == '[';
        g_string_append(added, is_first ? "" : is_pretty ? "," : ", ");
        g_string_append_printf(added,
                               is_pretty
                                   ? "\r\n        {\r\n            \"name\": \"%s\"\r\n        }"
                                   : "{\"name\": \"%s\"}",
                               names[i]);
    }
    g_string_insert_len(text, (gssize)end, added->str, (gssize)added->len);
    g_string_free(added, TRUE);
}

gboolean
qblk_reply_text_is_pretty(const char *text, gsize length)
{
    return memchr(text, '\n', length) != NULL;
}

/* ---- replies of the bridge ---- */

/* Append a string as QEMU writes it: ASCII only, U+FFFD for what is not UTF-8. */
static void
append_string(GString *out, const char *value)
{
    static const char escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    g_string_append_c(out, '"');
    for (const char *at = value; *at != '\0';) {
        gunichar character = g_utf8_get_char_validated(at, -1);
        gboolean is_valid = character < 0x110000;
        const char *escape = escapes;
        while (*escape != '\0' && *escape != *at) {
            escape += 2;
        }

        if (*escape != '\0') {
            g_string_append_c(out, '\\');
            g_string_append_c(out, escape[1]);
        } else if (!is_valid) {
            g_string_append(out, "\\uFFFD");
        } else if (character >= 0x20 && character < 0x7f) {
            g_string_append_c(out, (char)character);
        } else if (character < 0x10000) {
            g_string_append_printf(out, "\\u%04X", character);
        } else {
            guint rest = character - 0x10000;
            g_string_append_printf(out, "\\u%04X\\u%04X", 0xd800 | rest >> 10,
                                   0xdc00 | (rest & 0x3ff));
        }
        at += is_valid ? (gsize)g_utf8_skip[(guchar)*at] : 1;
    }
    g_string_append_c(out, '"');
}

GString *
qblk_reply_text_new_return(const char *id, const char *value, gboolean is_pretty)
{
    GString *text = g_string_new(is_pretty ? "{\r\n    \"return\": " : "{\"return\": ");
    const char *empty = is_pretty ? "{\r\n    }" : "{}";
    g_string_append(text, value == NULL ? empty : value);
    if (id != NULL) {
        g_string_append(text, is_pretty ? ",\r\n    \"id\": " : ", \"id\": ");
        g_string_append(text, id);
    }
    g_string_append(text, is_pretty ? "\r\n}" : "}");
    return text;
}

GString *
qblk_reply_text_new_error(const char *id, const char *error_class, const char *description,
                          gboolean is_pretty)
{
    GString *text = g_string_new(is_pretty ? "{\r\n    " : "{");
    if (id != NULL) {
        g_string_append_printf(text, "\"id\": %s%s", id, is_pretty ? ",\r\n    " : ", ");
    }
    g_string_append(text,
                    is_pretty ? "\"error\": {\r\n        \"class\": " : "\"error\": {\"class\": ");
    append_string(text, error_class);
    g_string_append(text, is_pretty ? ",\r\n        \"desc\": " : ", \"desc\": ");
    append_string(text, description);
    g_string_append(text, is_pretty ? "\r\n    }\r\n}" : "}}");
    return text;
}
