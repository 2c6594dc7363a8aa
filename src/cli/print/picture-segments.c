/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/picture-segments.h"

/* A picture is at least this high and wide before it is folded and wrapped. */
#define MIN_COLUMN_HEIGHT 1000
#define MIN_COLUMNS       5

QblkPictureSegment *
qblk_picture_segments_at(const QblkPictureSegments *segments, guint index)
{
    return &g_array_index(segments->all, QblkPictureSegment, index);
}

guint
qblk_picture_segments_box(const QblkPictureSegments *segments, const QblkPictureSegment *segment,
                          guint position)
{
    return g_array_index(segments->members, guint, segment->first + position);
}

guint
qblk_picture_segments_root(const QblkPictureSegments *segments, guint box)
{
    guint index = segments->of[box];

    while (qblk_picture_segments_at(segments, index)->next != QBLK_PICTURE_NONE) {
        index = qblk_picture_segments_at(segments, index)->next;
    }
    return index;
}

static QblkPictureBox *
member(const QblkPictureSegments *segments, guint index)
{
    return qblk_picture_box(segments->picture, g_array_index(segments->members, guint, index));
}

/* ---- sizes ---- */

static void
set_size(QblkPictureBox *box)
{
    box->width = QBLK_PICTURE_BOX_WIDTH;
    box->height = 2 * qblk_picture_padding(box->kind);
    for (guint i = 0; i < box->rows->len; i++) {
        box->height += qblk_picture_row_height(g_array_index(box->rows, QblkPictureRow, i).style);
    }
}

/* A picture of many boxes is about as high as it is wide. */
static void
set_limits(QblkPictureSegments *segments)
{
    gint64 area = 0;

    for (guint i = 0; i < segments->picture->boxes->len; i++) {
        area += (gint64)(qblk_picture_box(segments->picture, i)->height + QBLK_PICTURE_GAP) *
                QBLK_PICTURE_COLUMN;
    }
    segments->max_height = MAX(MIN_COLUMN_HEIGHT, (int)qblk_picture_root(area * 5 / 8));
    segments->max_columns =
        MAX(MIN_COLUMNS, (guint)(qblk_picture_root(area * 8 / 5) / QBLK_PICTURE_COLUMN));
}

/* ---- segments ---- */

static void
add_segment(QblkPictureSegments *segments, guint box, const guint *n_above)
{
    QblkPictureSegment segment = {.first = segments->members->len, .next = QBLK_PICTURE_NONE};
    guint index = segments->all->len;

    do {
        g_array_append_val(segments->members, box);
        segments->of[box] = index;
        segment.count++;
        box = qblk_picture_box(segments->picture, box)->next;
    } while (box != QBLK_PICTURE_NONE && n_above[box] == 1);
    g_array_append_val(segments->all, segment);
}

static void
connect_segments(QblkPictureSegments *segments)
{
    for (guint i = 0; i < segments->all->len; i++) {
        QblkPictureSegment *segment = qblk_picture_segments_at(segments, i);
        guint next = member(segments, segment->first + segment->count - 1)->next;
        if (next == QBLK_PICTURE_NONE) {
            continue;
        }

        segment->next = segments->of[next];
        QblkPictureSegment *below = qblk_picture_segments_at(segments, segment->next);
        if (below->above == NULL) {
            below->above = g_array_new(FALSE, FALSE, sizeof(guint));
        }
        g_array_append_val(below->above, i);
    }
}

static void
make_segments(QblkPictureSegments *segments)
{
    guint n_boxes = segments->picture->boxes->len;
    g_autofree guint *n_above = g_new0(guint, n_boxes + 1);

    for (guint i = 0; i < n_boxes; i++) {
        guint next = qblk_picture_box(segments->picture, i)->next;
        if (next != QBLK_PICTURE_NONE) {
            n_above[next]++;
        }
    }
    for (guint i = 0; i < n_boxes; i++) {
        if (n_above[i] != 1) {
            add_segment(segments, i, n_above);
        }
    }
    connect_segments(segments);
}

/* ---- measuring ---- */

/* That which has the middle of the box: all columns are about as high. */
guint
qblk_picture_segment_column(const QblkPictureSegment *segment, int start, const QblkPictureBox *box)
{
    gint64 middle = start + box->height / 2;

    return (guint)(middle * segment->fold / segment->unfolded_height);
}

