/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Bytes in, complete messages out.
 *
 * A monitor ends each message with CR LF, but one that was started with pretty=on also breaks lines
 * inside a message, so a message ends where its brackets balance.  Each byte is examined once.
 * Whether a message is valid JSON is left to the parser.
 */
#pragma once

#include <glib.h>

typedef struct QblkFramer QblkFramer;

/** @max_bytes: the length of the longest message to accept; 0 means QBLK_LIMIT_REPLY_BYTES */
QblkFramer *qblk_framer_new(gsize max_bytes);
void qblk_framer_free(QblkFramer *framer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkFramer, qblk_framer_free)

/** Change the limit that qblk_framer_new() has set. */
void qblk_framer_set_limit(QblkFramer *framer, gsize max_bytes);

/** Drop an incomplete message: the bytes that follow are from another connection. */
void qblk_framer_reset(QblkFramer *framer);

/**
 * Read @length bytes, up to the end of the first message in them.  An incomplete message is kept
 * for the next call.
 *
 * @used: (out): the number of bytes that were read
 * @message: (out) (transfer full) (nullable): the message; NULL if it is incomplete, and all bytes
 *   were read
 *
 * Returns: FALSE with QBLK_QMP_ERROR_PROTOCOL if there is anything but white space between
 * messages, or if the first bytes are those of another protocol, or with QBLK_QMP_ERROR_LIMIT if a
 * message is too long or too deeply nested; the framer must not be used again except by
 * qblk_framer_reset(), _explain_foreign() and _free()
 */
gboolean qblk_framer_feed(QblkFramer *framer, const char *bytes, gsize length, gsize *used,
                          GString **message, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Replace @error, why the connection to @peer has failed, if the peer has sent the start of another
 * protocol only: by QBLK_QMP_ERROR_PROTOCOL with what the peer is.
 *
 * @error: (inout)
 */
void qblk_framer_explain_foreign(const QblkFramer *framer, const char *peer, GError **error);

/** Returns: TRUE if a message is incomplete */
gboolean qblk_framer_is_inside(const QblkFramer *framer);
