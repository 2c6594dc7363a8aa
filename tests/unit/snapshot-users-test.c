/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/snapshot-users.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

/* Two disks, each of two layers; @nodes and @blocks say what they share. */
static void
assert_other(const char *nodes, const char *blocks, guint position, const char *expected)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, blocks);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
    const char *other =
        qblk_snapshot_users_other(snapshot, "vda", qblk_chain_get_layer(chain, position));
    if (expected == NULL) {
        assert_null(other);
    } else {
        assert_non_null(other);
        assert_string_equal(other, expected);
    }
}

#define VDA                                                                                        \
    "base-file file /d/base\nbase qcow2 /d/base file=base-file\n"                                  \
    "a-file file /d/a\na qcow2 /d/a file=a-file backing=base\n"

static void
a_node_of_two_chains_has_two_users(void **state)
{
    static const char nodes[] = VDA "b-file file /d/b\nb qcow2 /d/b file=b-file backing=base";
    assert_other(nodes, "vda - a\nvdb - b", 1, "vdb");
    assert_other(nodes, "vda - a\nvdb - b", 0, NULL);
}

static void
a_file_in_two_nodes_has_two_users(void **state)
{
    static const char nodes[] = VDA "two-file file /d/base\ntwo qcow2 /d/base file=two-file\n"
                                    "b-file file /d/b\nb qcow2 /d/b file=b-file backing=two";
    assert_other(nodes, "vda - a\nvdb - b", 1, "vdb");
    assert_other(nodes, "vda - a\nvdb - b", 0, NULL);
}

static void
the_top_of_another_disk_has_a_user(void **state)
{
    assert_other(VDA, "vda - a\nvdb - base", 1, "vdb");
}

static void
the_own_disk_is_left_out(void **state)
{
    assert_other(VDA, "vda - a", 0, NULL);
    assert_other(VDA, "vda - a", 1, NULL);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_of_two_chains_has_two_users),
        cmocka_unit_test(a_file_in_two_nodes_has_two_users),
        cmocka_unit_test(the_top_of_another_disk_has_a_user),
        cmocka_unit_test(the_own_disk_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
