/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/command-check.h"

#include "bridge/json-tokens.h"

#include <string.h>

/* Keys of one object that are compared with each other; more are sorted. */
#define FEW_KEYS 16

typedef struct {
    const char *start;
    gsize length;
} Key;

/* An object or array that is open. */
typedef struct {
    gboolean is_object;
    guint first_key; /* in the list of keys */
} Level;

typedef struct {
    QblkJsonTokens tokens;
    GArray *levels;        /* of Level */
    GArray *keys;          /* of Key: of all objects that are open */
    GStringChunk *decoded; /* owned: of keys with escapes; or NULL */
} Check;

static char *
new_error(const char *reason)
{
    return g_strconcat("JSON parse error, ", reason, NULL);
}

/* ---- scalars ---- */

/* Returns: the number of bytes of the character at @at; 0 if it is not valid */
static gsize
check_character(const char *at, const char *end)
{
    if ((guchar)*at < 0x80) {
        return 1;
    }
    if (end - at >= 2 && memcmp(at, "\xc0\x80", 2) == 0) {
        return 2; /* U+0000 */
    }

    gunichar value = g_utf8_get_char_validated(at, end - at);
    gboolean is_character =
        value < 0x110000 && (value < 0xfdd0 || value > 0xfdef) && (value & 0xfffe) != 0xfffe;
    return is_character ? (gsize)g_utf8_skip[(guchar)*at] : 0;
}

/* Returns: (nullable): an error in the escape at @at; @used is its length */
static char *
check_escape(const char *at, const char *end, gsize *used)
{
    *used = 2;
    if (at + 1 < end && at[1] == 'u') {
        /* The end of the string is part of what QEMU names. */
        if (qblk_json_token_escape(at, end, used) >= 0) {
            return NULL;
        }
        gsize shown = MIN(6, (gsize)(end + 1 - at));
        return g_strdup_printf("JSON parse error, %.*s is not a valid Unicode character",
                               (int)shown, at);
    }
    gboolean is_known = at + 1 < end && at[1] != '\0' && strchr("\"'\\/bfnrt", at[1]) != NULL;
    return is_known ? NULL : new_error("invalid escape sequence in string");
}

static char *
check_string(QblkJsonToken token)
{
    const char *end = token.end - 1;
    for (const char *at = token.start + 1; at < end;) {
        gsize used = 1;
        if (*at == '\\') {
            char *error = check_escape(at, end, &used);
            if (error != NULL) {
                return error;
            }
        } else if ((guchar)*at >= 0x80) {
            used = check_character(at, end);
            if (used == 0) {
                return new_error("invalid UTF-8 sequence in string");
            }
        }
        at += used;
    }
    return NULL;
}

