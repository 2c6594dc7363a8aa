/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-format.h"
#include "lib/check.h"

#include <qblk/error.h>

#define QCOW2 "QFI\xfb\0\0\0\3"

static const char *
format_of(const char *path, const char *bytes, gsize length, const char *overlay, const char *said,
          GError **error)
{
    QblkImageFile file = {0};
    g_autofree char *name = g_strdup(path);
    g_autofree guint8 *copy = g_malloc(64);

    memcpy(copy, bytes, length);
    file.path = name;
    file.bytes = copy;
    file.length = length;
    file.ends_as_vpc = g_str_has_prefix(bytes, "footer");
    return qblk_image_format(&file, overlay, said, error);
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
            format_of(cases[i].path, cases[i].bytes, cases[i].length, NULL, cases[i].said, &error);
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
        assert_null(format_of(paths[i], QCOW2, 8, NULL, NULL, &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE,
                     "looks like qcow2, but a guest can write that into a raw image: use "
                     "'qblk --format qcow2 COMMAND' or 'qblk --format raw COMMAND'");
    }
}

static void
the_overlay_specifies_the_format_of_a_backing_file(void **state)
{
    g_autoptr(GError) error = NULL;

    assert_null(format_of("/base.img", QCOW2, 8, "/top.qcow2", NULL, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE,
                 "specify the format in the header of '/top.qcow2' with");
}

static void
only_image_formats_are_formats(void **state)
{
    static const char *const words[] = {"", "qcow3", "throttle", "quorum"};

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(format_of("/a.img", "", 0, NULL, words[i], &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, "unknown image format");
        assert_null(format_of("/a.img", "", 0, "/top.qcow2", words[i], &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                     "'/top.qcow2' specifies an unknown format");
    }
}

/* QEMU before 9.0 writes a protocol into a header; from a user it is a mistake. */
static void
a_protocol_in_a_header_means_raw(void **state)
{
    static const char *const words[] = {"file", "host_device", "nbd"};

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autoptr(GError) error = NULL;
        const char *format = format_of("/a.qcow2", QCOW2, 8, "/top.qcow2", words[i], &error);
        assert_no_error(error);
        assert_string_equal(format, "raw");
        assert_null(format_of("/a.img", "", 0, NULL, words[i], &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_SPEC, "unknown image format");
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rules_of_the_header_hold),
        cmocka_unit_test(bytes_alone_do_not_decide_the_format),
        cmocka_unit_test(the_overlay_specifies_the_format_of_a_backing_file),
        cmocka_unit_test(only_image_formats_are_formats),
        cmocka_unit_test(a_protocol_in_a_header_means_raw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
