/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A picture of a block graph: boxes with rows of text, and the lines between them.
 *
 * qblk_picture_of_graph() makes the boxes from a graph snapshot, qblk_picture_lay_out() gives them
 * coordinates, and qblk_picture_svg() writes them.  The text for Graphviz has the same boxes.
 */
#pragma once

#include "cli/print/graph-selection.h"

/** Boxes of one picture: a larger one could not be read. */
#define QBLK_PICTURE_MAX_BOXES 2000

/** Pixels of the layout: of a box, between two columns, and around all. */
#define QBLK_PICTURE_BOX_WIDTH 260
#define QBLK_PICTURE_GUTTER    40
#define QBLK_PICTURE_MARGIN    36

/** No box. */
#define QBLK_PICTURE_NONE G_MAXUINT

typedef enum {
    QBLK_PICTURE_DEVICE, /* a disk of the guest */
    QBLK_PICTURE_FILTER,
    QBLK_PICTURE_IMAGE,   /* a layer, or another image, with the node of its file */
    QBLK_PICTURE_SEVERAL, /* a node with several children of the same rank, such as quorum */
    QBLK_PICTURE_LONE,    /* a job or an export without a node */
    QBLK_PICTURE_N_KINDS,
} QblkPictureKind;

/** The part of the picture that a box is in, from the top. */
typedef enum {
    QBLK_PICTURE_DISKS,
    QBLK_PICTURE_OTHER_DEVICES, /* cdrom, floppy, firmware, and disks without nodes */
    QBLK_PICTURE_OTHER_NODES,   /* of no device */
    QBLK_PICTURE_N_SECTIONS,
} QblkPictureSection;

typedef enum {
    QBLK_PICTURE_TITLE,
    QBLK_PICTURE_NAME, /* of a file; shortened in its middle */
    QBLK_PICTURE_PLAIN,
    QBLK_PICTURE_MUTED,
    QBLK_PICTURE_JOB,
    QBLK_PICTURE_BAR, /* the progress of the job in the row above it */
    QBLK_PICTURE_WARNING,
    QBLK_PICTURE_N_ROW_STYLES,
} QblkPictureRowStyle;

typedef struct {
    QblkPictureRowStyle style;
    char *left;  /* owned, escaped */
    char *right; /* owned, escaped; or NULL */
    int percent; /* of a bar; -1: not known */
} QblkPictureRow;

typedef struct {
    QblkPictureKind kind;
    QblkPictureSection section;
    char *id;           /* owned: unique, for Graphviz */
    char *tooltip;      /* owned, escaped: full names */
    char *directory;    /* owned, escaped; or NULL: of its file */
    GArray *rows;       /* of QblkPictureRow, owned */
    gboolean is_active; /* the guest writes to it */
    gboolean is_shared; /* several disks have it */
    guint next;         /* the box below it: what it filters, or its backing image */

    int x, y, width, height; /* set by the layout */
} QblkPictureBox;

typedef enum {
    QBLK_PICTURE_CHAIN, /* to a child that has the data of the box */
    QBLK_PICTURE_CHILD, /* to another child, such as the target of copy-before-write */
    QBLK_PICTURE_COPY,  /* from a job to the image that it writes */
    QBLK_PICTURE_N_LINE_KINDS,
} QblkPictureLineKind;

/** From a box to another one that is not the next. */
typedef struct {
    QblkPictureLineKind kind;
    guint from, to;
    char *label; /* owned, escaped: the name of the edge */
} QblkPictureLink;

typedef struct {
    int x, y;
} QblkPicturePoint;

/** A polyline with horizontal and vertical parts, and an arrow at its last point. */
typedef struct {
    QblkPictureLineKind kind;
    guint n_points;
    QblkPicturePoint points[8];
} QblkPictureLine;

/** Text beside the boxes. */
typedef struct {
    QblkPicturePoint at; /* the left end of its base line */
    gboolean is_heading; /* of a section */
    char *text;          /* owned, escaped */
} QblkPictureNote;

typedef struct {
    char *title;       /* owned, escaped */
    char *subtitle;    /* owned, escaped; "" if there is nothing to tell */
    GArray *boxes;     /* of QblkPictureBox, owned */
    GArray *links;     /* of QblkPictureLink, owned */
    GArray *lines;     /* of QblkPictureLine, owned: set by the layout */
    GArray *notes;     /* of QblkPictureNote, owned: set by the layout */
    int width, height; /* set by the layout */
} QblkPicture;

/** Returns: (transfer full): a picture without boxes.  @title and @subtitle: (transfer full) */
QblkPicture *qblk_picture_new(char *title, char *subtitle) G_GNUC_WARN_UNUSED_RESULT;
void qblk_picture_free(QblkPicture *picture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkPicture, qblk_picture_free)

/** Returns: (transfer none): the box with this index, until another one is added */
QblkPictureBox *qblk_picture_box(const QblkPicture *picture, guint index);

/** Returns: the square root of @number, rounded down.  The command does not load libm. */
gint64 qblk_picture_root(gint64 number);

/** Returns: pixels */
int qblk_picture_row_height(QblkPictureRowStyle style);
int qblk_picture_padding(QblkPictureKind kind);

/** Add an empty box.  @id: (transfer full).  Returns: its index */
guint qblk_picture_add_box(QblkPicture *picture, QblkPictureKind kind, char *id);

/** Add a row to @box.  Both texts are escaped. @right: (nullable) */
void qblk_picture_add_row(QblkPictureBox *box, QblkPictureRowStyle style, const char *left,
                          const char *right);

/** Add a row with a formatted text. */
void qblk_picture_add_text(QblkPictureBox *box, QblkPictureRowStyle style, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/** Add the bar of a job. */
void qblk_picture_add_bar(QblkPictureBox *box, int percent);

/** Add a link, unless one from @from to @to exists.  @label: escaped here */
void qblk_picture_add_link(QblkPicture *picture, QblkPictureLineKind kind, guint from, guint to,
                           const char *label);