static gboolean
is_keyword(QblkJsonToken token)
{
    static const char *const words[] = {"true", "false", "null"};
    gsize length = (gsize)(token.end - token.start);
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        if (length == strlen(words[i]) && memcmp(token.start, words[i], length) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static char *
check_keyword(QblkJsonToken token)
{
    if (is_keyword(token)) {
        return NULL;
    }
    gsize length = MIN((gsize)(token.end - token.start), 1000);
    return g_strdup_printf("JSON parse error, invalid keyword '%.*s'", (int)length, token.start);
}

static char *
check_scalar(QblkJsonToken token)
{
    switch (token.type) {
    case QBLK_JSON_TOKEN_STRING:
        return check_string(token);
    case QBLK_JSON_TOKEN_KEYWORD:
        return check_keyword(token);
    case QBLK_JSON_TOKEN_NUMBER:
        return NULL; /* the scan has checked it */
    default:
        return new_error("expecting value");
    }
}

/* ---- objects and arrays ---- */

static int
compare_keys(gconstpointer a, gconstpointer b)
{
    const Key *first = a, *second = b;
    int order = memcmp(first->start, second->start, MIN(first->length, second->length));
    return order != 0 ? order : (first->length > second->length) - (first->length < second->length);
}

/* Returns: TRUE if two of the keys are the same; they may be sorted */
static gboolean
has_duplicates(Key *keys, guint count)
{
    if (count > FEW_KEYS) {
        qsort(keys, count, sizeof(*keys), compare_keys);
        for (guint i = 1; i < count; i++) {
            if (compare_keys(&keys[i - 1], &keys[i]) == 0) {
                return TRUE;
            }
        }
        return FALSE;
    }

    for (guint i = 1; i < count; i++) {
        for (guint other = 0; other < i; other++) {
            if (compare_keys(&keys[other], &keys[i]) == 0) {
                return TRUE;
            }
        }
    }
    return FALSE;
}

static const Level *
last_level(const Check *check)
{
    return &g_array_index(check->levels, Level, check->levels->len - 1);
}

static void
add_key(Check *check, QblkJsonToken token)
{
    Key key = {token.start + 1, (gsize)(token.end - token.start) - 2};
    if (memchr(key.start, '\\', key.length) != NULL) {
        if (check->decoded == NULL) {
            check->decoded = g_string_chunk_new(1024);
        }
        g_autofree char *value = qblk_json_token_value(token);
        key = (Key){g_string_chunk_insert(check->decoded, value), strlen(value)};
    }
    g_array_append_val(check->keys, key);
}

/* Take a key, which starts with @token, and the colon. */
static char *
take_key(Check *check, QblkJsonToken token)
{
    if (token.type == '{' || token.type == '[') {
        return new_error("key is not a string in object");
    }

    char *error = check_scalar(token);
    if (error != NULL) {
        return error;
    }
    if (token.type != QBLK_JSON_TOKEN_STRING) {
        return new_error("key is not a string in object");
    }

    add_key(check, token);
    QblkJsonToken colon = qblk_json_tokens_next(&check->tokens);
    return colon.type == ':' ? NULL : new_error("missing : in object pair");
}

static void
open_level(Check *check, QblkJsonToken token)
{
    const Level level = {.is_object = token.type == '{', .first_key = check->keys->len};
    g_array_append_val(check->levels, level);
}

static char *
close_level(Check *check)
{
    const Level level = *last_level(check);
    guint count = check->keys->len - level.first_key;
    gboolean is_good =
        count < 2 || !has_duplicates(&g_array_index(check->keys, Key, level.first_key), count);
    g_array_set_size(check->levels, check->levels->len - 1);
    g_array_set_size(check->keys, level.first_key);
    return is_good ? NULL : new_error("duplicate key");
}

/* Take what follows a value: brackets that close, and the comma before the next value. */
static char *
take_ends(Check *check)
{
    while (check->levels->len > 0) {
        gboolean is_object = last_level(check)->is_object;
        QblkJsonToken token = qblk_json_tokens_next(&check->tokens);
        if (token.type == ',') {
            return is_object ? take_key(check, qblk_json_tokens_next(&check->tokens)) : NULL;
        }
        if (token.type != (is_object ? '}' : ']')) {
            return new_error(is_object ? "expected separator in dict"
                                       : "expected separator in list");
        }

        char *error = close_level(check);
        if (error != NULL) {
            return error;
        }
    }
    return NULL;
}

/* Take the bracket @token that opens, and the first key.  Returns: an error; @is_empty if the
 * bracket that closes was next */
static char *
take_start(Check *check, QblkJsonToken token, gboolean *is_empty)
{
    open_level(check, token);
    gboolean is_object = token.type == '{';
    QblkJsonTokens rest = check->tokens;
    QblkJsonToken next = qblk_json_tokens_next(&rest);
    *is_empty = next.type == (is_object ? '}' : ']');
    if (*is_empty) {
        check->tokens = rest;
        return close_level(check);
    }
    return is_object ? take_key(check, qblk_json_tokens_next(&check->tokens)) : NULL;
}

static char *
take_all(Check *check)
{
    do {
        QblkJsonToken token = qblk_json_tokens_next(&check->tokens);
        gboolean is_complete = TRUE;
        char *error = NULL;
        if (token.type == '{' || token.type == '[') {
            error = take_start(check, token, &is_complete);
        } else {
            error = check_scalar(token);
        }

        if (error == NULL && is_complete) {
            error = take_ends(check);
        }
        if (error != NULL) {
            return error;
        }
    } while (check->levels->len > 0);
    return NULL;
}

char *
qblk_command_check(const char *text, gsize length)
{
    g_autoptr(GArray) levels = g_array_new(FALSE, FALSE, sizeof(Level));
    g_autoptr(GArray) keys = g_array_new(FALSE, FALSE, sizeof(Key));
    Check check = {.tokens = {text, text + length}, .levels = levels, .keys = keys};
    char *error = take_all(&check);
    g_clear_pointer(&check.decoded, g_string_chunk_free);
    return error;
}
