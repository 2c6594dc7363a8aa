/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The bytes that a session has to send: commands, each in a line that ends with its id.
 */
#pragma once

#include <glib.h>

typedef struct {
    GString *text; /* owned */
    gsize sent;    /* how many bytes of it were sent */
} QblkOutbox;

void qblk_outbox_init(QblkOutbox *outbox);
void qblk_outbox_clear(QblkOutbox *outbox);

/** Drop all bytes. */
void qblk_outbox_empty(QblkOutbox *outbox);

/** Add the line of a command. */
void qblk_outbox_add(QblkOutbox *outbox, const char *line, gsize length);

/** Returns: the bytes to send, valid until the next call; @length may be 0 */
const char *qblk_outbox_bytes(const QblkOutbox *outbox, gsize *length);

/** The first @length bytes were sent. */
void qblk_outbox_sent(QblkOutbox *outbox, gsize length);

/**
 * Remove the line of command @id, unless the first byte of it was sent: QEMU needs the rest then.
 *
 * Returns: TRUE if it was removed
 */
gboolean qblk_outbox_remove(QblkOutbox *outbox, guint64 id);
