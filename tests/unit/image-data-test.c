/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-data.h"

#include "base/limits.h"
#include "lib/check.h"
#include "lib/test-directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* An image of 64 KiB with clusters of 512 bytes: the header, the table of tables, one table, and
 * clusters of data.  Its file has no holes. */
#define CLUSTER    512
#define CLUSTERS   16
#define SIZE       65536
#define L1         1
#define L2         2
#define OF_L1      (L1 * CLUSTER)
#define OF_L2      (L2 * CLUSTER)
#define MORE_L1    (8 * CLUSTER)
#define COPIED     (G_GUINT64_CONSTANT(1) << 63)
#define COMPRESSED (G_GUINT64_CONSTANT(1) << 62)
#define AT(n)      (COPIED | (guint64)(n)*CLUSTER)

typedef struct {
    guint8 bytes[CLUSTERS * CLUSTER];
} Image;

static void
put(Image *image, gsize offset, gsize size, guint64 value)
{
    for (gsize i = 0; i < size; i++) {
        image->bytes[offset + i] = (guint8)(value >> 8 * (size - 1 - i));
    }
}

/* Cluster 4 has data, cluster 5 has zeros. */
static Image
new_image(guint version)
{
    Image image = {0};
    memcpy(image.bytes, "QFI\xfb", 4);
    put(&image, 4, 4, version);
    put(&image, 20, 4, 9);
    put(&image, 24, 8, SIZE);
    put(&image, 36, 4, 2);
    put(&image, 40, 8, OF_L1);
    put(&image, OF_L1, 8, AT(L2));
    memset(image.bytes + (gsize)4 * CLUSTER, 'd', CLUSTER);
    return image;
}

static char *
save(gconstpointer bytes, gsize length)
{
    char *path = test_directory_path("image");
    assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
    return path;
}

static gboolean
count(const Image *image, gboolean skips_zeros, gint64 enough, QblkImageData *data)
{
    g_autofree char *path = save(image->bytes, sizeof(image->bytes));
    return qblk_image_data_count(path, "qcow2", SIZE, skips_zeros, enough, data);
}

static void
clusters_with_data_are_counted(void **state)
{
    static const struct {
        guint version;
        guint64 entries[3];
        gboolean skips_zeros;
        gint64 data, covered; /* clusters */
    } rows[] = {
        {3, {0, 0, 0}, FALSE, 0, 0},
        {3, {AT(4), 0, 0}, FALSE, 1, 1},
        {3, {AT(4), AT(5), AT(6)}, FALSE, 3, 3},
        {3, {AT(4), AT(5), AT(6)}, TRUE, 1, 3},
        {3, {AT(4) | 1, 1, 0}, FALSE, 0, 2}, /* zeros, with and without a cluster */
        {2, {AT(4) | 1, 0, 0}, FALSE, 1, 1}, /* version 2 does not have them */
        {3, {COMPRESSED | 4 * CLUSTER, 0, 0}, FALSE, 0, 1},
        {3, {AT(CLUSTERS), AT(4), 0}, FALSE, 1, 2}, /* after the end of the file */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        QblkImageData data = {-1, -1};
        Image image = new_image(rows[i].version);
        for (gsize j = 0; j < G_N_ELEMENTS(rows[i].entries); j++) {
            put(&image, OF_L2 + j * 8, 8, rows[i].entries[j]);
        }
        assert_true(count(&image, rows[i].skips_zeros, G_MAXINT64, &data));
        assert_int_equal(data.data, rows[i].data * CLUSTER);
        assert_int_equal(data.covered, rows[i].covered * CLUSTER);
    }
}

static void
counting_stops_when_there_is_enough(void **state)
{
    QblkImageData data = {0};
    Image image = new_image(3);
    for (gsize i = 0; i < 10; i++) {
        put(&image, OF_L2 + i * 8, 8, AT(4));
    }
    assert_true(count(&image, FALSE, 3 * CLUSTER, &data));
    assert_int_equal(data.data, 4 * CLUSTER);
}

