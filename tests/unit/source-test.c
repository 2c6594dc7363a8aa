/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/source-decode.h"
#include "lib/check.h"

static void
a_path_becomes_a_source(void **state)
{
    static const struct {
        const char *driver, *filename;
        QblkSourceType type;
    } cases[] = {
        {"file", "/images/a.qcow2", QBLK_SOURCE_FILE},
        {"file", "relative.qcow2", QBLK_SOURCE_FILE},
        {"file", "/images/co:lon, comma 'quote' & \xc3\xb6", QBLK_SOURCE_FILE},
        {"file", "/images/json:{}", QBLK_SOURCE_FILE},
        {"host_device", "/dev/vg/lv", QBLK_SOURCE_BLOCK},
        {"host_cdrom", "/dev/cdrom", QBLK_SOURCE_BLOCK},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkSource) source =
            qblk_source_decode_node(cases[i].driver, cases[i].filename, &error);
        assert_no_error(error);
        assert_int_equal(source->type, cases[i].type);
        assert_string_equal(source->path, cases[i].filename);
    }
}

static void
a_name_that_is_no_path_is_refused_with_its_reason(void **state)
{
    static const struct {
        const char *driver, *filename, *reason;
    } cases[] = {
        {"file",
         "/images/gr\xef\xbf\xbd\xef\xbf\xbd"
         "e",
         "it is not UTF-8 and QEMU cannot say it"},
        {"made-up", "/images/a", "the driver 'made-up' is not known"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(qblk_source_decode_node(cases[i].driver, cases[i].filename, &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED, cases[i].reason);
    }
}

static void
types_have_the_names_of_libvirt(void **state)
{
    assert_string_equal(qblk_source_type_name(QBLK_SOURCE_FILE), "file");
    assert_string_equal(qblk_source_type_name(QBLK_SOURCE_BLOCK), "block");
}

static void
freeing_nothing_is_allowed(void **state)
{
    qblk_source_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_becomes_a_source),
        cmocka_unit_test(a_name_that_is_no_path_is_refused_with_its_reason),
        cmocka_unit_test(types_have_the_names_of_libvirt),
        cmocka_unit_test(freeing_nothing_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
