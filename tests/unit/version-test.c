/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/version.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

static void
the_version_is_read(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_jobs("7.2.22", "[]", "[]");
    QblkVersion version = {0};
    assert_true(qblk_version_load(replies, &version));
    assert_int_equal(version.major, 7);
    assert_int_equal(version.minor, 2);
    assert_int_equal(version.micro, 22);
}

static void
a_version_that_cannot_be_read_leaves_the_result_alone(void **state)
{
    static const char *const values[] = {
        NULL,
        "[]",
        "'7.2.22'",
        "{}",
        "{'qemu':'7.2.22'}",
        "{'qemu':{}}",
        "{'qemu':{'major':7,'minor':2}}",
        "{'qemu':{'major':7,'minor':2,'micro':'22'}}",
        "{'qemu':{'major':7,'minor':2,'micro':22.5}}",
        "{'qemu':{'major':-7,'minor':2,'micro':22}}",
        "{'qemu':{'major':4294967303,'minor':2,'micro':22}}",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(QblkReplies) replies = qblk_replies_new();
        graph_fixture_add(replies, "query-version", NULL, values[i]);
        QblkVersion version = {1, 2, 3};
        assert_false(qblk_version_load(replies, &version));
        assert_int_equal(version.major * 100 + version.minor * 10 + version.micro, 123);
    }
    g_autoptr(QblkReplies) none = qblk_replies_new();
    QblkVersion version;
    assert_false(qblk_version_load(none, &version));
}

static void
versions_are_in_order(void **state)
{
    static const QblkVersion versions[] = {
        {0, 0, 0},   {5, 2, 0},   {6, 0, 0},  {7, 2, 0},  {7, 2, 22},
        {10, 0, 12}, {10, 0, 13}, {10, 1, 0}, {11, 0, 0},
    };
    for (int i = 0; i < (int)G_N_ELEMENTS(versions); i++) {
        for (int j = 0; j < (int)G_N_ELEMENTS(versions); j++) {
            int order = qblk_version_compare(&versions[i], &versions[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_version_is_read),
        cmocka_unit_test(a_version_that_cannot_be_read_leaves_the_result_alone),
        cmocka_unit_test(versions_are_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
