/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/qcow2-content.h"

#include "base/limits.h"

#include <qblk/error.h>
#include <unistd.h>

#define LONGEST_NAME   1023
#define MOST_BITMAPS   65535
#define MOST_SNAPSHOTS 65536
#define OFFSET_MASK    G_GUINT64_CONSTANT(0x00fffffffffffe00)

/* The image, while its lists are read. */
typedef struct {
    int fd;
    guint64 cluster_size; /* bytes */
    guint64 virtual_size; /* bytes */
    guint64 at;           /* of the list: how far it was read */
    guint64 counted;      /* bytes of bitmaps that were read, with OF_AN_ENTRY for each cluster */
    QblkQcow2Content *lists;
} Content;

static guint64
big_endian(const guint8 *bytes, gsize size)
{
    guint64 value = 0;
    for (gsize i = 0; i < size; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

static gboolean
set_damaged_error(const char *list, GError **error)
{
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, "the list of its %s is damaged",
                list);
    return FALSE;
}

static gboolean
read_at(const Content *content, guint64 offset, gpointer bytes, gsize length)
{
    return offset <= G_MAXINT64 - length &&
           pread(content->fd, bytes, length, (off_t)offset) == (gssize)length;
}

/* Read the next @length bytes of the list. */
static gboolean
read_next(Content *content, gpointer bytes, gsize length)
{
    if (!read_at(content, content->at, bytes, length)) {
        return FALSE;
    }
    content->at += length;
    return TRUE;
}

/* Read the next @length bytes of the list as a text; NULL if there are not as many. */
static char *
read_text(Content *content, guint64 length)
{
    g_autofree char *bytes = g_malloc0(LONGEST_NAME + 1);
    if (length > LONGEST_NAME || !read_next(content, bytes, (gsize)length)) {
        return NULL;
    }
    return g_utf8_make_valid(bytes, -1);
}

static void
skip_to_entry(Content *content, guint64 start)
{
    content->at = start + (content->at - start + 7) / 8 * 8;
}

/* ---- snapshots ---- */

static gboolean
read_snapshot(Content *content)
{
    guint8 entry[40], large[8];
    guint64 start = content->at;
    if (!read_next(content, entry, sizeof entry)) {
        return FALSE;
    }

    guint64 extra = big_endian(entry + 36, 4);
    guint64 vm_state_size = big_endian(entry + 32, 4);
    if (extra >= sizeof large) {
        if (!read_at(content, content->at, large, sizeof large)) {
            return FALSE;
        }
        vm_state_size = big_endian(large, sizeof large);
    }
    content->at += extra;

    QblkImageSnapshot *snapshot = g_new0(QblkImageSnapshot, 1);
    g_ptr_array_add(content->lists->snapshots, snapshot);
    snapshot->id = read_text(content, big_endian(entry + 12, 2));
    snapshot->name = read_text(content, big_endian(entry + 14, 2));
    snapshot->date = (gint64)big_endian(entry + 16, 4);
    snapshot->vm_state_size = (gint64)(vm_state_size & G_MAXINT64);
    skip_to_entry(content, start);
    return snapshot->id != NULL && snapshot->name != NULL;
}

static gboolean
read_snapshots(Content *content, const guint8 *bytes, GError **error)
{
    guint64 count = big_endian(bytes + 60, 4);
    content->at = big_endian(bytes + 64, 8);
    if (count > MOST_SNAPSHOTS) {
        return set_damaged_error("snapshots", error);
    }

    for (guint64 i = 0; i < count; i++) {
        if (!read_snapshot(content)) {
            return set_damaged_error("snapshots", error);
        }
    }
    return TRUE;
}

/* ---- bitmaps ---- */

#define BITMAPS_EXTENSION 0x23852875u
#define BITMAPS_FEATURE   1u /* autoclear: a program without it may have written since */
#define FLAG_IN_USE       1u
#define FLAG_AUTO         2u
#define OF_AN_ENTRY       64 /* bytes that could be read in the time that an entry takes */

static guint
count_ones(const guint8 *bytes, gsize length)
{
    guint ones = 0;
    for (gsize i = 0; i < length; i++) {
        ones += (guint)__builtin_popcount(bytes[i]);
    }
    return ones;
}

static gboolean
check_effort(Content *content, guint64 bytes, GError **error)
{
    content->counted += bytes;
    if (content->counted > QBLK_LIMIT_BITMAP_BYTES) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_LIMIT,
                    "its bitmaps have more bytes than the limit of %d", QBLK_LIMIT_BITMAP_BYTES);
        return FALSE;
    }
    return TRUE;
}

/* Count the bits of one cluster of a bitmap.  @entry: of its table; @most: the bits that it has */
static gboolean
count_cluster(Content *content, guint64 entry, guint8 *cluster, guint64 most, guint64 *bits,
              GError **error)
{
    gsize length = (gsize)((most + 7) / 8);
    guint64 offset = entry & OFFSET_MASK;
    if (offset == 0) {
        *bits += (entry & 1) != 0 ? most : 0;
        return TRUE;
    }

    if (!read_at(content, offset, cluster, length)) {
        return set_damaged_error("bitmaps", error);
    }
    *bits += count_ones(cluster, length);
    return TRUE;
}

