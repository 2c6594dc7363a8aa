/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "source/driver.h"

static void
drivers_are_classified(void **state)
{
    static const struct {
        const char *name;
        QblkDriverKind kind;
        const char *child, *format;

    } cases[] = {
        {"qcow2", QBLK_DRIVER_FORMAT, "file", "qcow2"},
        {"raw", QBLK_DRIVER_FORMAT, "file", "raw"},
        {"parallels", QBLK_DRIVER_FORMAT, "file", "ploop"},
        {"vhdx", QBLK_DRIVER_FORMAT, "file", NULL},
        {"file", QBLK_DRIVER_PROTOCOL, NULL, NULL},
        {"nbd", QBLK_DRIVER_PROTOCOL, NULL, NULL},
        {"nvme", QBLK_DRIVER_PROTOCOL, NULL, NULL},
        {"throttle", QBLK_DRIVER_FILTER, "file", NULL},
        {"copy-on-read", QBLK_DRIVER_FILTER, "file", NULL},
        {"backup-top", QBLK_DRIVER_FILTER, "backing", NULL},
        {"copy-before-write", QBLK_DRIVER_FILTER, "file", NULL},
        {"commit_top", QBLK_DRIVER_FILTER, "backing", NULL},
        {"mirror_top", QBLK_DRIVER_FILTER, "backing", NULL},
        {"blkdebug", QBLK_DRIVER_FILTER, "image", NULL},
        {"quorum", QBLK_DRIVER_MULTI_CHILD, NULL, NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const QblkDriver *driver = qblk_driver_find(cases[i].name);
        assert_non_null(driver);
        assert_string_equal(driver->name, cases[i].name);
        assert_int_equal(driver->kind, cases[i].kind);
        assert_int_equal(g_strcmp0(driver->child, cases[i].child), 0);
        assert_int_equal(g_strcmp0(driver->format, cases[i].format), 0);
    }
}

static void
an_unknown_driver_has_no_row(void **state)
{
    assert_null(qblk_driver_find("made-up"));
    assert_null(qblk_driver_find(""));
    assert_null(qblk_driver_find("QCOW2"));
    assert_null(qblk_driver_find("qcow2 "));
}

static void
every_recorded_driver_is_known(void **state)
{
    g_autoptr(GPtrArray) topologies = graph_fixture_all();

    for (guint i = 0; i < topologies->len; i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_load(topologies->pdata[i]);
        g_autoptr(QblkJson) arguments = graph_fixture_json("{'flat':true}");
        const QblkReply *nodes = qblk_replies_find(replies, "query-named-block-nodes", arguments);
        for (gsize j = 0; nodes != NULL && j < qblk_json_length(nodes->value); j++) {
            const char *name = qblk_json_get_string(qblk_json_at(nodes->value, j), "drv");
            if (qblk_driver_find(name) == NULL) {
                fail_msg("%s: driver '%s' has no row", (const char *)topologies->pdata[i], name);
            }
        }
    }
}

static void
a_protocol_as_the_format_of_a_backing_file_means_raw(void **state)
{
    static const char *const same[] = {"raw", "qcow2", "vmdk", "throttle", "quorum", "made-up", ""};

    for (gsize i = 0; i < G_N_ELEMENTS(same); i++) {
        assert_ptr_equal(qblk_driver_backing_format(same[i]), same[i]);
    }

    assert_string_equal(qblk_driver_backing_format("file"), "raw");
    assert_string_equal(qblk_driver_backing_format("host_device"), "raw");
    assert_string_equal(qblk_driver_backing_format("nbd"), "raw");
    assert_null(qblk_driver_backing_format(NULL));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drivers_are_classified),
        cmocka_unit_test(an_unknown_driver_has_no_row),
        cmocka_unit_test(a_protocol_as_the_format_of_a_backing_file_means_raw),
        cmocka_unit_test(every_recorded_driver_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
