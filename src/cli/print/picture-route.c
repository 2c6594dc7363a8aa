/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/picture-route.h"

/* Of lines in a gutter, from the box to its left.  Folds and trunks have lanes of their own. */
static const int lanes[] = {12, 16, 24, 28};
#define FOLD_LANE  20
#define TRUNK_LANE 22

/* Below a column that goes on beside it, and above the column there. */
#define FOLD_BELOW 12
#define FOLD_ABOVE 12

static int
center(const QblkPictureBox *box)
{
    return box->x + box->width / 2;
}

static int
bottom(const QblkPictureBox *box)
{
    return box->y + box->height;
}

static void
add_line(QblkPicture *picture, QblkPictureLineKind kind, const QblkPicturePoint *points,
         guint n_points)
{
    QblkPictureLine line = {.kind = kind};

    for (guint i = 0; i < n_points; i++) {
        const QblkPicturePoint *last = line.n_points == 0 ? NULL : &line.points[line.n_points - 1];
        if (last == NULL || last->x != points[i].x || last->y != points[i].y) {
            line.points[line.n_points++] = points[i];
        }
    }
    g_array_append_val(picture->lines, line);
}

void
qblk_picture_route_down(QblkPicture *picture, guint from, guint to)
{
    const QblkPictureBox *upper = qblk_picture_box(picture, from);
    const QblkPictureBox *lower = qblk_picture_box(picture, to);
    const QblkPicturePoint points[] = {{center(upper), bottom(upper)}, {center(lower), lower->y}};

    add_line(picture, QBLK_PICTURE_CHAIN, points, G_N_ELEMENTS(points));
}

void
qblk_picture_route_fold(QblkPicture *picture, guint from, guint to)
{
    const QblkPictureBox *upper = qblk_picture_box(picture, from);
    const QblkPictureBox *lower = qblk_picture_box(picture, to);
    int gutter = lower->x - QBLK_PICTURE_GUTTER + FOLD_LANE;
    const QblkPicturePoint points[] = {
        {center(upper), bottom(upper)},         {center(upper), bottom(upper) + FOLD_BELOW},
        {gutter, bottom(upper) + FOLD_BELOW},   {gutter, lower->y - FOLD_ABOVE},
        {center(lower), lower->y - FOLD_ABOVE}, {center(lower), lower->y},
    };

    add_line(picture, QBLK_PICTURE_CHAIN, points, G_N_ELEMENTS(points));
}

void
qblk_picture_route_join(QblkPicture *picture, guint from, guint to, int bus, int trunk)
{
    const QblkPictureBox *upper = qblk_picture_box(picture, from);
    const QblkPictureBox *lower = qblk_picture_box(picture, to);
    int entry = lower->y - QBLK_PICTURE_JOIN_ABOVE;
    int x = trunk < 0 ? center(upper) : trunk - QBLK_PICTURE_GUTTER + TRUNK_LANE;
    const QblkPicturePoint points[] = {
        {center(upper), bottom(upper)}, {center(upper), bus},      {x, bus}, {x, entry},
        {center(lower), entry},         {center(lower), lower->y},
    };

    add_line(picture, QBLK_PICTURE_CHAIN, points, G_N_ELEMENTS(points));
}

/* ---- links ---- */

/* TRUE if the line between two points, which is horizontal or vertical, touches @box. */
static gboolean
touches(const QblkPicturePoint *a, const QblkPicturePoint *b, const QblkPictureBox *box)
{
    return MAX(a->x, b->x) >= box->x && MIN(a->x, b->x) <= box->x + box->width &&
           MAX(a->y, b->y) >= box->y && MIN(a->y, b->y) <= bottom(box);
}

/* Its ends may touch their own boxes. */
static gboolean
is_free(const QblkPicture *picture, const QblkPictureLink *link, const QblkPicturePoint *points,
        guint n_points)
{
    for (guint i = 0; i < picture->boxes->len; i++) {
        const QblkPictureBox *box = qblk_picture_box(picture, i);

        for (guint j = 0; j + 1 < n_points; j++) {
            gboolean is_end = (j == 0 && i == link->from) || (j + 2 == n_points && i == link->to);
            if (!is_end && touches(&points[j], &points[j + 1], box)) {
                return FALSE;
            }
        }
    }
    return TRUE;
}

/* From the bottom of a box to the top of one that is lower, to its right. */
static gboolean
try_bus(QblkPicture *picture, const QblkPictureLink *link)
{
    const QblkPictureBox *from = qblk_picture_box(picture, link->from);
    const QblkPictureBox *to = qblk_picture_box(picture, link->to);
    int bus = bottom(from) + FOLD_BELOW;
    const QblkPicturePoint points[] = {
        {center(from), bottom(from)}, {center(from), bus}, {center(to), bus}, {center(to), to->y}};

    if (link->kind != QBLK_PICTURE_CHAIN || to->y <= bus || to->x <= from->x ||
        !is_free(picture, link, points, G_N_ELEMENTS(points))) {
        return FALSE;
    }
    add_line(picture, link->kind, points, G_N_ELEMENTS(points));
    return TRUE;
}

/* From the right side of a box, through the gutter beside it. */
static gboolean
try_gutter(QblkPicture *picture, const QblkPictureLink *link, guint lane, int start, int end)
{
    const QblkPictureBox *from = qblk_picture_box(picture, link->from);
    const QblkPictureBox *to = qblk_picture_box(picture, link->to);
    gboolean is_same_column = from->x == to->x;
    int right = from->x + from->width;
    int gutter = right + lanes[lane];
    const QblkPicturePoint points[] = {
        {right, start},
        {gutter, start},
        {gutter, end},
        {is_same_column ? right : to->x, end},
    };

    if (!is_free(picture, link, points, G_N_ELEMENTS(points)) || to->x < from->x) {
        return FALSE;
    }
    add_line(picture, link->kind, points, G_N_ELEMENTS(points));
    return TRUE;
}

void
qblk_picture_route_link(QblkPicture *picture, const QblkPictureLink *link, int channel,
                        guint number)
{
    const QblkPictureBox *from = qblk_picture_box(picture, link->from);
    const QblkPictureBox *to = qblk_picture_box(picture, link->to);
    guint lane = number % G_N_ELEMENTS(lanes);
    int start = from->y + MIN(from->height / 2, 20) + 2 * (int)lane;
    int end = to->y + MIN(to->height / 2, 20);
    gboolean is_straight = start > to->y && start < bottom(to);

    if (try_bus(picture, link) ||
        try_gutter(picture, link, lane, start, is_straight ? start : end)) {
        return;
    }

    int right = from->x + from->width + lanes[lane];
    int left = to->x - QBLK_PICTURE_GUTTER + lanes[lane];
    int top = channel + 4 * (int)lane;
    const QblkPicturePoint points[] = {
        {from->x + from->width, start},
        {right, start},
        {right, top},
        {left, top},
        {left, end},
        {to->x, end},
    };

    add_line(picture, link->kind, points, G_N_ELEMENTS(points));
}
