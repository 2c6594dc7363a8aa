/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qmp/outbox.h"

#include <string.h>

void
qblk_outbox_init(QblkOutbox *outbox)
{
    *outbox = (QblkOutbox){.text = g_string_new(NULL)};
}

void
qblk_outbox_clear(QblkOutbox *outbox)
{
    g_string_free(outbox->text, TRUE);
}

void
qblk_outbox_empty(QblkOutbox *outbox)
{
    g_string_truncate(outbox->text, 0);
    outbox->sent = 0;
}

void
qblk_outbox_add(QblkOutbox *outbox, const char *line, gsize length)
{
    g_string_append_len(outbox->text, line, (gssize)length);
}

const char *
qblk_outbox_bytes(const QblkOutbox *outbox, gsize *length)
{
    *length = outbox->text->len - outbox->sent;
    return outbox->text->str + outbox->sent;
}

void
qblk_outbox_sent(QblkOutbox *outbox, gsize length)
{
    outbox->sent += length;
    g_assert(outbox->sent <= outbox->text->len);
    if (outbox->sent == outbox->text->len) {
        qblk_outbox_empty(outbox);
    }
}

/* The lines are compact JSON: a newline ends each, and none has one inside. */
gboolean
qblk_outbox_remove(QblkOutbox *outbox, guint64 id)
{
    const char *text = outbox->text->str;
    g_autofree char *end = g_strdup_printf(",\"id\":%" G_GUINT64_FORMAT "}\n", id);
    const char *begin = text + outbox->sent;
    if (outbox->sent > 0 && begin[-1] != '\n') {
        begin = strchr(begin, '\n') + 1;
    }

    while (*begin != '\0') {
        gsize length = (gsize)(strchr(begin, '\n') + 1 - begin);
        gsize end_length = strlen(end);
        if (length >= end_length && memcmp(begin + length - end_length, end, end_length) == 0) {
            g_string_erase(outbox->text, begin - text, (gssize)length);
            return TRUE;
        }
        begin += length;
    }

    return FALSE;
}
