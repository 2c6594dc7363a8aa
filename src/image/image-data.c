/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-data.h"

#include "base/limits.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_BYTES    104
#define RAW_CLUSTER     65536
#define LARGEST_CLUSTER (2 * 1024 * 1024)

/* Features of qcow2 that do not change what the entries of a table mean: bits 0 (the reference
 * counts may be wrong) and 3 (another compression). */
#define KNOWN_FEATURES G_GUINT64_CONSTANT(0x9)
#define OFFSET_MASK    G_GUINT64_CONSTANT(0x00fffffffffffe00)
#define COMPRESSED     (G_GUINT64_CONSTANT(1) << 62)
#define DATA_FILE      G_GUINT64_CONSTANT(0x4) /* the data are in another file */
#define ALL_FEATURES   G_GUINT64_CONSTANT(0x1f)
#define READS_ZEROS    G_GUINT64_CONSTANT(1) /* since version 3 */

typedef struct {
    int fd;
    gboolean is_file;
    gint64 length; /* of the file, bytes */
    gint64 size;   /* of the disk, bytes */
    gboolean skips_zeros;
    gint64 enough;
    guint reads;     /* of data */
    guint8 *cluster; /* owned */
    gint64 cluster_size;
    guint64 version;
} Count;

static void
count_clear(Count *count)
{
    if (count->fd >= 0) {
        close(count->fd);
    }
    g_free(count->cluster);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Count, count_clear)

static gboolean
read_at(const Count *count, guint64 offset, gpointer bytes, gsize length)
{
    return offset <= G_MAXINT64 - length &&
           pread(count->fd, bytes, length, (off_t)offset) == (gssize)length;
}

