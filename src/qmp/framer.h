/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Bytes in, complete messages out.
 *
 * A monitor ends each message with CR LF, but one started with pretty=on breaks lines inside a
 * message too, so a message ends where its braces balance.  The framer looks at each byte once and
 * knows no more of JSON than strings and brackets: whether a message is JSON is the parser's word.
 */
#pragma once

#include <glib.h>

typedef struct QblkFramer QblkFramer;

/** @max_bytes is the longest message to accept; 0 means QBLK_LIMIT_REPLY_BYTES. */
QblkFramer *qblk_framer_new(gsize max_bytes);
void qblk_framer_free(QblkFramer *framer);

/** Change the longest message to accept; 0 means QBLK_LIMIT_REPLY_BYTES. */
void qblk_framer_set_limit(QblkFramer *framer, gsize max_bytes);

/** Drop the unfinished message: the bytes that follow are those of another connection. */
void qblk_framer_reset(QblkFramer *framer);

/**
 * Read @length bytes up to the end of the first message in them.  Sets @used to how many bytes that
 * took and @message to the message, owned by the caller, or to NULL where it has not ended yet:
 * then all bytes were taken.  What is kept between calls is the unfinished message alone.
 *
 * Fails with QBLK_QMP_ERROR_PROTOCOL where anything but white space stands between messages and
 * QBLK_QMP_ERROR_LIMIT where a message is longer or nested deeper than allowed; the framer must not
 * be fed again after that.
 */
gboolean qblk_framer_feed(QblkFramer *framer, const char *bytes, gsize length, gsize *used,
                          GString **message, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** A message has begun and not ended. */
gboolean qblk_framer_is_inside(const QblkFramer *framer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkFramer, qblk_framer_free)
