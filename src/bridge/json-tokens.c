/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/json-tokens.h"

#include <string.h>

static gboolean
is_space(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

static const char *
skip_digits(const char *at, const char *end)
{
    while (at < end && g_ascii_isdigit(*at)) {
        at++;
    }
    return at;
}

/* What follows a number without a space is the next token: QEMU reads "1-2" as two numbers, and
 * takes an exponent after a zero only if that has a fraction.
 * Returns: the end of the number at @at, which is valid */
static const char *
find_number_end(const char *at, const char *end)
{
    at += *at == '-' ? 1 : 0;
    gboolean is_zero = at < end && *at == '0';
    at = skip_digits(at, end);
    gboolean has_fraction = at < end && *at == '.';
    at = has_fraction ? skip_digits(at + 1, end) : at;

    gboolean may_have_exponent = has_fraction || !is_zero;
    if (may_have_exponent && at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '+' || *at == '-') ? 1 : 0;
        at = skip_digits(at, end);
    }
    return at;
}

/* Returns: the end of the string whose quote is at @at */
static const char *
find_string_end(const char *at, const char *end)
{
    char quote = *at;
    for (at++; at < end && *at != quote; at++) {
        if (*at == '\\' && at + 1 < end) {
            at++;
        }
    }
    return at < end ? at + 1 : end;
}

QblkJsonToken
qblk_json_tokens_next(QblkJsonTokens *tokens)
{
    const char *end = tokens->end;
    while (tokens->at < end && is_space(*tokens->at)) {
        tokens->at++;
    }

    QblkJsonToken token = {QBLK_JSON_TOKEN_END, tokens->at, tokens->at};
    if (tokens->at == end) {
        return token;
    }

    char byte = *token.end++;
    if (byte == '"' || byte == '\'') {
        token.type = QBLK_JSON_TOKEN_STRING;
        token.end = find_string_end(token.start, end);
    } else if (g_ascii_isdigit(byte) || byte == '-') {
        token.type = QBLK_JSON_TOKEN_NUMBER;
        token.end = find_number_end(token.start, end);
    } else if (g_ascii_islower(byte)) {
        token.type = QBLK_JSON_TOKEN_KEYWORD;
        while (token.end < end && g_ascii_islower(*token.end)) {
            token.end++;
        }
    } else {
        gboolean is_structure = byte != '\0' && strchr("{}[],:", byte) != NULL;
        token.type = is_structure ? byte : QBLK_JSON_TOKEN_OTHER;
    }

    tokens->at = token.end;
    return token;
}

const char *
qblk_json_tokens_skip(QblkJsonTokens *tokens, QblkJsonToken first)
{
    gsize depth = 0;
    for (QblkJsonToken token = first; token.type != QBLK_JSON_TOKEN_END;
         token = qblk_json_tokens_next(tokens)) {
        if (token.type == '{' || token.type == '[') {
            depth++;
        } else if ((token.type == '}' || token.type == ']') && depth > 0) {
            depth--;
        }

        if (depth == 0) {
            return token.end;
        }
    }
    return tokens->end;
}

/* Returns: the number in the escape "\uXXXX" at @at; -1 if it is not valid */
static gint32
read_hex(const char *at, const char *end)
{
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u') {
        return -1;
    }

    gint32 value = 0;
    for (guint i = 2; i < 6; i++) {
        if (!g_ascii_isxdigit(at[i])) {
            return -1;
        }
        value = value * 16 + g_ascii_xdigit_value(at[i]);
    }
    return value;
}

gint32
qblk_json_token_escape(const char *at, const char *end, gsize *used)
{
    *used = MIN(6, (gsize)(end - at));
    gint32 value = read_hex(at, end);
    if (value >= 0xd800 && value <= 0xdbff) {
        gint32 second = read_hex(at + 6, end);
        if (second < 0xdc00 || second > 0xdfff) {
            return -1;
        }
        *used = 12;
        value = 0x10000 + ((value & 0x3ff) << 10) + (second & 0x3ff);
    }

    gboolean is_surrogate = value >= 0xd800 && value <= 0xdfff;
    gboolean is_no_character = (value >= 0xfdd0 && value <= 0xfdef) || (value & 0xfffe) == 0xfffe;
    return is_surrogate || is_no_character ? -1 : value;
}

gboolean
qblk_json_token_is(QblkJsonToken token, const char *ascii)
{
    if (token.type != QBLK_JSON_TOKEN_STRING || token.end - token.start < 2) {
        return FALSE;
    }

    gsize length = (gsize)(token.end - token.start) - 2;
    if (memchr(token.start, '\\', length + 1) == NULL) {
        return length == strlen(ascii) && memcmp(token.start + 1, ascii, length) == 0;
    }
    g_autofree char *value = qblk_json_token_value(token);
    return strcmp(value, ascii) == 0;
}

static void
append_character(GString *value, gint32 character)
{
    if (character > 0) {
        g_string_append_unichar(value, (gunichar)character);
    } else if (character == 0) {
        g_string_append(value, "\xc0\x80");
    }
}

char *
qblk_json_token_value(QblkJsonToken token)
{
    static const char escapes[] = "b\bf\fn\nr\rt\t";
    GString *value = g_string_new(NULL);
    const char *end = token.end - 1;
    for (const char *at = token.start + 1; at < end;) {
        if (*at != '\\' || at + 1 == end) {
            g_string_append_c(value, *at++);
        } else if (at[1] == 'u') {
            gsize used;
            append_character(value, qblk_json_token_escape(at, end, &used));
            at += used;
        } else {
            const char *found = at[1] == '\0' ? NULL : strchr(escapes, at[1]);
            g_string_append_c(value, found == NULL ? at[1] : found[1]);
            at += 2;
        }
    }
    return g_string_free(value, FALSE);
}
