/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json-check.h"

#include "base/limits.h"

#include <string.h>

/* Members of one object: each key is compared with all others.  QEMU has up to 40. */
#define MAX_MEMBERS 64

/* Digits of a number: less than 64 bits. */
#define MAX_DIGITS 18

typedef struct {
    const char *start;
    gsize length;
} Key;

/* An object or array that is open. */
typedef struct {
    const char *start;
    gboolean is_object;
    guint first_key; /* in the list of keys */
} Level;

typedef struct {
    gsize containers;
    gsize commas;
} Count;

typedef struct {
    const char *at;
    const char *end;
    GArray *levels; /* of Level */
    GArray *keys;   /* of Key: of all objects that are open */
    GArray *large;  /* of QblkJsonSpan, or NULL */
    guint unit_depth;
    Count count; /* of the unit, or outside of units */
    Count above; /* outside of units, while a unit is read */
} Check;

static gboolean
is_next(const Check *check, char byte)
{
    return check->at < check->end && *check->at == byte;
}

static gboolean
take(Check *check, char byte)
{
    if (!is_next(check, byte)) {
        return FALSE;
    }
    check->at++;
    return TRUE;
}

static void
skip_space(Check *check)
{
    while (check->at < check->end &&
           (*check->at == ' ' || *check->at == '\n' || *check->at == '\r' || *check->at == '\t')) {
        check->at++;
    }
}

/* ---- strings ---- */

/* Take an escape after its backslash.  NUL and surrogates are left to the parser. */
static gboolean
take_escape(Check *check)
{
    if (check->at == check->end) {
        return FALSE;
    }
    char kind = *check->at++;
    if (kind != 'u') {
        return kind != '\0' && strchr("\"\\/bfnrt", kind) != NULL;
    }

    guint value = 0;
    for (guint i = 0; i < 4; i++) {
        if (check->at == check->end || !g_ascii_isxdigit(*check->at)) {
            return FALSE;
        }
        value = value * 16 + (guint)g_ascii_xdigit_value(*check->at++);
    }
    return value != 0 && (value < 0xd800 || value > 0xdfff);
}

/* Take a string with its quotes.
 *
 * @key: (out): the text between the quotes
 * @is_plain: (out): FALSE if it has escapes */
static gboolean
take_string(Check *check, Key *key, gboolean *is_plain)
{
    if (!take(check, '"')) {
        return FALSE;
    }

    const char *start = check->at;
    gboolean is_ascii = TRUE;
    *is_plain = TRUE;
    while (check->at < check->end && *check->at != '"') {
        guchar byte = (guchar)*check->at++;
        if (byte == '\\') {
            *is_plain = FALSE;
            if (!take_escape(check)) {
                return FALSE;
            }
        } else if (byte < 0x20) {
            return FALSE;
        } else if (byte >= 0x80) {
            is_ascii = FALSE;
        }
    }

    *key = (Key){start, (gsize)(check->at - start)};
    return take(check, '"') && (is_ascii || g_utf8_validate(start, (gssize)key->length, NULL));
}

/* ---- other values ---- */

static gboolean
take_digits(Check *check)
{
    const char *start = check->at;
    while (check->at < check->end && g_ascii_isdigit(*check->at)) {
        check->at++;
    }
    return check->at > start && check->at - start <= MAX_DIGITS;
}

static gboolean
take_number(Check *check)
{
    (void)take(check, '-');
    const char *start = check->at;
    if (!take_digits(check)) {
        return FALSE;
    }
    if (*start == '0' && check->at - start > 1) {
        return FALSE;
    }
    return !take(check, '.') || take_digits(check);
}

