/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/planned-bitmap.h"

static void
source_free(gpointer data)
{
    QblkBitmapSource *source = data;

    g_free(source->node_name);
    g_free(source->filename);
    g_free(source);
}

QblkBitmapSource *
qblk_bitmap_source_new(void)
{
    return g_new0(QblkBitmapSource, 1);
}

static void
planned_bitmap_free(gpointer data)
{
    QblkPlannedBitmap *bitmap = data;

    g_free(bitmap->name);
    g_ptr_array_unref(bitmap->from);
    g_free(bitmap->into);
    g_free(bitmap->left_out_because);
    g_free(bitmap);
}

QblkPlannedBitmap *
qblk_planned_bitmap_new(void)
{
    QblkPlannedBitmap *bitmap = g_new0(QblkPlannedBitmap, 1);

    bitmap->from = g_ptr_array_new_with_free_func(source_free);
    return bitmap;
}

GPtrArray *
qblk_planned_bitmaps_new(void)
{
    return g_ptr_array_new_with_free_func(planned_bitmap_free);
}
