/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/mux-output.h"

#include "bridge/mux-descriptors.h"

/* Messages are joined up to this length; a longer one is not copied. */
#define JOINED_BYTES 16384

typedef struct {
    GString *text; /* owned; or NULL */
    GBytes *bytes; /* a reference; or NULL */
    int fd;        /* owned; or -1 */
    guint64 tag;
} Piece;

static void
piece_free(gpointer data)
{
    Piece *piece = data;
    if (piece->text != NULL) {
        g_string_free(piece->text, TRUE);
    }
    g_clear_pointer(&piece->bytes, g_bytes_unref);
    qblk_mux_descriptor_close(piece->fd);
    g_free(piece);
}

static const char *
piece_data(const Piece *piece, gsize *length)
{
    if (piece->bytes != NULL) {
        return g_bytes_get_data(piece->bytes, length);
    }
    *length = piece->text->len;
    return piece->text->str;
}

void
qblk_mux_output_clear(QblkMuxOutput *output)
{
    g_queue_clear_full(&output->pieces, piece_free);
    *output = (QblkMuxOutput){0};
}

static Piece *
push(QblkMuxOutput *output, gsize length)
{
    Piece *piece = g_new0(Piece, 1);
    piece->fd = -1;
    g_queue_push_tail(&output->pieces, piece);
    output->bytes += length;
    output->largest = MAX(output->largest, length);
    return piece;
}

/* Returns: (nullable): the last piece, if @length bytes can be joined to it */
static Piece *
last_joinable(const QblkMuxOutput *output, gsize length)
{
    Piece *last = output->pieces.tail == NULL ? NULL : output->pieces.tail->data;
    gboolean is_text = last != NULL && last->text != NULL && last->tag == 0;
    return is_text && last->text->len + length <= JOINED_BYTES ? last : NULL;
}

static gboolean
join(QblkMuxOutput *output, const char *text, gsize length)
{
    Piece *last = last_joinable(output, length);
    if (last == NULL) {
        return FALSE;
    }
    g_string_append_len(last->text, text, (gssize)length);
    output->bytes += length;
    output->largest = MAX(output->largest, length);
    return TRUE;
}

void
qblk_mux_output_add(QblkMuxOutput *output, GString *text)
{
    if (join(output, text->str, text->len)) {
        g_string_free(text, TRUE);
        return;
    }
    push(output, text->len)->text = text;
}

void
qblk_mux_output_add_shared(QblkMuxOutput *output, GBytes *bytes)
{
    gsize length;
    const char *data = g_bytes_get_data(bytes, &length);
    if (!join(output, data, length)) {
        push(output, length)->bytes = g_bytes_ref(bytes);
    }
}

void
qblk_mux_output_add_tagged(QblkMuxOutput *output, GString *text, int fd, guint64 tag)
{
    Piece *piece = push(output, text->len);
    piece->text = text;
    piece->fd = fd;
    piece->tag = tag;
}

gboolean
qblk_mux_output_remove(QblkMuxOutput *output, guint64 tag)
{
    for (GList *link = output->pieces.head; link != NULL; link = link->next) {
        Piece *piece = link->data;
        if (piece->tag != tag) {
            continue;
        }
        if (link == output->pieces.head && output->sent > 0) {
            return FALSE;
        }

        output->bytes -= piece->text->len;
        g_queue_delete_link(&output->pieces, link);
        piece_free(piece);
        return TRUE;
    }
    return FALSE;
}

const char *
qblk_mux_output_bytes(const QblkMuxOutput *output, gsize *length, int *fd)
{
    const Piece *first = output->pieces.head == NULL ? NULL : output->pieces.head->data;
    *length = 0;
    if (fd != NULL) {
        *fd = first == NULL ? -1 : first->fd;
    }
    if (first == NULL) {
        return "";
    }

    const char *data = piece_data(first, length);
    *length -= output->sent;
    return data + output->sent;
}

void
qblk_mux_output_sent(QblkMuxOutput *output, gsize length)
{
    if (length == 0) {
        return;
    }

    Piece *first = g_queue_peek_head(&output->pieces);
    gsize all;
    (void)piece_data(first, &all);
    g_assert(output->sent + length <= all);
    output->sent += length;
    output->bytes -= length;
    qblk_mux_descriptor_close(first->fd); /* it went with the first byte */
    first->fd = -1;

    if (output->sent == all) {
        output->sent = 0;
        piece_free(g_queue_pop_head(&output->pieces));
    }
    if (output->bytes == 0) {
        output->largest = 0;
    }
}