static guint64
big_endian(const guint8 *bytes, gsize size)
{
    guint64 value = 0;
    for (gsize i = 0; i < size; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

/* ---- data ---- */

/* Set @has_data if the cluster at @offset has data, other than zeros. */
static gboolean
examine(Count *count, guint64 offset, gint64 length, gboolean *has_data)
{
    if (!count->skips_zeros) {
        *has_data = TRUE;
        return TRUE;
    }

    count->reads++;
    if (count->reads > QBLK_LIMIT_DATA_READS) {
        return FALSE;
    }
    if (!read_at(count, offset, count->cluster, (gsize)length)) {
        return FALSE;
    }
    *has_data = count->cluster[0] != 0 ||
                memcmp(count->cluster, count->cluster + 1, (gsize)length - 1) != 0;
    return TRUE;
}

/* Set @start and @end to the next data at or after @at; @start is G_MAXINT64 if nothing follows. */
static gboolean
find_extent(const Count *count, gint64 at, gint64 *start, gint64 *end)
{
    off_t data = lseek(count->fd, (off_t)at, SEEK_DATA);
    if (data < 0) {
        *start = *end = G_MAXINT64;
        return TRUE;
    }

    off_t hole = lseek(count->fd, data, SEEK_HOLE);
    *start = (gint64)data;
    *end = (gint64)hole;
    return hole > data;
}

/* ---- raw ---- */

/* Count the extent from @start to @end. */
static gboolean
count_extent(Count *count, gint64 start, gint64 end, QblkImageData *result)
{
    for (gint64 at = start; at < end && result->data <= count->enough; at += RAW_CLUSTER) {
        gint64 length = MIN(RAW_CLUSTER, end - at);
        gboolean has_data = FALSE;
        if (!examine(count, (guint64)at, length, &has_data)) {
            return FALSE;
        }
        result->data += has_data ? length : 0;
    }
    return TRUE;
}

static gboolean
count_raw(Count *count, QblkImageData *result)
{
    gint64 most = MIN(count->size, count->length);
    count->cluster = g_malloc(RAW_CLUSTER);
    result->covered = count->size;
    if (!count->is_file) {
        /* QEMU does not know which parts of a block device have data. */
        if (count->skips_zeros) {
            return count_extent(count, 0, most, result);
        }
        result->data = most;
        return TRUE;
    }

    gint64 at = 0;
    for (guint i = 0; at < most && result->data <= count->enough; i++) {
        gint64 start = 0, end = 0;
        if (i == QBLK_LIMIT_DATA_EXTENTS || !find_extent(count, at, &start, &end)) {
            return FALSE;
        }
        if (!count_extent(count, start, MIN(end, most), result)) {
            return FALSE;
        }
        at = end;
    }
    return TRUE;
}

/* ---- qcow2 ---- */

/* The bytes of the file without any data on the disk, in which clusters may be that were allocated
 * in advance. */
static gboolean
count_holes(const Count *count, gint64 *holes)
{
    *holes = 0;
    gint64 at = 0;
    for (guint i = 0; count->is_file && at < count->length; i++) {
        gint64 start = 0, end = 0;
        if (i == QBLK_LIMIT_DATA_EXTENTS || !find_extent(count, at, &start, &end)) {
            return FALSE;
        }
        *holes += MIN(start, count->length) - at;
        at = end;
    }
    return TRUE;
}

/* Count the cluster of the @entry of a table. */
static gboolean
count_cluster(Count *count, guint64 entry, QblkImageData *result)
{
    guint64 offset = entry & OFFSET_MASK;
    gboolean is_zeros = count->version >= 3 && (entry & READS_ZEROS) != 0;
    gboolean is_data = !is_zeros && (entry & COMPRESSED) == 0 && offset != 0;
    gboolean has_data = FALSE;
    if (offset == 0 && !is_zeros && (entry & COMPRESSED) == 0) {
        return TRUE;
    }

    result->covered += count->cluster_size;
    if (!is_data) {
        return TRUE;
    }
    if (offset + (guint64)count->cluster_size > (guint64)count->length) {
        return TRUE; /* after the end of the file: zeros, or not in the file yet */
    }
    if (!examine(count, offset, count->cluster_size, &has_data)) {
        return FALSE;
    }
    result->data += has_data ? count->cluster_size : 0;
    return TRUE;
}

/* @tables: the offsets of the tables of clusters; @table: a buffer for one of them */
static gboolean
count_tables(Count *count, const guint8 *tables, guint64 entries, guint8 *table, gint64 enough,
             QblkImageData *result)
{
    for (guint64 i = 0; i < entries; i++) {
        guint64 offset = big_endian(tables + i * 8, 8) & OFFSET_MASK;
        if (offset == 0) {
            continue;
        }
        if (!read_at(count, offset, table, (gsize)count->cluster_size)) {
            return FALSE;
        }
        for (gint64 j = 0; j < count->cluster_size && result->data <= enough; j += 8) {
            if (!count_cluster(count, big_endian(table + j, 8), result)) {
                return FALSE;
            }
        }
    }
    return TRUE;
}

/* Set the members of @count, and the place and the number of the offsets of the tables. */
static gboolean
read_header(Count *count, guint64 *offset, guint64 *entries)
{
    guint8 header[HEADER_BYTES];
    if (!read_at(count, 0, header, sizeof(header)) || memcmp(header, "QFI\xfb", 4) != 0) {
        return FALSE;
    }

    count->version = big_endian(header + 4, 4);
    guint64 bits = big_endian(header + 20, 4);
    guint64 size = big_endian(header + 24, 8);
    guint64 features = count->version < 3 ? 0 : big_endian(header + 72, 8);
    gboolean is_encrypted = big_endian(header + 32, 4) != 0;
    if (count->version < 2 || count->version > 3 || bits < 9 || bits > 21 || is_encrypted ||
        (features & ~KNOWN_FEATURES) != 0) {
        return FALSE;
    }

    count->cluster_size = (gint64)1 << bits;
    *entries = big_endian(header + 36, 4);
    *offset = big_endian(header + 40, 8);
    guint64 of_a_table = (guint64)count->cluster_size * (guint64)count->cluster_size / 8;
    return size == (guint64)count->size && *entries <= QBLK_LIMIT_DATA_TABLES &&
           *entries <= size / of_a_table + 1;
}

static gboolean
count_qcow2(Count *count, QblkImageData *result)
{
    guint64 offset = 0, entries = 0;
    gint64 holes = 0;
    if (!read_header(count, &offset, &entries)) {
        return FALSE;
    }
    if (!count->skips_zeros && !count_holes(count, &holes)) {
        return FALSE;
    }

    g_autofree guint8 *tables = g_malloc0(entries * 8 + 1);
    g_autofree guint8 *table = g_malloc((gsize)count->cluster_size);
    count->cluster = g_malloc((gsize)count->cluster_size);
    if (!read_at(count, offset, tables, entries * 8)) {
        return FALSE;
    }

    gint64 enough = count->enough > G_MAXINT64 - holes ? G_MAXINT64 : count->enough + holes;
    if (!count_tables(count, tables, entries, table, enough, result)) {
        return FALSE;
    }
    result->data = MAX(result->data - holes, 0);
    return TRUE;
}

/* Never opens what is neither a file nor a block device: that may have an effect. */
static gboolean
open_file(Count *count, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0 || (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))) {
        return FALSE;
    }

    count->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    count->is_file = S_ISREG(status.st_mode);
    count->length = count->fd < 0 ? -1 : (gint64)lseek(count->fd, 0, SEEK_END);
    return count->length >= 0;
}