static void
fold_segment(const QblkPictureSegments *segments, QblkPictureSegment *segment)
{
    int all = 0;
    for (guint i = 0; i < segment->count; i++) {
        all += member(segments, segment->first + i)->height + QBLK_PICTURE_GAP;
    }

    /* A column that is a bit too high is better than two. */
    gboolean is_folded = all > segments->max_height * 5 / 4;
    segment->fold = is_folded ? (guint)((all - 1) / segments->max_height) + 1 : 1;
    segment->unfolded_height = all;

    int start = 0, height = 0;
    guint column = 0;
    for (guint i = 0; i < segment->count; i++) {
        const QblkPictureBox *box = member(segments, segment->first + i);
        guint next = qblk_picture_segment_column(segment, start, box);
        height = next == column ? height : 0;
        height += (height == 0 ? 0 : QBLK_PICTURE_GAP) + box->height;
        segment->own_height = MAX(segment->own_height, height);
        start += box->height + QBLK_PICTURE_GAP;
        column = next;
    }
}

gboolean
qblk_picture_tiers_are_full(const QblkPictureSegments *segments, const QblkPictureTiers *tiers,
                            guint columns)
{
    return tiers->row_columns > 0 && tiers->row_columns + columns > segments->max_columns;
}

void
qblk_picture_tiers_begin(QblkPictureTiers *tiers)
{
    tiers->height += tiers->row_height + QBLK_PICTURE_JOIN_GAP;
    tiers->row_columns = 0;
    tiers->row_height = 0;
}

void
qblk_picture_tiers_append(QblkPictureTiers *tiers, guint columns, int height)
{
    tiers->row_columns += columns;
    tiers->columns = MAX(tiers->columns, tiers->row_columns);
    tiers->row_height = MAX(tiers->row_height, height);
}

/* The segments above a segment are measured first.  The recursion is as deep as images are shared
 * below shared images, which the number of boxes limits. */
static void
measure(const QblkPictureSegments *segments, guint index)
{
    QblkPictureSegment *segment = qblk_picture_segments_at(segments, index);
    QblkPictureTiers tiers = {0};

    fold_segment(segments, segment);
    for (guint i = 0; segment->above != NULL && i < segment->above->len; i++) {
        guint above = g_array_index(segment->above, guint, i);
        measure(segments, above);
        if (qblk_picture_tiers_are_full(segments, &tiers,
                                        qblk_picture_segments_at(segments, above)->columns)) {
            qblk_picture_tiers_begin(&tiers);
        }
        qblk_picture_tiers_append(&tiers, qblk_picture_segments_at(segments, above)->columns,
                                  qblk_picture_segments_at(segments, above)->height);
    }

    int above = tiers.columns == 0 ? 0 : tiers.height + tiers.row_height + QBLK_PICTURE_JOIN_GAP;
    segment->columns = MAX(tiers.columns, segment->fold);
    segment->indent =
        tiers.row_columns > segment->fold ? (tiers.row_columns - segment->fold) / 2 : 0;
    segment->height = above + segment->own_height;
}

/* ---- the whole ---- */

static void
clear_segment(gpointer data)
{
    QblkPictureSegment *segment = data;

    g_clear_pointer(&segment->above, g_array_unref);
}

void
qblk_picture_segments_init(QblkPictureSegments *segments, QblkPicture *picture)
{
    segments->picture = picture;
    segments->all = g_array_new(FALSE, FALSE, sizeof(QblkPictureSegment));
    g_array_set_clear_func(segments->all, clear_segment);
    segments->members = g_array_new(FALSE, FALSE, sizeof(guint));
    segments->of = g_new0(guint, picture->boxes->len + 1);

    for (guint i = 0; i < picture->boxes->len; i++) {
        set_size(qblk_picture_box(picture, i));
    }
    set_limits(segments);
    make_segments(segments);
    for (guint i = 0; i < segments->all->len; i++) {
        if (qblk_picture_segments_at(segments, i)->next == QBLK_PICTURE_NONE) {
            measure(segments, i);
        }
    }
}

void
qblk_picture_segments_clear(QblkPictureSegments *segments)
{
    g_array_unref(segments->all);
    g_array_unref(segments->members);
    g_free(segments->of);
}
