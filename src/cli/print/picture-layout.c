/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/picture-layout.h"

#include "cli/print/picture-route.h"
#include "cli/print/picture-segments.h"
#include "cli/print/picture-style.h"
#include "cli/print/picture-text.h"

/* Pixels. */
#define CLUSTER_TOP    32 /* above the boxes of a cluster: links, and lines of folded columns */
#define CLUSTER_GAP    8
#define HEAD_HEIGHT    60 /* title and subtitle */
#define SECTION_HEIGHT 30

/* All segments that end in one. */
typedef struct {
    guint root;
    QblkPictureSection section; /* of its first box */
    int channel;                /* a y above its cluster, for lines */
} Tree;

typedef struct {
    QblkPicture *picture;
    QblkPictureSegments segments;
    GArray *trees;   /* of Tree, in the order of their first boxes */
    guint *clusters; /* of each root segment: one that is earlier in the same cluster, or itself */
    guint *order;    /* of each root segment: the index of its tree */
} Layout;

/* ---- placing ---- */

static int
column_x(guint column)
{
    return QBLK_PICTURE_MARGIN + (int)column * QBLK_PICTURE_COLUMN;
}

/* "next: vda[9]" beside the line, which leaves the box in its middle. */
static void
note_fold(QblkPicture *picture, const QblkPictureBox *last, const QblkPictureBox *next)
{
    if (next->rows->len == 0) {
        return;
    }
    const char *name = g_array_index(next->rows, QblkPictureRow, 0).left;
    QblkPictureNote note = {.at = {last->x, last->y + last->height + 16}};

    note.text = g_strdup_printf("next: %s", name);
    g_array_append_val(picture->notes, note);
}

static void
place_own_boxes(Layout *layout, const QblkPictureSegment *segment, guint left, int top)
{
    QblkPicture *picture = layout->picture;
    int start = 0, y = top;
    guint column = 0;

    for (guint i = 0; i < segment->count; i++) {
        guint index = qblk_picture_segments_box(&layout->segments, segment, i);
        QblkPictureBox *box = qblk_picture_box(picture, index);
        guint next = qblk_picture_segment_column(segment, start, box);
        gboolean is_folded = next != column;

        column = next;
        y = is_folded ? top : y;
        box->x = column_x(left + column);
        box->y = y;
        y += box->height + QBLK_PICTURE_GAP;
        start += box->height + QBLK_PICTURE_GAP;
        if (i == 0) {
            continue;
        }

        guint above = qblk_picture_segments_box(&layout->segments, segment, i - 1);
        if (is_folded) {
            qblk_picture_route_fold(picture, above, index);
            note_fold(picture, qblk_picture_box(picture, above), box);
        } else {
            qblk_picture_route_down(picture, above, index);
        }
    }
}

/* @from, @until: of a row of the segments above @segment; @bottom: of that row */
static void
join_row(Layout *layout, const QblkPictureSegment *segment, guint from, guint until, int bottom,
         int trunk)
{
    guint first = qblk_picture_segments_box(&layout->segments, segment, 0);
    int entry = qblk_picture_box(layout->picture, first)->y - QBLK_PICTURE_JOIN_ABOVE;
    int bus = trunk < 0 ? entry : bottom + QBLK_PICTURE_JOIN_GAP / 4;

    for (guint i = from; i < until; i++) {
        const QblkPictureSegment *above =
            qblk_picture_segments_at(&layout->segments, g_array_index(segment->above, guint, i));
        qblk_picture_route_join(
            layout->picture, qblk_picture_segments_box(&layout->segments, above, above->count - 1),
            first, bus, trunk);
    }
}

/* Place @index and all that is above it, with the left upper corner at @column and @y. */
static void
place(Layout *layout, guint index, guint column, int y)
{
    const QblkPictureSegment *segment = qblk_picture_segments_at(&layout->segments, index);
    QblkPictureTiers tiers = {0};
    guint row_start = 0;

    place_own_boxes(layout, segment, column + segment->indent,
                    y + segment->height - segment->own_height);
    if (segment->above == NULL) {
        return;
    }

    for (guint i = 0; i < segment->above->len; i++) {
        guint above = g_array_index(segment->above, guint, i);
        if (qblk_picture_tiers_are_full(
                &layout->segments, &tiers,
                qblk_picture_segments_at(&layout->segments, above)->columns)) {
            join_row(layout, segment, row_start, i, y + tiers.height + tiers.row_height,
                     column_x(column));
            qblk_picture_tiers_begin(&tiers);
            row_start = i;
        }
        place(layout, above, column + tiers.row_columns, y + tiers.height);
        qblk_picture_tiers_append(&tiers,
                                  qblk_picture_segments_at(&layout->segments, above)->columns,
                                  qblk_picture_segments_at(&layout->segments, above)->height);
    }
    join_row(layout, segment, row_start, segment->above->len, 0, -1);
}

