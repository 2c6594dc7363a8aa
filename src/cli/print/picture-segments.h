/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The runs of boxes without a branch, and the sizes of all that is above each of them.
 */
#pragma once

#include "cli/print/picture.h"

/** Pixels: between a box and the next one, and between boxes and the one that they share. */
#define QBLK_PICTURE_GAP      22
#define QBLK_PICTURE_JOIN_GAP 46

/** From the left edge of a column to that of the next one. */
#define QBLK_PICTURE_COLUMN (QBLK_PICTURE_BOX_WIDTH + QBLK_PICTURE_GUTTER)

typedef struct {
    guint first, count;  /* in the members */
    guint next;          /* the segment below; QBLK_PICTURE_NONE */
    GArray *above;       /* of guint: segments, owned; NULL: a top */
    guint fold;          /* columns of its own boxes */
    int own_height;      /* of its own boxes */
    int unfolded_height; /* the same in one column, with a gap below each box */
    guint indent;        /* columns in front of its own boxes: it is below the middle of the row */
    guint columns;       /* with all above it */
    int height;          /* the same */
} QblkPictureSegment;

typedef struct {
    QblkPicture *picture; /* borrowed */
    GArray *all;          /* of QblkPictureSegment, owned, in the order of their first boxes */
    GArray *members;      /* of guint, owned: boxes, segment by segment from the top */
    guint *of;            /* owned: the segment of each box */
    guint max_columns;    /* side by side */
    int max_height;       /* of a column */
} QblkPictureSegments;

/** Set the sizes of all boxes and segments of @picture. */
void qblk_picture_segments_init(QblkPictureSegments *segments, QblkPicture *picture);
void qblk_picture_segments_clear(QblkPictureSegments *segments);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkPictureSegments, qblk_picture_segments_clear)

QblkPictureSegment *qblk_picture_segments_at(const QblkPictureSegments *segments, guint index);

/** Returns: the index of a box of @segment; the top one is at @position 0 */
guint qblk_picture_segments_box(const QblkPictureSegments *segments,
                                const QblkPictureSegment *segment, guint position);

/** Returns: the lowest segment below the box @box */
guint qblk_picture_segments_root(const QblkPictureSegments *segments, guint box);

/** Returns: the column of @box in its segment.  @start: its y if there was one column only */
guint qblk_picture_segment_column(const QblkPictureSegment *segment, int start,
                                  const QblkPictureBox *box);

/** The rows of the segments above a segment. */
typedef struct {
    guint columns;     /* of the widest row */
    guint row_columns; /* of the last row */
    int height;        /* of all rows before the last one, with the gaps below them */
    int row_height;    /* of the last row */
} QblkPictureTiers;

/** Returns: TRUE if the last row has no room for @columns */
gboolean qblk_picture_tiers_are_full(const QblkPictureSegments *segments,
                                     const QblkPictureTiers *tiers, guint columns);
void qblk_picture_tiers_begin(QblkPictureTiers *tiers);
void qblk_picture_tiers_append(QblkPictureTiers *tiers, guint columns, int height);
