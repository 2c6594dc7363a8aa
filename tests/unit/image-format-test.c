/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-format.h"
#include "lib/check.h"

#include <qblk/error.h>

#define QCOW2 "QFI\xfb\0\0\0\3"

static QblkImageFile *
make_file(const char *path, const char *bytes, gsize length)
{
    QblkImageFile *file = g_new0(QblkImageFile, 1);

    file->path = g_strdup(path);
    file->bytes = g_malloc(64);
    memcpy(file->bytes, bytes, length);
    file->length = length;
    file->ends_as_vpc = g_str_has_prefix(bytes, "footer");
    return file;
}

static const char *
format_of(const char *path, const char *bytes, gsize length, const char *said, GError **error)
{
    g_autoptr(QblkImageFile) file = make_file(path, bytes, length);
    return qblk_image_format(file, said, error);
}

static QblkBackingFormat
backing_of(const char *path, const char *bytes, const char *recorded, const char *said,
           GError **error)
{
    gsize length = g_str_has_prefix(bytes, "QFI") ? strlen("QFI.") + 4 : strlen(bytes);
    g_autoptr(QblkImageFile) file = make_file(path, bytes, length);
    QblkBackingFormat found;
    gboolean is_found = qblk_image_format_of_backing(file, recorded, said, &found, error);
    return is_found ? found : (QblkBackingFormat){0};
}

static void
the_rules_of_the_header_hold(void **state)
{
    static const struct {
        const char *path, *bytes;
        gsize length;
        const char *said, *format;

    } cases[] = {
        {"/a.img", QCOW2, 8, "qcow2", "qcow2"}, {"/a.img", QCOW2, 8, "raw", "raw"},
        {"/a.qcow2", QCOW2, 8, "raw", "raw"},   {"/a.img", "", 0, NULL, "raw"},
        {"/a.qcow2", "hello", 5, NULL, "raw"},  {"/a.qcow2", QCOW2, 8, NULL, "qcow2"},
        {"/a.QCOW2", QCOW2, 8, NULL, "qcow2"},  {"/a.qcow", QCOW2, 8, NULL, "qcow2"},
        {"/a.vhd", "conectix", 8, NULL, "vpc"}, {"/a.vhd", "footer", 6, NULL, "vpc"},
        {"/a.img", "footer", 6, NULL, "raw"},   {"/a.vhdx", "vhdxfile", 8, NULL, "vhdx"},
        {"/a.raw", "footer", 6, "vpc", "vpc"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        const char *format =
            format_of(cases[i].path, cases[i].bytes, cases[i].length, cases[i].said, &error);
        assert_no_error(error);
        assert_string_equal(format, cases[i].format);
    }
}

static void
bytes_alone_do_not_decide_the_format(void **state)
{
    static const char *const paths[] = {"/disk.img",     "/disk",         "/disk.raw",
                                        "/disk.qcow2.1", "/a.qcow2/disk", "/disk.vmdk"};

    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(format_of(paths[i], QCOW2, 8, NULL, &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE,
                     "looks like qcow2, but a guest can write that into a raw image: use "
                     "'qblk --format qcow2 COMMAND' or 'qblk --format raw COMMAND'");
    }
}

static void
only_image_formats_are_formats(void **state)
{
    static const char *const words[] = {"", "qcow3", "throttle", "quorum", "file", "nbd"};

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(format_of("/a.img", "", 0, words[i], &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, "unknown image format");
        (void)backing_of("/a.img", "hello", NULL, words[i], &error);
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, "unknown image format");
    }
}

/* ---- backing files ---- */

static const char luks[] = "LUKS\xba\xbe";

