/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stream of bytes is split into the same messages wherever it is cut. */
#include "qmp/framer.h"

#include "fuzz/fuzz.h"

#include <qblk/error.h>

/* Small, so that inputs reach it. */
#define MOST_BYTES 1000

/* All messages, one in each line, and the result. */
static GString *
cut(const char *bytes, gsize length, gsize piece)
{
    g_autoptr(QblkFramer) framer = qblk_framer_new(MOST_BYTES);
    g_autoptr(GError) error = NULL;
    GString *result = g_string_new(NULL);
    for (gsize at = 0, used; error == NULL && at < length; at += used) {
        GString *message = NULL;
        gsize most = MIN(piece, length - at);
        if (!qblk_framer_feed(framer, bytes + at, most, &used, &message, &error)) {
            g_assert_nonnull(error);
            g_string_append(result, error->message);
            used = 0;
        } else if (message != NULL) {
            g_assert_true(used > 0 && used <= most && message->len <= MOST_BYTES);
            g_assert_true(message->str[0] == '{' && !qblk_framer_is_inside(framer));
            g_string_append_len(result, message->str, (gssize)message->len);
            g_string_append_c(result, '\n');
            g_string_free(message, TRUE);
        } else {
            g_assert_cmpuint(used, ==, most);
        }
    }
    g_string_append_printf(result, "%d", qblk_framer_is_inside(framer) && error == NULL);
    return result;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GString *whole = cut((const char *)data, size, size);
    for (gsize piece = 1; piece <= 7; piece += 3) {
        GString *parts = cut((const char *)data, size, piece);
        g_assert_true(g_string_equal(whole, parts));
        g_string_free(parts, TRUE);
    }
    g_string_free(whole, TRUE);
    return 0;
}