/* ---- clusters ---- */

/* The first root of the cluster of @root. */
static guint
cluster_of(const Layout *layout, guint root)
{
    while (layout->clusters[root] != root) {
        root = layout->clusters[root];
    }
    return root;
}

/* The roots of all trees, in the order of their first boxes. */
static void
find_trees(Layout *layout)
{
    g_autofree gboolean *is_known = g_new0(gboolean, layout->segments.all->len + 1);

    for (guint i = 0; i < layout->segments.all->len; i++) {
        guint first = qblk_picture_segments_box(&layout->segments,
                                                qblk_picture_segments_at(&layout->segments, i), 0);
        guint root = qblk_picture_segments_root(&layout->segments, first);
        if (!is_known[root]) {
            Tree tree = {.root = root,
                         .section = qblk_picture_box(layout->picture, first)->section};
            is_known[root] = TRUE;
            layout->clusters[root] = root;
            layout->order[root] = layout->trees->len;
            g_array_append_val(layout->trees, tree);
        }
    }

    for (guint i = 0; i < layout->picture->links->len; i++) {
        const QblkPictureLink *link = &g_array_index(layout->picture->links, QblkPictureLink, i);
        guint from = cluster_of(layout, qblk_picture_segments_root(&layout->segments, link->from));
        guint to = cluster_of(layout, qblk_picture_segments_root(&layout->segments, link->to));
        gboolean is_first = layout->order[from] < layout->order[to];
        layout->clusters[is_first ? to : from] = is_first ? from : to;
    }
}

/* A tree that begins with the end of a link is beside its start, or below it.
 * Returns: the y of its top, at least @top */
static int
align_tree(const Layout *layout, guint root, int top)
{
    for (guint i = 0; i < layout->picture->links->len; i++) {
        const QblkPictureLink *link = &g_array_index(layout->picture->links, QblkPictureLink, i);
        const QblkPictureBox *from = qblk_picture_box(layout->picture, link->from);
        const QblkPictureSegment *segment =
            qblk_picture_segments_at(&layout->segments, layout->segments.of[link->to]);
        gboolean is_top = segment->above == NULL &&
                          qblk_picture_segments_box(&layout->segments, segment, 0) == link->to;
        gboolean is_below = link->kind == QBLK_PICTURE_CHAIN;

        if (is_top && from->y > top &&
            qblk_picture_segments_root(&layout->segments, link->to) == root) {
            return is_below ? from->y + from->height + QBLK_PICTURE_GAP : from->y;
        }
    }
    return top;
}

typedef struct {
    guint column; /* the next free one in the row */
    int y;        /* the top of the row */
    int bottom;   /* of what is in the row */
    guint columns;
} Cursor;

static void
end_row(Cursor *cursor)
{
    cursor->y = cursor->bottom + (cursor->column == 0 ? 0 : CLUSTER_GAP);
    cursor->bottom = cursor->y;
    cursor->column = 0;
}

static guint
count_columns(const Layout *layout, guint cluster)
{
    guint columns = 0;

    for (guint i = 0; i < layout->trees->len; i++) {
        const Tree *tree = &g_array_index(layout->trees, Tree, i);
        if (cluster_of(layout, tree->root) == cluster) {
            columns += qblk_picture_segments_at(&layout->segments, tree->root)->columns;
        }
    }
    return columns;
}