static void
a_recorded_format_is_compared_with_the_bytes(void **state)
{
    static const struct {
        const char *path, *bytes, *recorded, *format, *undecided;
        gboolean is_wrong;
    } cases[] = {
        /* The header agrees. */
        {"/a.img", QCOW2, "qcow2", "qcow2", NULL, FALSE},
        {"/a.img", "hello", "raw", "raw", NULL, FALSE},
        {"/a.raw", "footer", "vpc", "vpc", NULL, FALSE},
        {"/a.img", "hello", "dmg", "dmg", NULL, FALSE},
        {"/a.img", luks, "luks", "luks", NULL, FALSE},
        /* A protocol, which QEMU before 9.0 writes, means raw. */
        {"/a.img", "hello", "file", "raw", NULL, FALSE},
        {"/a.img", QCOW2, "host_device", "raw", "qcow2", FALSE},
        /* A guest can write any bytes into a raw image. */
        {"/a.img", QCOW2, "raw", "raw", "qcow2", FALSE},
        {"/a.qcow2", QCOW2, "raw", "raw", "qcow2", FALSE},
        {"/a.img", luks, "raw", "raw", NULL, FALSE},
        {"/a.img", QCOW2, "vmdk", "raw", "qcow2", TRUE},
        {"/a.img", luks, "qcow2", "raw", "luks", TRUE},
        {"/a.img", QCOW2, "qcow3", "raw", "qcow2", TRUE},
        {"/a.img", QCOW2, NULL, "raw", "qcow2", FALSE},
        /* The file proves that the header is wrong. */
        {"/a.qcow2", "hello", "qcow2", "raw", NULL, TRUE},
        {"/a.img", "hello", "qcow3", "raw", NULL, TRUE},
        {"/a.img", "hello", "vpc", "raw", NULL, TRUE},
        {"/a.vhd", "footer", "qcow2", "vpc", NULL, TRUE},
        {"/a.qcow2", QCOW2, "vmdk", "qcow2", NULL, TRUE},
        {"/a.qcow2", QCOW2, NULL, "qcow2", NULL, FALSE},
        {"/a.img", "hello", NULL, "raw", NULL, FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        QblkBackingFormat found =
            backing_of(cases[i].path, cases[i].bytes, cases[i].recorded, NULL, &error);
        assert_no_error(error);
        assert_string_equal(found.format, cases[i].format);
        if (cases[i].undecided == NULL) {
            assert_null(found.undecided);
        } else {
            assert_string_equal(found.undecided, cases[i].undecided);
        }
        assert_int_equal(found.is_wrong, cases[i].is_wrong);
        assert_false(found.is_specified);
    }
}

static void
the_user_decides_the_format(void **state)
{
    static const struct {
        const char *bytes, *recorded, *said;
        gboolean is_wrong;
    } cases[] = {
        {QCOW2, "raw", "qcow2", TRUE},  {QCOW2, "raw", "raw", FALSE}, {QCOW2, "file", "raw", FALSE},
        {QCOW2, "qcow2", "raw", TRUE},  {QCOW2, NULL, "raw", FALSE},  {QCOW2, NULL, "qcow2", FALSE},
        {"footer", "raw", "vpc", TRUE}, {luks, "raw", "luks", TRUE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        QblkBackingFormat found =
            backing_of("/a.img", cases[i].bytes, cases[i].recorded, cases[i].said, &error);
        assert_no_error(error);
        assert_string_equal(found.format, cases[i].said);
        assert_null(found.undecided);
        assert_int_equal(found.is_wrong, cases[i].is_wrong);
        assert_true(found.is_specified);
    }
}

static void
a_file_without_the_magic_is_not_of_that_format(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) other = NULL;

    (void)backing_of("/a.qcow2", "hello", "qcow2", "qcow2", &error);
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                 "'/a.qcow2' is no image of the format qcow2: it looks like raw");
    (void)backing_of("/a.img", QCOW2, "raw", "vmdk", &other);
    assert_error(other, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, "it looks like qcow2");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rules_of_the_header_hold),
        cmocka_unit_test(bytes_alone_do_not_decide_the_format),
        cmocka_unit_test(only_image_formats_are_formats),
        cmocka_unit_test(a_recorded_format_is_compared_with_the_bytes),
        cmocka_unit_test(the_user_decides_the_format),
        cmocka_unit_test(a_file_without_the_magic_is_not_of_that_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
