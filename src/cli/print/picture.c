/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/picture.h"

#include "cli/print/output.h"

static void
clear_row(gpointer data)
{
    QblkPictureRow *row = data;

    g_free(row->left);
    g_free(row->right);
}

static void
clear_box(gpointer data)
{
    QblkPictureBox *box = data;

    g_free(box->id);
    g_free(box->tooltip);
    g_free(box->directory);
    g_array_unref(box->rows);
}

static void
clear_link(gpointer data)
{
    QblkPictureLink *link = data;

    g_free(link->label);
}

static void
clear_note(gpointer data)
{
    QblkPictureNote *note = data;

    g_free(note->text);
}

static GArray *
new_array(guint size, GDestroyNotify clear)
{
    GArray *array = g_array_new(FALSE, TRUE, size);

    g_array_set_clear_func(array, clear);
    return array;
}

QblkPicture *
qblk_picture_new(char *title, char *subtitle)
{
    QblkPicture *picture = g_new0(QblkPicture, 1);

    picture->title = title;
    picture->subtitle = subtitle;
    picture->boxes = new_array(sizeof(QblkPictureBox), clear_box);
    picture->links = new_array(sizeof(QblkPictureLink), clear_link);
    picture->lines = new_array(sizeof(QblkPictureLine), NULL);
    picture->notes = new_array(sizeof(QblkPictureNote), clear_note);
    return picture;
}

void
qblk_picture_free(QblkPicture *picture)
{
    g_free(picture->title);
    g_free(picture->subtitle);
    g_array_unref(picture->boxes);
    g_array_unref(picture->links);
    g_array_unref(picture->lines);
    g_array_unref(picture->notes);
    g_free(picture);
}

QblkPictureBox *
qblk_picture_box(const QblkPicture *picture, guint index)
{
    return &g_array_index(picture->boxes, QblkPictureBox, index);
}

gint64
qblk_picture_root(gint64 number)
{
    gint64 root = number, next = (number + 1) / 2;

    while (next < root) { /* by Newton */
        root = next;
        next = (root + number / root) / 2;
    }
    return root;
}

int
qblk_picture_row_height(QblkPictureRowStyle style)
{
    static const int heights[QBLK_PICTURE_N_ROW_STYLES] = {
        [QBLK_PICTURE_TITLE] = 20,   [QBLK_PICTURE_NAME] = 17, [QBLK_PICTURE_PLAIN] = 17,
        [QBLK_PICTURE_MUTED] = 17,   [QBLK_PICTURE_JOB] = 17,  [QBLK_PICTURE_BAR] = 12,
        [QBLK_PICTURE_WARNING] = 17,
    };

    return heights[style];
}

int
qblk_picture_padding(QblkPictureKind kind)
{
    return kind == QBLK_PICTURE_FILTER ? 4 : 9;
}

guint
qblk_picture_add_box(QblkPicture *picture, QblkPictureKind kind, char *id)
{
    QblkPictureBox box = {.kind = kind, .id = id, .next = QBLK_PICTURE_NONE};

    box.rows = new_array(sizeof(QblkPictureRow), clear_row);
    g_array_append_val(picture->boxes, box);
    return picture->boxes->len - 1;
}

void
qblk_picture_add_row(QblkPictureBox *box, QblkPictureRowStyle style, const char *left,
                     const char *right)
{
    QblkPictureRow row = {.style = style, .percent = -1};

    row.left = qblk_output_escape(left);
    row.right = right == NULL ? NULL : qblk_output_escape(right);
    g_array_append_val(box->rows, row);
}

void
qblk_picture_add_text(QblkPictureBox *box, QblkPictureRowStyle style, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    qblk_picture_add_row(box, style, text, NULL);
}

void
qblk_picture_add_bar(QblkPictureBox *box, int percent)
{
    QblkPictureRow row = {.style = QBLK_PICTURE_BAR, .percent = percent};

    row.left = g_strdup("");
    g_array_append_val(box->rows, row);
}

void
qblk_picture_add_link(QblkPicture *picture, QblkPictureLineKind kind, guint from, guint to,
                      const char *label)
{
    for (guint i = 0; i < picture->links->len; i++) {
        const QblkPictureLink *link = &g_array_index(picture->links, QblkPictureLink, i);
        if (link->from == from && link->to == to) {
            return;
        }
    }

    QblkPictureLink link = {.kind = kind, .from = from, .to = to};
    link.label = qblk_output_escape(label);
    g_array_append_val(picture->links, link);
}
