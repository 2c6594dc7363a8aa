/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A capture: a reply set in a file, {"qblk-capture": 1, "replies": [...]}.
 */
#pragma once

#include "graph/replies.h"

/**
 * Parse a capture.  Unknown fields are kept, and qblk_capture_write writes them.
 *
 * Returns: (transfer full): the replies, or NULL with QBLK_GRAPH_ERROR_FILE if @text is not a
 * capture or has a later format version.
 */
QblkReplies *qblk_capture_read(const char *text, gsize length,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): a capture of @replies, without secrets, one reply on each line */
char *qblk_capture_write(const QblkReplies *replies) G_GNUC_WARN_UNUSED_RESULT;