/* @table: offset; @entries: of it */
static gboolean
count_bits(Content *content, guint64 table, guint64 entries, QblkImageBitmap *bitmap,
           GError **error)
{
    guint64 per_cluster = content->cluster_size * 8;
    guint64 granularity = (guint64)bitmap->granularity;
    guint64 left = (content->virtual_size + granularity - 1) / granularity;
    guint64 bits = 0;
    if (entries != (left + per_cluster - 1) / per_cluster) {
        return set_damaged_error("bitmaps", error);
    }

    g_autofree guint8 *cluster = g_malloc((gsize)content->cluster_size);
    for (guint64 i = 0; i < entries; i++) {
        guint8 entry[8];
        guint64 most = MIN(left, per_cluster);
        if (!check_effort(content, OF_AN_ENTRY + most / 8, error)) {
            return FALSE;
        }
        if (!read_at(content, table + i * 8, entry, sizeof entry)) {
            return set_damaged_error("bitmaps", error);
        }
        if (!count_cluster(content, big_endian(entry, 8), cluster, most, &bits, error)) {
            return FALSE;
        }
        left -= most;
    }
    bitmap->dirty = (gint64)(bits * granularity);
    return TRUE;
}

static gboolean
read_bitmap(Content *content, GError **error)
{
    guint8 entry[24];
    guint64 start = content->at;
    if (!read_next(content, entry, sizeof entry) || entry[17] < 9 || entry[17] > 31) {
        return set_damaged_error("bitmaps", error);
    }

    QblkImageBitmap *bitmap = g_new0(QblkImageBitmap, 1);
    g_ptr_array_add(content->lists->bitmaps, bitmap);
    guint64 flags = big_endian(entry + 12, 4);
    content->at += big_endian(entry + 20, 4);
    bitmap->name = read_text(content, big_endian(entry + 18, 2));
    bitmap->granularity = (gint64)1 << entry[17];
    bitmap->is_inconsistent = (flags & FLAG_IN_USE) != 0;
    bitmap->is_recording = (flags & FLAG_AUTO) != 0 && !bitmap->is_inconsistent;
    skip_to_entry(content, start);
    if (bitmap->name == NULL) {
        return set_damaged_error("bitmaps", error);
    }
    return bitmap->is_inconsistent ||
           count_bits(content, big_endian(entry, 8), big_endian(entry + 8, 4), bitmap, error);
}

/* Find the extension of the header that has the list. */
static const guint8 *
find_bitmaps(const guint8 *bytes, gsize length)
{
    guint64 at = big_endian(bytes + 100, 4);
    while (at + 8 + 24 <= length) {
        guint64 type = big_endian(bytes + at, 4);
        guint64 size = big_endian(bytes + at + 4, 4);
        if (type == BITMAPS_EXTENSION && size == 24) {
            return bytes + at + 8;
        }
        if (type == 0) {
            return NULL;
        }
        at += 8 + (size + 7) / 8 * 8;
    }
    return NULL;
}

static gboolean
read_bitmaps(Content *content, const guint8 *bytes, gsize length, GError **error)
{
    gboolean has_feature = (big_endian(bytes + 88, 8) & BITMAPS_FEATURE) != 0;
    const guint8 *extension = has_feature ? find_bitmaps(bytes, length) : NULL;
    if (extension == NULL) {
        return TRUE;
    }

    guint64 count = big_endian(extension, 4);
    content->at = big_endian(extension + 16, 8);
    if (count > MOST_BITMAPS) {
        return set_damaged_error("bitmaps", error);
    }
    for (guint64 i = 0; i < count; i++) {
        if (!read_bitmap(content, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

QblkQcow2Content *
qblk_qcow2_content_read(int fd, const guint8 *bytes, gsize length, GError **error)
{
    g_autoptr(QblkQcow2Content) lists = qblk_qcow2_content_new();
    guint64 version = big_endian(bytes + 4, 4);
    Content content = {
        .fd = fd,
        .cluster_size = G_GUINT64_CONSTANT(1) << big_endian(bytes + 20, 4),
        .virtual_size = big_endian(bytes + 24, 8),
        .lists = lists,
    };

    if (!read_snapshots(&content, bytes, error)) {
        return NULL;
    }
    if (version >= 3 && !read_bitmaps(&content, bytes, length, error)) {
        return NULL;
    }
    return g_steal_pointer(&lists);
}

static void
bitmap_free(gpointer data)
{
    QblkImageBitmap *bitmap = data;
    g_free(bitmap->name);
    g_free(bitmap);
}

static void
snapshot_free(gpointer data)
{
    QblkImageSnapshot *snapshot = data;
    g_free(snapshot->id);
    g_free(snapshot->name);
    g_free(snapshot);
}

QblkQcow2Content *
qblk_qcow2_content_new(void)
{
    QblkQcow2Content *lists = g_new0(QblkQcow2Content, 1);
    lists->bitmaps = g_ptr_array_new_with_free_func(bitmap_free);
    lists->snapshots = g_ptr_array_new_with_free_func(snapshot_free);
    return lists;
}

void
qblk_qcow2_content_free(QblkQcow2Content *lists)
{
    if (lists == NULL) {
        return;
    }
    g_ptr_array_unref(lists->bitmaps);
    g_ptr_array_unref(lists->snapshots);
    g_free(lists);
}
