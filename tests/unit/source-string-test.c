/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/check.h"
#include "source/source-string.h"

static void
backslashes_in_rbd_names_are_removed(void **state)
{
    g_autoptr(QblkSourceOptions) options = qblk_source_options_new();
    g_autoptr(GError) error = NULL;

    assert_true(qblk_source_string_parse("rbd:p\\/q/n\\@s/i\\:j@s\\:t:conf=/a\\:b:id=u\\\\v",
                                         options, &error));
    static const struct {
        const char *key, *value;
    } expected[] = {{"driver", "rbd"},   {"pool", "p/q"},  {"namespace", "n@s"}, {"image", "i:j"},
                    {"snapshot", "s:t"}, {"conf", "/a:b"}, {"user", "u\\v"}};
    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
        assert_string_equal(qblk_source_options_take(options, "", expected[i].key),
                            expected[i].value);
    }
}

static void
a_protocol_ends_at_a_colon_before_any_slash(void **state)
{
    static const struct {
        const char *name, *driver, *key, *value;

    } cases[] = {
        {"a/b:c", "file", "filename", "a/b:c"},
        {"file:a:b", "file", "filename", "a:b"},
        {"file:///a", "file", "filename", "///a"},
        {"host_cdrom:/dev/sr0", "host_cdrom", "filename", "/dev/sr0"},
        {"blkdebug:rules:fat:/d", "vvfat", "dir", "/d"},
        {"nbd:unix:/s://x", "nbd", "path", "/s://x"},
        {"sheepdog:a", "sheepdog", "vdi", "a"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkSourceOptions) options = qblk_source_options_new();
        g_autoptr(GError) error = NULL;
        assert_true(qblk_source_string_parse(cases[i].name, options, &error));
        assert_string_equal(qblk_source_options_take(options, "", "driver"), cases[i].driver);
        assert_string_equal(qblk_source_options_take(options, "", cases[i].key), cases[i].value);
    }

    g_autoptr(QblkSourceOptions) options = qblk_source_options_new();
    g_autoptr(GError) error = NULL;
    assert_false(qblk_source_string_parse("a:b", options, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED, "'a'");
}

/* The depth of a name must not become depth of the stack. */
static void
a_filter_may_be_repeated_any_number_of_times(void **state)
{
    g_autoptr(QblkSourceOptions) options = qblk_source_options_new();
    g_autoptr(GString) name = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < 1000000; i++) {
        g_string_append(name, "blkdebug::");
    }

    g_string_append(name, "/a");

    assert_true(qblk_source_string_parse(name->str, options, &error));
    assert_string_equal(qblk_source_options_take(options, "", "filename"), "/a");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backslashes_in_rbd_names_are_removed),
        cmocka_unit_test(a_protocol_ends_at_a_colon_before_any_slash),
        cmocka_unit_test(a_filter_may_be_repeated_any_number_of_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