/* What is not certain is not counted at all. */
static void
what_cannot_be_counted_is_refused(void **state)
{
    static const struct {
        gsize offset, size;
        guint64 value;
    } changes[] = {
        {0, 4, 0},                                      /* another magic */
        {4, 4, 1},                                      /* another version */
        {4, 4, 4},                                      /* another version */
        {20, 4, 8},                                     /* clusters too small */
        {20, 4, 22},                                    /* clusters too large */
        {24, 8, SIZE + CLUSTER},                        /* another size than QEMU reports */
        {32, 4, 2},                                     /* encrypted */
        {36, 4, 100000},                                /* more tables than such a disk has */
        {40, 8, G_MAXUINT64},                           /* tables far away */
        {40, 8, (guint64)CLUSTERS * CLUSTER},           /* tables after the end */
        {OF_L1, 8, AT(CLUSTERS)},                       /* a table after the end */
        {OF_L1, 8, AT(CLUSTERS - 1) + CLUSTER / 2 * 2}, /* the same */
        {72, 8, 2},                                     /* corrupt */
        {72, 8, 4},                                     /* an external data file */
        {72, 8, 16},                                    /* parts of clusters */
        {72, 8, G_GUINT64_CONSTANT(1) << 63},
    };
    QblkImageData data = {7, 7};
    Image whole = new_image(3);
    put(&whole, 72, 8, 9); /* features that do not matter */
    assert_true(count(&whole, FALSE, G_MAXINT64, &data));

    for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
        Image image = new_image(3);
        put(&image, changes[i].offset, changes[i].size, changes[i].value);
        data.data = 7;
        assert_false(count(&image, FALSE, G_MAXINT64, &data));
        assert_int_equal(data.data, 7);
    }
}

/* Space that was allocated in advance is not data. */
static void
holes_in_the_file_are_not_data(void **state)
{
    QblkImageData data = {0};
    Image image = new_image(3);
    for (gsize i = 0; i < 4; i++) {
        put(&image, OF_L2 + i * 8, 8, (guint64)(1024 + i) * CLUSTER);
    }
    g_autofree char *path = save(image.bytes, sizeof(image.bytes));
    assert_int_equal(truncate(path, 2 << 20), 0);
    assert_true(qblk_image_data_count(path, "qcow2", SIZE, FALSE, G_MAXINT64, &data));
    assert_int_equal(data.data, 0);
    assert_int_equal(data.covered, 4 * CLUSTER);
}

static void
a_raw_image_has_data_between_its_holes(void **state)
{
    static const guint8 bytes[65536] = {1};
    QblkImageData data = {0};
    g_autofree char *path = save("", 0);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 8 << 20), 0);
    assert_int_equal(pwrite(fd, bytes, sizeof(bytes), 1 << 20), sizeof(bytes));
    assert_int_equal(pwrite(fd, bytes + 1, sizeof(bytes) - 1, 4 << 20), sizeof(bytes) - 1);
    close(fd);

    assert_true(qblk_image_data_count(path, "raw", 8 << 20, FALSE, G_MAXINT64, &data));
    assert_int_equal(data.data, 2 * 65536);
    assert_int_equal(data.covered, 8 << 20);
    assert_true(qblk_image_data_count(path, "raw", 8 << 20, TRUE, G_MAXINT64, &data));
    assert_int_equal(data.data, 65536);
    assert_true(qblk_image_data_count(path, "raw", 65536, FALSE, G_MAXINT64, &data));
    assert_int_equal(data.data, 0);
}

static void
only_files_of_known_formats_are_opened(void **state)
{
    QblkImageData data = {0};
    g_autofree char *path = save("", 0);
    g_autofree char *pipe = test_directory_path("pipe");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_false(qblk_image_data_count(path, "vmdk", 512, FALSE, 0, &data));
    assert_false(qblk_image_data_count(path, "qcow2", 512, FALSE, 0, &data));
    assert_false(qblk_image_data_count(path, "raw", -1, FALSE, 0, &data));
    assert_false(qblk_image_data_count(pipe, "raw", 512, FALSE, 0, &data));
    assert_false(qblk_image_data_count("/nonexistent/image", "raw", 512, FALSE, 0, &data));
}

static void
not_more_than_the_limit_is_read(void **state)
{
    QblkImageData data = {0};
    gint64 size = (gint64)(QBLK_LIMIT_DATA_READS + 1) * CLUSTER;
    Image image = new_image(3);
    put(&image, 24, 8, (guint64)size);
    put(&image, 36, 4, (guint64)size / CLUSTER / 64 + 1);
    put(&image, 40, 8, MORE_L1);
    for (gsize i = 0; i < 65; i++) {
        put(&image, OF_L2 + i % 64 * 8, 8, AT(5));
        put(&image, MORE_L1 + i * 8, 8, AT(L2)); /* each table is the same one */
    }
    g_autofree char *path = save(image.bytes, sizeof(image.bytes));
    assert_false(qblk_image_data_count(path, "qcow2", size, TRUE, G_MAXINT64, &data));
    assert_true(qblk_image_data_count(path, "qcow2", size, FALSE, G_MAXINT64, &data));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clusters_with_data_are_counted),
        cmocka_unit_test(counting_stops_when_there_is_enough),
        cmocka_unit_test(what_cannot_be_counted_is_refused),
        cmocka_unit_test(holes_in_the_file_are_not_data),
        cmocka_unit_test(a_raw_image_has_data_between_its_holes),
        cmocka_unit_test(only_files_of_known_formats_are_opened),
        cmocka_unit_test(not_more_than_the_limit_is_read),
    };
    return cmocka_run_group_tests(tests, test_directory_set_up, test_directory_tear_down);
}
