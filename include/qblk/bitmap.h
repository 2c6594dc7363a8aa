/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an image has beside the data of the guest: dirty bitmaps and internal snapshots.
 *
 * These objects never change, and several threads may use them at once.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QblkBitmap:
 *
 * A dirty bitmap: which parts of an image have changed since a backup, for example.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkBitmap QblkBitmap;

/**
 * qblk_bitmap_ref:
 * @bitmap: the bitmap
 *
 * Returns: (transfer full): a further reference to @bitmap
 *
 * Since: 0.1.0
 */
QblkBitmap *qblk_bitmap_ref(const QblkBitmap *bitmap);

/**
 * qblk_bitmap_unref:
 * @bitmap: (nullable) (transfer full): the bitmap
 *
 * Release a reference; the last one frees the bitmap.
 *
 * Since: 0.1.0
 */
void qblk_bitmap_unref(QblkBitmap *bitmap);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkBitmap, qblk_bitmap_unref)

/**
 * qblk_bitmap_get_name:
 * @bitmap: the bitmap
 *
 * Returns: its name, which is unique within its node
 *
 * Since: 0.1.0
 */
const char *qblk_bitmap_get_name(const QblkBitmap *bitmap);

/**
 * qblk_bitmap_get_granularity:
 * @bitmap: the bitmap
 *
 * Returns: the bytes that one bit stands for
 *
 * Since: 0.1.0
 */
gint64 qblk_bitmap_get_granularity(const QblkBitmap *bitmap);

/**
 * qblk_bitmap_get_dirty:
 * @bitmap: the bitmap
 *
 * Returns: the bytes that are dirty
 *
 * Since: 0.1.0
 */
gint64 qblk_bitmap_get_dirty(const QblkBitmap *bitmap);

/**
 * qblk_bitmap_is_persistent:
 * @bitmap: the bitmap
 *
 * Returns: TRUE if it is kept in the image when QEMU closes it
 *
 * Since: 0.1.0
 */
gboolean qblk_bitmap_is_persistent(const QblkBitmap *bitmap);

/**
 * qblk_bitmap_is_recording:
 * @bitmap: the bitmap
 *
 * Returns: TRUE if writes set its bits; FALSE if it is disabled
 *
 * Since: 0.1.0
 */
gboolean qblk_bitmap_is_recording(const QblkBitmap *bitmap);

/**
 * qblk_bitmap_is_busy:
 * @bitmap: the bitmap
 *
 * Returns: TRUE if a job, an export or a migration uses it
 *
 * Since: 0.1.0
 */
gboolean qblk_bitmap_is_busy(const QblkBitmap *bitmap);

/**
 * qblk_bitmap_is_inconsistent:
 * @bitmap: the bitmap
 *
 * Returns: TRUE if QEMU ended without saving it: it can only be removed
 *
 * Since: 0.1.0
 */
gboolean qblk_bitmap_is_inconsistent(const QblkBitmap *bitmap);

/**
 * QblkInternalSnapshot:
 *
 * A snapshot within an image (savevm, qemu-img snapshot).
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkInternalSnapshot QblkInternalSnapshot;

/**
 * qblk_internal_snapshot_ref:
 * @snapshot: the internal snapshot
 *
 * Returns: (transfer full): a further reference to @snapshot
 *
 * Since: 0.1.0
 */
QblkInternalSnapshot *qblk_internal_snapshot_ref(const QblkInternalSnapshot *snapshot);

/**
 * qblk_internal_snapshot_unref:
 * @snapshot: (nullable) (transfer full): the internal snapshot
 *
 * Release a reference; the last one frees the internal snapshot.
 *
 * Since: 0.1.0
 */
void qblk_internal_snapshot_unref(QblkInternalSnapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkInternalSnapshot, qblk_internal_snapshot_unref)

/**
 * qblk_internal_snapshot_get_name:
 * @snapshot: the internal snapshot
 *
 * Returns: its name, which may be empty
 *
 * Since: 0.1.0
 */
const char *qblk_internal_snapshot_get_name(const QblkInternalSnapshot *snapshot);

/**
 * qblk_internal_snapshot_get_date:
 * @snapshot: the internal snapshot
 *
 * Returns: the time when it was made, in seconds since 1970; 0 if that is not known
 *
 * Since: 0.1.0
 */
gint64 qblk_internal_snapshot_get_date(const QblkInternalSnapshot *snapshot);

/**
 * qblk_internal_snapshot_get_vm_state_size:
 * @snapshot: the internal snapshot
 *
 * Returns: the bytes of the state of the guest; 0 if it is of the disk only
 *
 * Since: 0.1.0
 */
gint64 qblk_internal_snapshot_get_vm_state_size(const QblkInternalSnapshot *snapshot);

G_END_DECLS
