/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A capture: a reply set written down, {"qblk-capture": 1, "replies": [...]}.
 */
#pragma once

#include "graph/replies.h"

/**
 * Read the text of a capture.  Unknown fields are kept and written back by qblk_capture_write.
 * QBLK_GRAPH_ERROR_FILE where it is no capture, or one of a format to come.
 */
QblkReplies *qblk_capture_read(const char *text, gsize length,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The text of a capture of @replies, secrets redacted, one reply a line. */
char *qblk_capture_write(const QblkReplies *replies) G_GNUC_WARN_UNUSED_RESULT;
