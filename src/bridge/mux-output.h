/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Bytes to send, in pieces: a large message is kept as it came, and may be shared by several
 * clients.  Nothing is allocated while it is empty.
 */
#pragma once

#include <glib.h>

/** Begins all zero. */
typedef struct {
    GQueue pieces; /* of Piece, owned */
    gsize sent;    /* bytes of the first one */
    gsize bytes;   /* that are not sent, of all */
    gsize largest; /* of the pieces since it was empty: the bytes of the longest message */
} QblkMuxOutput;

/** Drop all, and close the descriptors. */
void qblk_mux_output_clear(QblkMuxOutput *output);

/** Add the message @text (transfer full).  Short ones are joined. */
void qblk_mux_output_add(QblkMuxOutput *output, GString *text);

/** Add a message that others send, too. */
void qblk_mux_output_add_shared(QblkMuxOutput *output, GBytes *bytes);

/**
 * Add a message that is sent by itself, and can be removed before.
 *
 * @text: (transfer full)
 * @fd: a descriptor that is sent with it, which the output takes over; or -1
 * @tag: names it; not 0
 */
void qblk_mux_output_add_tagged(QblkMuxOutput *output, GString *text, int fd, guint64 tag);

/** Remove the message @tag.  Returns: FALSE if it does not exist, or a byte of it was
 * sent */
gboolean qblk_mux_output_remove(QblkMuxOutput *output, guint64 tag);

/** Returns: the next bytes, of one piece, valid until the next call; @fd (out) (optional) */
const char *qblk_mux_output_bytes(const QblkMuxOutput *output, gsize *length, int *fd);
void qblk_mux_output_sent(QblkMuxOutput *output, gsize length);
