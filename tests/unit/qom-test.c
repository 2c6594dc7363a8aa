/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/qom.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

static void
a_bare_id_is_a_peripheral_device(void **state)
{
    g_autofree char *bare = qblk_qom_path("scsi0-0-0-0");
    g_autofree char *path = qblk_qom_path("/machine/unattached/device[17]");
    assert_string_equal(bare, "/machine/peripheral/scsi0-0-0-0");
    assert_string_equal(path, "/machine/unattached/device[17]");
}

static void
a_path_has_a_parent(void **state)
{
    static const char *const cases[][2] = {
        {"/machine/peripheral/a/b", "/machine/peripheral/a"},
        {"/machine", "/"},
        {"/", "/"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *parent = qblk_qom_parent(cases[i][0]);
        assert_string_equal(parent, cases[i][1]);
    }
}

static void
properties_are_found_by_path_and_name(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    graph_fixture_add_property(replies, "/a", "type", "'scsi-hd'");
    graph_fixture_add_property(replies, "/a", "lun", "3");
    graph_fixture_add_property(replies, "/b", "type", NULL);
    assert_string_equal(qblk_qom_string(replies, "/a", "type"), "scsi-hd");
    assert_int_equal(qblk_qom_integer(replies, "/a", "lun", -1), 3);
    assert_null(qblk_qom_string(replies, "/b", "type"));
    assert_null(qblk_qom_string(replies, "/c", "type"));
    assert_int_equal(qblk_qom_integer(replies, "/b", "type", -1), -1);
}

static void
a_property_of_another_type_is_unknown(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    graph_fixture_add_property(replies, "/a", "type", "7");
    graph_fixture_add_property(replies, "/a", "lun", "'3'");
    graph_fixture_add_property(replies, "/a", "unit", "1.5");
    assert_null(qblk_qom_string(replies, "/a", "type"));
    assert_int_equal(qblk_qom_integer(replies, "/a", "lun", -1), -1);
    assert_int_equal(qblk_qom_integer(replies, "/a", "unit", 9), 9);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bare_id_is_a_peripheral_device),
        cmocka_unit_test(a_path_has_a_parent),
        cmocka_unit_test(properties_are_found_by_path_and_name),
        cmocka_unit_test(a_property_of_another_type_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
