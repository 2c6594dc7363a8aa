/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The tokens of JSON text in QEMU's dialect, in which strings may be in single quotes.
 *
 * The text need not be valid: each byte that starts no token is one of its own.
 */
#pragma once

#include <glib.h>

/** Types of tokens besides brackets, colons and commas, which are their own. */
#define QBLK_JSON_TOKEN_END     '\0'
#define QBLK_JSON_TOKEN_STRING  '"'
#define QBLK_JSON_TOKEN_NUMBER  '0'
#define QBLK_JSON_TOKEN_KEYWORD 'a'
#define QBLK_JSON_TOKEN_OTHER   '?'

typedef struct {
    char type;
    const char *start;
    const char *end;
} QblkJsonToken;

/** What is left of a text. */
typedef struct {
    const char *at;
    const char *end;
} QblkJsonTokens;

QblkJsonToken qblk_json_tokens_next(QblkJsonTokens *tokens);

/** Skip the rest of the value that starts with @first.  Returns: the end of the value */
const char *qblk_json_tokens_skip(QblkJsonTokens *tokens, QblkJsonToken first);

/** Returns: TRUE if @token is a string, without its quotes @ascii, which has no escapes */
gboolean qblk_json_token_is(QblkJsonToken token, const char *ascii);

/**
 * Returns: (transfer full): the value of a string that is valid; U+0000 becomes the two bytes 0xc0
 * 0x80, as in QEMU
 */
char *qblk_json_token_value(QblkJsonToken token) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Read the escape "\uXXXX" at @at, or two that are a pair of surrogates.
 *
 * @used: (out): the number of bytes that were read
 *
 * Returns: the character; -1 if it is not valid for QEMU
 */
gint32 qblk_json_token_escape(const char *at, const char *end, gsize *used);