gboolean
qblk_image_data_count(const char *path, const char *format, gint64 size, gboolean skips_zeros,
                      gint64 enough, QblkImageData *result)
{
    g_auto(Count) count = {
        .fd = -1,
        .size = size,
        .skips_zeros = skips_zeros,
        .enough = enough,
    };
    QblkImageData found = {0};
    if (size < 0 || !open_file(&count, path)) {
        return FALSE;
    }

    gboolean done = FALSE;
    if (g_str_equal(format, "raw")) {
        done = count_raw(&count, &found);
    } else if (g_str_equal(format, "qcow2")) {
        done = count_qcow2(&count, &found);
    }
    if (done) {
        *result = found;
    }
    return done;
}

/* ---- no data ---- */

/* TRUE if no table of clusters exists. */
static gboolean
has_no_tables(const Count *count, guint64 offset, guint64 entries)
{
    if (entries > QBLK_LIMIT_DATA_TABLES) {
        return FALSE;
    }

    g_autofree guint8 *tables = g_malloc0(entries * 8 + 1);
    if (!read_at(count, offset, tables, entries * 8)) {
        return FALSE;
    }
    for (guint64 i = 0; i < entries; i++) {
        if (big_endian(tables + i * 8, 8) != 0) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean
qblk_image_data_is_none(const char *path, gint64 size)
{
    g_auto(Count) count = {.fd = -1, .size = size};
    guint8 header[HEADER_BYTES];
    if (!open_file(&count, path) || !count.is_file) {
        return FALSE;
    }
    if (!read_at(&count, 0, header, sizeof(header)) || memcmp(header, "QFI\xfb", 4) != 0) {
        return FALSE;
    }

    guint64 version = big_endian(header + 4, 4);
    guint64 found = big_endian(header + 24, 8);
    guint64 snapshots = big_endian(header + 60, 4);
    guint64 features = version < 3 ? 0 : big_endian(header + 72, 8);
    gboolean is_known = (version == 2 || version == 3) && (features & ~ALL_FEATURES) == 0 &&
                        (features & DATA_FILE) == 0;
    if (!is_known || snapshots != 0 || (found != 0 && found != (guint64)size)) {
        return FALSE;
    }
    return has_no_tables(&count, big_endian(header + 40, 8), big_endian(header + 36, 4));
}
