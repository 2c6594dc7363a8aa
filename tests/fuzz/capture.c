/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A written capture is read back as it was, and has nothing more to redact. */
#include <qblk/capture.h>

#include "fuzz/fuzz.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = qblk_capture_parse((const char *)data, size, &error);
    fuzz_check_error(replies != NULL, error);
    if (replies == NULL) {
        return 0;
    }
    g_autofree char *written = qblk_capture_to_text(replies);
    g_autoptr(QblkReplies) again = qblk_capture_parse(written, strlen(written), &error);
    g_assert_no_error(error);
    g_autofree char *rewritten = qblk_capture_to_text(again);
    g_assert_cmpstr(rewritten, ==, written);
    return 0;
}
