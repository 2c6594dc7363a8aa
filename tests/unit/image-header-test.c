/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-header.h"
#include "lib/check.h"
#include "lib/qcow2-image.h"

#include <qblk/error.h>

static QblkImageHeader *
read_image(const char *format, const Qcow2Image *image)
{
    g_autoptr(GError) error = NULL;
    QblkImageHeader *header =
        qblk_image_header_read(format, image->bytes, sizeof image->bytes, &error);

    assert_no_error(error);
    assert_non_null(header);
    return header;
}

static void
expect_damaged(const char *format, const Qcow2Image *image, gsize length, const char *reason)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkImageHeader) header =
        qblk_image_header_read(format, image->bytes, length, &error);

    assert_null(header);
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, reason);
}

static void
a_qcow2_header_names_its_backing_file_and_format(void **state)
{
    Qcow2Image image = qcow2_image(3);

    qcow2_image_put_extension(&image, 104, 0xe2792aca, "raw");
    qcow2_image_put_extension(&image, 120, 0x12345678, "what is not known");
    qcow2_image_put_backing(&image, "base.img");
    g_autoptr(QblkImageHeader) header = read_image("qcow2", &image);
    assert_string_equal(header->backing_name, "base.img");
    assert_string_equal(header->backing_format, "raw");
    assert_null(header->data_file);
    assert_null(header->encryption);
}

static void
version_2_has_a_shorter_header(void **state)
{
    Qcow2Image image = qcow2_image(2);

    qcow2_image_put_extension(&image, 72, 0xe2792aca, "qcow2");
    qcow2_image_put_backing(&image, "b");
    g_autoptr(QblkImageHeader) header = read_image("qcow2", &image);
    assert_string_equal(header->backing_name, "b");
    assert_string_equal(header->backing_format, "qcow2");
}

static void
a_data_file_counts_if_the_feature_is_on(void **state)
{
    Qcow2Image image = qcow2_image(3);

    qcow2_image_put_extension(&image, 104, 0x44415441, "data.raw");
    g_autoptr(QblkImageHeader) without = read_image("qcow2", &image);
    assert_null(without->data_file);
    qcow2_image_put(&image, 72, 8, 4);
    g_autoptr(QblkImageHeader) with = read_image("qcow2", &image);
    assert_string_equal(with->data_file, "data.raw");
}

static void
an_encrypted_image_is_recognized(void **state)
{
    Qcow2Image image = qcow2_image(3);

    qcow2_image_put(&image, 32, 4, 2);
    g_autoptr(QblkImageHeader) header = read_image("qcow2", &image);
    assert_string_equal(header->encryption, "luks");
    qcow2_image_put(&image, 32, 4, 1);
    g_autoptr(QblkImageHeader) legacy = read_image("qcow2", &image);
    assert_string_equal(legacy->encryption, "aes");
}

static void
the_other_formats_name_backing_files_too(void **state)
{
    Qcow2Image qcow = {0};

    qcow2_image_put(&qcow, 0, 4, 0x514649fb);
    qcow2_image_put(&qcow, 4, 4, 1);
    qcow2_image_put_backing(&qcow, "old.img");
    g_autoptr(QblkImageHeader) first = read_image("qcow", &qcow);
    assert_string_equal(first->backing_name, "old.img");
    assert_null(first->backing_format);

    Qcow2Image qed = {.bytes = "QED"};
    qed.bytes[16] = 5;
    qed.bytes[57] = 2;
    qed.bytes[60] = 4;
    qcow2_image_put_text(&qed, 512, "base");
    g_autoptr(QblkImageHeader) second = read_image("qed", &qed);
    assert_string_equal(second->backing_name, "base");
    assert_string_equal(second->backing_format, "raw");

    Qcow2Image vmdk = {.bytes = "# Disk DescriptorFile\nparentFileNameHint=\"base.vmdk\"\n"
                                "RW 2048 FLAT \"disk-flat.vmdk\" 0\n"};
    g_autoptr(QblkImageHeader) third = read_image("vmdk", &vmdk);
    assert_string_equal(third->backing_name, "base.vmdk");
}

/* As block/vmdk.c finds it: anywhere in the text, whatever the header specifies. */
static void
the_parent_of_a_vmdk_is_where_qemu_finds_it(void **state)
{
    static const char text[] = "# Disk DescriptorFile\nRW 2048 FLAT \"flat.raw\" 0\n";
    static const struct {
        const char *magic;
        gsize at;
        const char *hint;
        gsize length;
        const char *name;

    } cases[] = {
#define HINT(hint) hint, sizeof(hint)
        {text, 100, HINT(" x=\"\" parentFileNameHint=\"a\"\n"), NULL}, /* after its end */
        {text, sizeof text - 1, HINT(" x=\"\" parentFileNameHint=\"a\"\n"), "a"},
        {text, sizeof text - 1, HINT("xparentFileNameHint: b\"\n"), "b"},
        {text, sizeof text - 1, HINT("parentFileNameHint\0\0c\""), "c"},
        {text, sizeof text - 1, HINT("parentFileNameHint=\"\"\nparentFileNameHint=\"d\""), NULL},
        {"KDMV", 512, HINT("parentFileNameHint=\"e\""), "e"},
        {"COWD", 512, HINT("parentFileNameHint=\"f\""), "f"},
        {"COWD", 1024, HINT("parentFileNameHint=\"g\""), NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Qcow2Image image = {0};
        memcpy(image.bytes, cases[i].magic, strlen(cases[i].magic));
        memcpy(image.bytes + cases[i].at, cases[i].hint, cases[i].length);
        g_autoptr(QblkImageHeader) header = read_image("vmdk", &image);
        assert_int_equal(g_strcmp0(header->backing_name, cases[i].name), 0);
    }

    Qcow2Image image = {.bytes = "# Disk DescriptorFile\nparentFileNameHint=\"without an end"};
    expect_damaged("vmdk", &image, sizeof image.bytes, "name of the backing file");
}

static void
an_extent_over_the_network_is_refused(void **state)
{
    Qcow2Image image = {.bytes = "# Disk DescriptorFile\nRW 2048 FLAT \"nbd://host/export\" 0\n"};
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkImageHeader) header =
        qblk_image_header_read("vmdk", image.bytes, sizeof image.bytes, &error);

    assert_null(header);
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE, "not a local file");
}

