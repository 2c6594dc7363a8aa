/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/bitmap.h"

#include "base/const-cast.h"

typedef struct {
    const char *name;
    gint64 granularity;
    gint64 count;
    gboolean is_persistent;
    gboolean is_recording;
    gboolean is_busy;
    gboolean is_inconsistent;
} BitmapReply;

/* "inconsistent" is only there if it is true. */
static const QblkJsonField bitmap_fields[] = {
    {"name", QBLK_JSON_STRING, FALSE, G_STRUCT_OFFSET(BitmapReply, name)},
    {"granularity", QBLK_JSON_INTEGER, TRUE, G_STRUCT_OFFSET(BitmapReply, granularity)},
    {"count", QBLK_JSON_INTEGER, TRUE, G_STRUCT_OFFSET(BitmapReply, count)},
    {"persistent", QBLK_JSON_BOOLEAN, TRUE, G_STRUCT_OFFSET(BitmapReply, is_persistent)},
    {"recording", QBLK_JSON_BOOLEAN, TRUE, G_STRUCT_OFFSET(BitmapReply, is_recording)},
    {"busy", QBLK_JSON_BOOLEAN, TRUE, G_STRUCT_OFFSET(BitmapReply, is_busy)},
    {"inconsistent", QBLK_JSON_BOOLEAN, FALSE, G_STRUCT_OFFSET(BitmapReply, is_inconsistent)},
    {NULL},
};

/* ---- bitmaps ---- */

static QblkBitmap *
bitmap_new(void)
{
    QblkBitmap *bitmap = g_new0(QblkBitmap, 1);
    g_atomic_ref_count_init(&bitmap->references);
    return bitmap;
}

QblkBitmap *
qblk_bitmap_ref(const QblkBitmap *bitmap)
{
    QblkBitmap *counted = qblk_const_cast(bitmap);
    g_atomic_ref_count_inc(&counted->references);
    return counted;
}

void
qblk_bitmap_unref(QblkBitmap *bitmap)
{
    if (bitmap == NULL || !g_atomic_ref_count_dec(&bitmap->references)) {
        return;
    }
    g_free(bitmap->name);
    g_free(bitmap);
}

const char *
qblk_bitmap_get_name(const QblkBitmap *bitmap)
{
    return bitmap->name;
}

gint64
qblk_bitmap_get_granularity(const QblkBitmap *bitmap)
{
    return bitmap->granularity;
}

gint64
qblk_bitmap_get_dirty(const QblkBitmap *bitmap)
{
    return bitmap->count;
}

gboolean
qblk_bitmap_is_persistent(const QblkBitmap *bitmap)
{
    return bitmap->is_persistent;
}

gboolean
qblk_bitmap_is_recording(const QblkBitmap *bitmap)
{
    return bitmap->is_recording;
}

gboolean
qblk_bitmap_is_busy(const QblkBitmap *bitmap)
{
    return bitmap->is_busy;
}

gboolean
qblk_bitmap_is_inconsistent(const QblkBitmap *bitmap)
{
    return bitmap->is_inconsistent;
}

/* ---- internal snapshots ---- */

QblkInternalSnapshot *
qblk_internal_snapshot_new(void)
{
    QblkInternalSnapshot *snapshot = g_new0(QblkInternalSnapshot, 1);
    g_atomic_ref_count_init(&snapshot->references);
    return snapshot;
}

QblkInternalSnapshot *
qblk_internal_snapshot_ref(const QblkInternalSnapshot *snapshot)
{
    QblkInternalSnapshot *counted = qblk_const_cast(snapshot);
    g_atomic_ref_count_inc(&counted->references);
    return counted;
}

void
qblk_internal_snapshot_unref(QblkInternalSnapshot *snapshot)
{
    if (snapshot == NULL || !g_atomic_ref_count_dec(&snapshot->references)) {
        return;
    }
    g_free(snapshot->name);
    g_free(snapshot);
}

const char *
qblk_internal_snapshot_get_name(const QblkInternalSnapshot *snapshot)
{
    return snapshot->name;
}

gint64
qblk_internal_snapshot_get_date(const QblkInternalSnapshot *snapshot)
{
    return snapshot->date;
}

gint64
qblk_internal_snapshot_get_vm_state_size(const QblkInternalSnapshot *snapshot)
{
    return snapshot->vm_state_size;
}

/* ---- loading ---- */

gboolean
qblk_bitmap_load_all(const QblkJson *list, const char *what, GPtrArray **bitmaps, GError **error)
{
    g_autoptr(GPtrArray) loaded = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_bitmap_unref);

    for (gsize i = 0; i < qblk_json_length(list); i++) {
        g_autofree char *where = g_strdup_printf("%s, dirty-bitmaps[%" G_GSIZE_FORMAT "]", what, i);
        BitmapReply reply = {0};
        if (!qblk_json_read(qblk_json_at(list, i), bitmap_fields, &reply, where, error)) {
            return FALSE;
        }
        if (reply.name == NULL) {
            continue;
        }

        QblkBitmap *bitmap = bitmap_new();
        bitmap->name = g_strdup(reply.name);
        bitmap->granularity = reply.granularity;
        bitmap->count = reply.count;
        bitmap->is_persistent = reply.is_persistent;
        bitmap->is_recording = reply.is_recording;
        bitmap->is_busy = reply.is_busy;
        bitmap->is_inconsistent = reply.is_inconsistent;
        g_ptr_array_add(loaded, bitmap);
    }

    *bitmaps = loaded->len == 0 ? NULL : g_steal_pointer(&loaded);
    return TRUE;
}

const QblkBitmap *
qblk_bitmap_find(const GPtrArray *bitmaps, const char *name)
{
    for (guint i = 0; bitmaps != NULL && i < bitmaps->len; i++) {
        const QblkBitmap *bitmap = bitmaps->pdata[i];
        if (g_str_equal(bitmap->name, name)) {
            return bitmap;
        }
    }
    return NULL;
}

GHashTable *
qblk_bitmap_index(const GPtrArray *bitmaps)
{
    GHashTable *index = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; bitmaps != NULL && i < bitmaps->len; i++) {
        QblkBitmap *bitmap = bitmaps->pdata[i];
        if (!g_hash_table_contains(index, bitmap->name)) {
            g_hash_table_insert(index, bitmap->name, bitmap);
        }
    }
    return index;
}