static gboolean
take_word(Check *check)
{
    static const char *const words[] = {"true", "false", "null"};
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        gsize length = strlen(words[i]);
        if ((gsize)(check->end - check->at) >= length && memcmp(check->at, words[i], length) == 0) {
            check->at += length;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
take_scalar(Check *check)
{
    Key ignored;
    gboolean is_plain;
    if (is_next(check, '"')) {
        return take_string(check, &ignored, &is_plain);
    }
    if (is_next(check, '-') || (check->at < check->end && g_ascii_isdigit(*check->at))) {
        return take_number(check);
    }
    return take_word(check);
}

/* ---- objects and arrays ---- */

static gboolean
is_within_limits(const Count *count)
{
    return count->containers <= QBLK_LIMIT_JSON_CONTAINERS &&
           count->containers + count->commas <= QBLK_LIMIT_JSON_VALUES;
}

static Level *
last_level(const Check *check)
{
    return &g_array_index(check->levels, Level, check->levels->len - 1);
}

/* Take a key and the colon after it. */
static gboolean
take_key(Check *check)
{
    Key key;
    gboolean is_plain;
    skip_space(check);
    if (!take_string(check, &key, &is_plain) || !is_plain) {
        return FALSE;
    }

    guint first = last_level(check)->first_key;
    if (check->keys->len - first == MAX_MEMBERS) {
        return FALSE;
    }
    for (guint i = first; i < check->keys->len; i++) {
        const Key *other = &g_array_index(check->keys, Key, i);
        if (other->length == key.length && memcmp(other->start, key.start, key.length) == 0) {
            return FALSE;
        }
    }

    g_array_append_val(check->keys, key);
    skip_space(check);
    return take(check, ':');
}

/* Enter the object or array whose bracket is next. */
static gboolean
open_level(Check *check)
{
    const Level level = {
        .start = check->at,
        .is_object = *check->at == '{',
        .first_key = check->keys->len,
    };
    check->at++;
    if (check->levels->len == QBLK_LIMIT_JSON_DEPTH) {
        return FALSE;
    }
    if (check->levels->len == check->unit_depth) {
        check->above = check->count;
        check->count = (Count){0};
    }
    check->count.containers++;
    g_array_append_val(check->levels, level);
    return TRUE;
}

/* Leave the object or array that is open if its bracket is next. */
static gboolean
close_level(Check *check)
{
    const Level level = *last_level(check);
    if (!take(check, level.is_object ? '}' : ']')) {
        return FALSE;
    }

    const QblkJsonSpan span = {level.start, check->at};
    if (check->large != NULL && span.end - span.start >= QBLK_JSON_LARGE) {
        g_array_append_val(check->large, span);
    }

    gboolean is_within = is_within_limits(&check->count);
    g_array_set_size(check->levels, check->levels->len - 1);
    g_array_set_size(check->keys, level.first_key);
    if (check->levels->len == check->unit_depth) {
        check->count = check->above;
        check->count.containers++;
    }
    return is_within;
}

/* Take what follows a value: brackets that close, and the comma before the next value. */
static gboolean
take_ends(Check *check)
{
    while (check->levels->len > 0) {
        skip_space(check);
        if (take(check, ',')) {
            check->count.commas++;
            return !last_level(check)->is_object || take_key(check);
        }
        if (!close_level(check)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Take the first part of a value: a scalar, a bracket that opens, or an empty object or array. */
static gboolean
take_value(Check *check, gboolean *is_complete)
{
    skip_space(check);
    *is_complete = TRUE;
    if (!is_next(check, '{') && !is_next(check, '[')) {
        return take_scalar(check);
    }
    if (!open_level(check)) {
        return FALSE;
    }

    skip_space(check);
    gboolean is_object = last_level(check)->is_object;
    if (is_next(check, is_object ? '}' : ']')) {
        return close_level(check);
    }
    *is_complete = FALSE;
    return !is_object || take_key(check);
}

static gboolean
take_all(Check *check)
{
    do {
        gboolean is_complete;
        if (!take_value(check, &is_complete) || (is_complete && !take_ends(check))) {
            return FALSE;
        }
    } while (check->levels->len > 0);

    skip_space(check);
    return check->at == check->end && is_within_limits(&check->count);
}

gboolean
qblk_json_check(const char *text, gsize length, guint unit_depth, GArray *large)
{
    g_autoptr(GArray) levels = g_array_new(FALSE, FALSE, sizeof(Level));
    g_autoptr(GArray) keys = g_array_new(FALSE, FALSE, sizeof(Key));
    Check check = {
        .at = text,
        .end = text + length,
        .levels = levels,
        .keys = keys,
        .large = large,
        .unit_depth = unit_depth,
    };
    return take_all(&check);
}
