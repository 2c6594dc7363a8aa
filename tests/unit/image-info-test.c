/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-info.h"

#include "base/limits.h"
#include "lib/check.h"
#include "lib/qcow2-image.h"
#include "lib/test-directory.h"

#include <qblk/error.h>
#include <string.h>
#include <unistd.h>

/* Places in a qcow2 image with clusters of 512 bytes and a disk of 1 MiB. */
#define SIZE      (1 << 20)
#define DIRECTORY 1024 /* of the bitmaps */
#define SNAPSHOTS 1536
#define TABLE     2048 /* of the first bitmap */
#define BITS      2560

static void
put(Qcow2Image *image, gsize offset, gsize size, guint64 value)
{
    qcow2_image_put(image, offset, size, value);
}

/* An image with one bitmap, whose granularity is 512 bytes, and one snapshot. */
static Qcow2Image
new_image(void)
{
    Qcow2Image image = qcow2_image(3);
    put(&image, 20, 4, 9);
    put(&image, 24, 8, SIZE);
    put(&image, 60, 4, 1);
    put(&image, 64, 8, SNAPSHOTS);
    put(&image, 88, 8, 1);
    put(&image, 104, 4, 0x23852875); /* the extension of bitmaps */
    put(&image, 108, 4, 24);
    put(&image, 112, 4, 1);
    put(&image, 120, 8, 32);
    put(&image, 128, 8, DIRECTORY);

    put(&image, DIRECTORY, 8, TABLE);
    put(&image, DIRECTORY + 8, 4, 1);
    put(&image, DIRECTORY + 12, 4, 2);
    put(&image, DIRECTORY + 16, 1, 1);
    put(&image, DIRECTORY + 17, 1, 9);
    put(&image, DIRECTORY + 18, 2, 2);
    qcow2_image_put_text(&image, DIRECTORY + 24, "b0");
    put(&image, TABLE, 8, BITS);
    put(&image, BITS, 4, 0x80000007);

    put(&image, SNAPSHOTS + 12, 2, 1);
    put(&image, SNAPSHOTS + 14, 2, 3);
    put(&image, SNAPSHOTS + 16, 4, 1234);
    put(&image, SNAPSHOTS + 32, 4, 99);
    put(&image, SNAPSHOTS + 36, 4, 16);
    put(&image, SNAPSHOTS + 40, 8, 5000);
    qcow2_image_put_text(&image, SNAPSHOTS + 56, "1one");
    return image;
}

static QblkImageInfo *
read_info(const Qcow2Image *image, const char *format, GError **error)
{
    g_autofree char *path = test_directory_path("image");
    assert_true(g_file_set_contents(path, (const char *)image->bytes, sizeof(image->bytes), NULL));
    return qblk_image_info_read(path, format, error);
}

static QblkImageInfo *
read_good(const Qcow2Image *image, const char *format)
{
    g_autoptr(GError) error = NULL;
    QblkImageInfo *info = read_info(image, format, &error);
    assert_no_error(error);
    return info;
}

static void
expect_error(const Qcow2Image *image, const char *format, gint code, const char *reason)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkImageInfo) info = read_info(image, format, &error);
    assert_null(info);
    assert_error(error, QBLK_GRAPH_ERROR, code, reason);
}

static void
the_lists_of_a_qcow2_image_are_read(void **state)
{
    const Qcow2Image image = new_image();
    g_autoptr(QblkImageInfo) info = read_good(&image, "qcow2");
    assert_int_equal(info->virtual_size, SIZE);
    assert_int_equal(info->cluster_size, 512);
    assert_int_equal(info->version, 3);
    assert_int_equal(info->file_size, sizeof(image.bytes));

    assert_int_equal(info->content->bitmaps->len, 1);
    const QblkImageBitmap *bitmap = info->content->bitmaps->pdata[0];
    assert_string_equal(bitmap->name, "b0");
    assert_int_equal(bitmap->granularity, 512);
    assert_int_equal(bitmap->dirty, 4 * 512);
    assert_true(bitmap->is_recording);
    assert_false(bitmap->is_inconsistent);

    assert_int_equal(info->content->snapshots->len, 1);
    const QblkImageSnapshot *snapshot = info->content->snapshots->pdata[0];
    assert_string_equal(snapshot->id, "1");
    assert_string_equal(snapshot->name, "one");
    assert_int_equal(snapshot->date, 1234);
    assert_int_equal(snapshot->vm_state_size, 5000);
}