static void
what_points_outside_is_damaged(void **state)
{
    Qcow2Image image = qcow2_image(3);

    qcow2_image_put_backing(&image, "base.img");
    qcow2_image_put(&image, 8, 8, G_MAXUINT64);
    expect_damaged("qcow2", &image, sizeof image.bytes, "a name in it is out of bounds");
    qcow2_image_put(&image, 8, 8, 4090);
    expect_damaged("qcow2", &image, sizeof image.bytes, "a name in it is out of bounds");
    qcow2_image_put(&image, 8, 8, 512);
    qcow2_image_put(&image, 16, 4, 1024);
    expect_damaged("qcow2", &image, sizeof image.bytes, "a name in it is out of bounds");

    image = qcow2_image(3);
    qcow2_image_put(&image, 104, 4, 0xe2792aca);
    qcow2_image_put(&image, 108, 4, 0xffffffff);
    expect_damaged("qcow2", &image, sizeof image.bytes, "an extension");
    image = qcow2_image(3);
    qcow2_image_put(&image, 20, 4, 40);
    expect_damaged("qcow2", &image, sizeof image.bytes, "the cluster size");
    image = qcow2_image(3);
    qcow2_image_put(&image, 100, 4, 0xffffff);
    expect_damaged("qcow2", &image, sizeof image.bytes, "its size");
    expect_damaged("qcow2", &image, 20, "the cluster size");
    expect_damaged("vmdk", &image, sizeof image.bytes, "not in the format vmdk");
}

static guint8 *
copy_of(const guint8 *bytes, gsize length)
{
    guint8 *copy = g_malloc(MAX(length, 1));

    memcpy(copy, bytes, length);
    return copy;
}

/* The address sanitizer shows that nothing beyond the bytes is read. */
static void
no_length_is_too_short(void **state)
{
    Qcow2Image images[] = {
        qcow2_image(2), qcow2_image(3), {.bytes = "QED"}, {.bytes = "KDMV"}, {.bytes = "COWD"}};

    for (gsize i = 0; i < G_N_ELEMENTS(images); i++) {
        qcow2_image_put_backing(&images[i], "base");
        for (gsize length = 0; length < 600; length++) {
            g_autofree guint8 *bytes = copy_of(images[i].bytes, length);
            const char *format = qblk_image_header_format(bytes, length);
            g_autoptr(QblkImageHeader) header =
                qblk_image_header_read(format == NULL ? "qcow2" : format, bytes, length, NULL);
            assert_true(qblk_image_header_size(bytes, length) <= QBLK_IMAGE_HEADER_MOST);
        }
    }
}

static void
a_format_is_known_by_its_first_bytes(void **state)
{
    static const struct {
        const char *bytes;
        gsize length;
        const char *format;

    } cases[] = {
        {"QFI\xfb\0\0\0\1", 8, "qcow"},
        {"QFI\xfb\0\0\0\2", 8, "qcow2"},
        {"QFI\xfb\0\0\0\3", 8, "qcow2"},
        {"QFI\xfb\0\0\0\4", 8, NULL},
        {"QFI\xfb\0\0\0", 7, NULL},
        {"QED\0", 4, "qed"},
        {"conectix", 8, "vpc"},
        {"vhdxfile", 8, "vhdx"},
        {"LUKS\xba\xbe", 6, "luks"},
        {"WithoutFreeSpace", 16, "parallels"},
        {"", 0, NULL},
        {"hello", 5, NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *format =
            qblk_image_header_format((const guint8 *)cases[i].bytes, cases[i].length);
        assert_int_equal(g_strcmp0(format, cases[i].format), 0);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_qcow2_header_names_its_backing_file_and_format),
        cmocka_unit_test(version_2_has_a_shorter_header),
        cmocka_unit_test(a_data_file_counts_if_the_feature_is_on),
        cmocka_unit_test(an_encrypted_image_is_recognized),
        cmocka_unit_test(the_other_formats_name_backing_files_too),
        cmocka_unit_test(the_parent_of_a_vmdk_is_where_qemu_finds_it),
        cmocka_unit_test(an_extent_over_the_network_is_refused),
        cmocka_unit_test(what_points_outside_is_damaged),
        cmocka_unit_test(no_length_is_too_short),
        cmocka_unit_test(a_format_is_known_by_its_first_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
