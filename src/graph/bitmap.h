/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What an image has beside the data of the guest: dirty bitmaps and internal snapshots.
 */
#pragma once

#include "base/json.h"

#include <qblk/bitmap.h>

struct QblkBitmap {
    gatomicrefcount references;
    char *name;
    gint64 granularity;       /* bytes that one bit stands for */
    gint64 count;             /* bytes that are dirty */
    gboolean is_persistent;   /* kept in the image when QEMU closes it */
    gboolean is_recording;    /* writes set its bits; FALSE: it is disabled */
    gboolean is_busy;         /* a job, an export or a migration uses it */
    gboolean is_inconsistent; /* QEMU ended without saving it: it can only be removed */
};

struct QblkInternalSnapshot {
    gatomicrefcount references;
    char *name;
    gint64 date;          /* seconds since 1970; 0: not known */
    gint64 vm_state_size; /* bytes; 0: of the disk only */
};

/** Returns: (transfer full): an internal snapshot without any value, to be filled */
QblkInternalSnapshot *qblk_internal_snapshot_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Load `dirty-bitmaps` of an entry of query-named-block-nodes.  A bitmap without a name belongs to
 * a job or a filter, and is left out.
 *
 * @list: (nullable): the array
 * @what: the name of the entry in errors
 * @bitmaps: (out) (nullable): of QblkBitmap, owned; NULL: no bitmap has a name
 *
 * Returns: FALSE with QBLK_JSON_ERROR_TYPE
 */
gboolean qblk_bitmap_load_all(const QblkJson *list, const char *what, GPtrArray **bitmaps,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (nullable): the bitmap @name of @bitmaps (nullable), borrowed */
const QblkBitmap *qblk_bitmap_find(const GPtrArray *bitmaps, const char *name);

/**
 * A snapshot may have very many bitmaps: look up many of them in an index.
 *
 * Returns: (transfer full): the first of @bitmaps (nullable) of each name: name -> QblkBitmap, both
 * borrowed
 */
GHashTable *qblk_bitmap_index(const GPtrArray *bitmaps) G_GNUC_WARN_UNUSED_RESULT;