static void
bits_are_counted_as_the_table_specifies(void **state)
{
    static const struct {
        guint64 size, entry;
        guint flags;
        gint64 bits;
    } rows[] = {
        {SIZE, 0, 0, 0},
        {SIZE, 1, 0, SIZE / 512},           /* all ones */
        {SIZE - 512, 1, 0, SIZE / 512 - 1}, /* and none after the end */
        {SIZE, BITS, 0, 4},
        {SIZE, BITS, 1, 0}, /* in use: what is in the file is not valid */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        Qcow2Image image = new_image();
        put(&image, 24, 8, rows[i].size);
        put(&image, DIRECTORY + 12, 4, rows[i].flags);
        put(&image, TABLE, 8, rows[i].entry);
        g_autoptr(QblkImageInfo) info = read_good(&image, "qcow2");
        const QblkImageBitmap *bitmap = info->content->bitmaps->pdata[0];
        assert_int_equal(bitmap->dirty, rows[i].bits * 512);
        assert_int_equal(bitmap->is_inconsistent, rows[i].flags == 1);
        assert_false(bitmap->is_recording);
    }
}

static void
bitmaps_that_another_program_has_not_kept_are_ignored(void **state)
{
    Qcow2Image image = new_image();
    put(&image, 88, 8, 0);
    g_autoptr(QblkImageInfo) info = read_good(&image, "qcow2");
    assert_int_equal(info->content->bitmaps->len, 0);
}

static void
damaged_lists_are_errors(void **state)
{
    static const struct {
        gsize offset, size;
        guint64 value;
        const char *reason;
    } rows[] = {
        {60, 4, 0xffffffff, "list of its snapshots is damaged"},
        {64, 8, G_MAXUINT64, "list of its snapshots is damaged"},
        {SNAPSHOTS + 14, 2, 0xffff, "list of its snapshots is damaged"},
        {SNAPSHOTS + 36, 4, 0xffffffff, "list of its snapshots is damaged"},
        {112, 4, 0xffffffff, "list of its bitmaps is damaged"},
        {128, 8, 1 << 20, "list of its bitmaps is damaged"},
        {DIRECTORY, 8, G_MAXUINT64 - 7, "list of its bitmaps is damaged"},
        {DIRECTORY + 8, 4, 2, "list of its bitmaps is damaged"},
        {DIRECTORY + 17, 1, 63, "list of its bitmaps is damaged"},
        {DIRECTORY + 20, 4, 0xffffffff, "list of its bitmaps is damaged"},
        {TABLE, 8, 1 << 20, "list of its bitmaps is damaged"},
        {24, 8, G_MAXUINT64, "header is damaged"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        Qcow2Image image = new_image();
        put(&image, rows[i].offset, rows[i].size, rows[i].value);
        expect_error(&image, "qcow2", QBLK_GRAPH_ERROR_FILE, rows[i].reason);
    }
}

static void
not_more_bits_are_counted_than_the_limit(void **state)
{
    Qcow2Image image = new_image();
    put(&image, 24, 8, (guint64)QBLK_LIMIT_BITMAP_BYTES * 8 * 512);
    put(&image, DIRECTORY, 8, 1 << 20);
    put(&image, DIRECTORY + 8, 4, QBLK_LIMIT_BITMAP_BYTES / 512);
    g_autofree char *path = test_directory_path("image");
    assert_true(g_file_set_contents(path, (const char *)image.bytes, sizeof(image.bytes), NULL));
    assert_int_equal(truncate(path, (off_t)QBLK_LIMIT_BITMAP_BYTES), 0);

    g_autoptr(GError) error = NULL;
    g_autoptr(QblkImageInfo) info = qblk_image_info_read(path, "qcow2", &error);
    assert_null(info);
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_LIMIT, "more bytes than the limit");
}

static void
the_size_of_other_formats_is_in_their_headers(void **state)
{
    Qcow2Image luks = {.bytes = "LUKS\xba\xbe"};
    put(&luks, 6, 2, 1);
    put(&luks, 104, 4, 2);
    g_autoptr(QblkImageInfo) first = read_good(&luks, "luks");
    assert_int_equal(first->virtual_size, sizeof(luks.bytes) - 1024);
    assert_string_equal(first->header->encryption, "luks");
    put(&luks, 6, 2, 2);
    expect_error(&luks, "luks", QBLK_GRAPH_ERROR_FILE, "of a version that is not known");

    Qcow2Image qed = {.bytes = "QED"};
    qed.bytes[50] = 1;
    g_autoptr(QblkImageInfo) second = read_good(&qed, "qed");
    assert_int_equal(second->virtual_size, 65536);

    const Qcow2Image raw = {0};
    g_autoptr(QblkImageInfo) third = read_good(&raw, "raw");
    assert_int_equal(third->virtual_size, sizeof(raw.bytes));
    expect_error(&raw, "vdi", QBLK_GRAPH_ERROR_UNSUPPORTED, "format vdi is not known");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lists_of_a_qcow2_image_are_read),
        cmocka_unit_test(bits_are_counted_as_the_table_specifies),
        cmocka_unit_test(bitmaps_that_another_program_has_not_kept_are_ignored),
        cmocka_unit_test(damaged_lists_are_errors),
        cmocka_unit_test(not_more_bits_are_counted_than_the_limit),
        cmocka_unit_test(the_size_of_other_formats_is_in_their_headers),
    };
    return cmocka_run_group_tests(tests, test_directory_set_up, test_directory_tear_down);
}
