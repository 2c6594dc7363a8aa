/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What a plan does with a dirty bitmap of layers that leave the chain or are copied.
 */
#pragma once

#include <glib.h>

/** A layer that has the bitmap.  Texts are owned. */
typedef struct {
    char *node_name; /* or NULL */
    char *filename;  /* or NULL */
} QblkBitmapSource;

/** Texts are owned. */
typedef struct {
    char *name;
    GPtrArray *from;        /* of QblkBitmapSource, owned, top first: merged into the bitmap */
    char *into;             /* node that has the bitmap afterwards; NULL: it is left out */
    char *left_out_because; /* why it is left out; NULL: it is carried over */
    gboolean exists;        /* `into` has the bitmap before the job */
    gint64 granularity;     /* bytes; this and the rest: of the bitmap in `into` */
    gboolean is_persistent;
    gboolean is_recording;
} QblkPlannedBitmap;

/** Returns: (transfer full): a source without names */
QblkBitmapSource *qblk_bitmap_source_new(void) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): a bitmap with an empty list of sources and nothing else */
QblkPlannedBitmap *qblk_planned_bitmap_new(void) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): a list that owns its QblkPlannedBitmap */
GPtrArray *qblk_planned_bitmaps_new(void) G_GNUC_WARN_UNUSED_RESULT;