static void
place_cluster(Layout *layout, guint cluster, Cursor *cursor)
{
    guint all = count_columns(layout, cluster);
    if (cursor->column > 0 && cursor->column + all > layout->segments.max_columns) {
        end_row(cursor);
    }

    int top = cursor->y, y = top;
    for (guint i = 0; i < layout->trees->len; i++) {
        Tree *tree = &g_array_index(layout->trees, Tree, i);
        const QblkPictureSegment *segment = qblk_picture_segments_at(&layout->segments, tree->root);
        if (cluster_of(layout, tree->root) != cluster) {
            continue;
        }
        if (cursor->column > 0 &&
            cursor->column + segment->columns > layout->segments.max_columns) {
            end_row(cursor);
            y = cursor->y;
        }

        int start = align_tree(layout, tree->root, y + CLUSTER_TOP);
        place(layout, tree->root, cursor->column, start);
        tree->channel = top;
        cursor->column += segment->columns;
        cursor->columns = MAX(cursor->columns, cursor->column);
        cursor->bottom = MAX(cursor->bottom, start + segment->height);
    }
}

static void
place_section(Layout *layout, QblkPictureSection section, Cursor *cursor)
{
    static const char *const headings[QBLK_PICTURE_N_SECTIONS] = {
        [QBLK_PICTURE_OTHER_DEVICES] = "Other devices",
        [QBLK_PICTURE_OTHER_NODES] = "Not used by a disk",
    };
    gboolean is_empty = TRUE;

    for (guint i = 0; i < layout->trees->len; i++) {
        const Tree *tree = &g_array_index(layout->trees, Tree, i);
        if (tree->section != section || cluster_of(layout, tree->root) != tree->root) {
            continue;
        }
        if (is_empty && headings[section] != NULL) {
            QblkPictureNote note = {.is_heading = TRUE, .text = g_strdup(headings[section])};
            end_row(cursor);
            note.at.x = QBLK_PICTURE_MARGIN;
            note.at.y = cursor->y + SECTION_HEIGHT - 6;
            g_array_append_val(layout->picture->notes, note);
            cursor->y += SECTION_HEIGHT - CLUSTER_TOP / 2;
        }
        is_empty = FALSE;
        place_cluster(layout, tree->root, cursor);
    }
}

static void
route_links(const Layout *layout)
{
    for (guint i = 0; i < layout->picture->links->len; i++) {
        const QblkPictureLink *link = &g_array_index(layout->picture->links, QblkPictureLink, i);
        guint root = qblk_picture_segments_root(&layout->segments, link->from);
        const Tree *tree = &g_array_index(layout->trees, Tree, layout->order[root]);
        qblk_picture_route_link(layout->picture, link, tree->channel, i);
    }
}

/* The right end of the texts above the boxes, which may be as wide as two columns. */
static int
head_width(const QblkPicture *picture)
{
    int title = qblk_picture_text_width(picture->title, QBLK_PICTURE_FONT_HEAD, TRUE);
    int subtitle = qblk_picture_text_width(picture->subtitle, QBLK_PICTURE_FONT_TEXT, FALSE);
    int most = QBLK_PICTURE_COLUMN + QBLK_PICTURE_BOX_WIDTH;

    return QBLK_PICTURE_MARGIN + MIN(MAX(title, subtitle), most);
}

static void
place_all(Layout *layout)
{
    QblkPicture *picture = layout->picture;
    Cursor cursor = {.y = HEAD_HEIGHT, .bottom = HEAD_HEIGHT};

    for (guint i = 0; i < QBLK_PICTURE_N_SECTIONS; i++) {
        place_section(layout, (QblkPictureSection)i, &cursor);
    }
    if (picture->boxes->len == 0) {
        QblkPictureNote note = {.at = {QBLK_PICTURE_MARGIN, HEAD_HEIGHT + 20}};
        note.text = g_strdup("no disks");
        g_array_append_val(picture->notes, note);
        cursor.bottom += 20;
    }
    route_links(layout);

    picture->width = MAX(column_x(cursor.columns) - QBLK_PICTURE_GUTTER, head_width(picture)) +
                     QBLK_PICTURE_MARGIN;
    picture->height = cursor.bottom + QBLK_PICTURE_MARGIN;
}

void
qblk_picture_lay_out(QblkPicture *picture)
{
    g_autoptr(GArray) trees = g_array_new(FALSE, FALSE, sizeof(Tree));
    Layout layout = {.picture = picture, .trees = trees};

    qblk_picture_segments_init(&layout.segments, picture);
    g_autofree guint *clusters = g_new0(guint, layout.segments.all->len + 1);
    g_autofree guint *order = g_new0(guint, layout.segments.all->len + 1);
    layout.clusters = clusters;
    layout.order = order;

    find_trees(&layout);
    place_all(&layout);
    qblk_picture_segments_clear(&layout.segments);
}
