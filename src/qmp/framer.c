/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/framer.h"

#include "base/json-scan.h"
#include "base/limits.h"
#include "qmp/foreign.h"

#include <qblk/error.h>

struct QblkFramer {
    gsize max_bytes;
    GString *message;   /* owned: the current message so far; NULL between messages */
    QblkJsonScan scan;  /* of the current message */
    GString *foreign;   /* owned: the start of what is no message; NULL: nothing */
    gboolean has_begun; /* there was a message */
};

QblkFramer *
qblk_framer_new(gsize max_bytes)
{
    QblkFramer *framer = g_new0(QblkFramer, 1);
    qblk_framer_set_limit(framer, max_bytes);
    return framer;
}

static void
string_free(GString *string)
{
    if (string != NULL) {
        g_string_free(string, TRUE);
    }
}

void
qblk_framer_set_limit(QblkFramer *framer, gsize max_bytes)
{
    framer->max_bytes = max_bytes == 0 ? QBLK_LIMIT_REPLY_BYTES : max_bytes;
}

void
qblk_framer_reset(QblkFramer *framer)
{
    string_free(framer->message);
    string_free(framer->foreign);
    *framer = (QblkFramer){.max_bytes = framer->max_bytes};
}

void
qblk_framer_free(QblkFramer *framer)
{
    if (framer == NULL) {
        return;
    }

    string_free(framer->message);
    string_free(framer->foreign);
    g_free(framer);
}

gboolean
qblk_framer_is_inside(const QblkFramer *framer)
{
    return framer->message != NULL;
}

/* Returns: the number of bytes at the start that are white space of JSON */
static gsize
count_space(const char *bytes, gsize length)
{
    gsize i = 0;
    while (i < length &&
           (bytes[i] == ' ' || bytes[i] == '\t' || bytes[i] == '\r' || bytes[i] == '\n')) {
        i++;
    }

    return i;
}

void
qblk_framer_explain_foreign(const QblkFramer *framer, const char *peer, GError **error)
{
    if (framer->foreign != NULL) {
        g_clear_error(error);
        g_propagate_prefixed_error(error, qblk_foreign_error(framer->foreign), "%s: ", peer);
    }
}

/* Keep the start of what is no message, until it tells what the peer is. */
static gboolean
keep_foreign(QblkFramer *framer, const char *bytes, gsize length, GError **error)
{
    if (framer->foreign == NULL) {
        framer->foreign = g_string_new(NULL);
    }
    for (gsize i = 0; i < length; i++) {
        g_string_append_c(framer->foreign, bytes[i]);
        if (qblk_foreign_is_enough(framer->foreign)) {
            g_propagate_error(error, qblk_foreign_error(framer->foreign));
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
begin_message(QblkFramer *framer, char first, GError **error)
{
    if (first != '{') {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL,
                    g_ascii_isprint(first) ? "not QMP: a message starts with '%c' instead of '{'"
                                           : "not QMP: a message starts with byte 0x%02x",
                    (guchar)first);
        return FALSE;
    }

    framer->has_begun = TRUE;
    framer->message = g_string_new(NULL);
    framer->scan = (QblkJsonScan){0};
    return TRUE;
}

static gboolean
check_limits(const QblkFramer *framer, gsize more, GError **error)
{
    if (framer->message->len + more > framer->max_bytes) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_LIMIT,
                    "a message has more than %" G_GSIZE_FORMAT
                    " bytes, the limit for one reply (QBLK_LIMIT_REPLY_BYTES)",
                    framer->max_bytes);
        return FALSE;
    }

    if (framer->scan.depth > QBLK_LIMIT_JSON_DEPTH) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_LIMIT,
                    "a message is nested deeper than %d levels (QBLK_LIMIT_JSON_DEPTH)",
                    QBLK_LIMIT_JSON_DEPTH);
        return FALSE;
    }

    return TRUE;
}

gboolean
qblk_framer_feed(QblkFramer *framer, const char *bytes, gsize length, gsize *used,
                 GString **message, GError **error)
{
    gboolean is_between = framer->message == NULL && framer->foreign == NULL;
    gsize start = is_between ? count_space(bytes, length) : 0;
    if (start == length) {
        *used = length;
        *message = NULL;
        return TRUE;
    }

    if (framer->foreign != NULL || (!framer->has_begun && bytes[start] != '{')) {
        *used = length;
        *message = NULL;
        return keep_foreign(framer, bytes + start, length - start, error);
    }

    if (framer->message == NULL && !begin_message(framer, bytes[start], error)) {
        return FALSE;
    }

    gsize scanned =
        qblk_json_scan(&framer->scan, bytes + start, length - start, QBLK_LIMIT_JSON_DEPTH);
    if (!check_limits(framer, scanned, error)) {
        return FALSE;
    }

    g_string_append_len(framer->message, bytes + start, (gssize)scanned);
    *used = start + scanned;
    *message = framer->scan.depth == 0 ? g_steal_pointer(&framer->message) : NULL;
    return TRUE;
}
