/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/snapshot-users.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

/* @files: (nullable): as of graph_fixture_open() */
static void
assert_other_of_files(const char *nodes, const char *blocks, const char *files, guint position,
                      const char *expected)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, blocks);
    if (files != NULL) {
        graph_fixture_open(replies, files);
    }
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

/* Two disks, each of two layers; @nodes and @blocks say what they share. */
static void
assert_other(const char *nodes, const char *blocks, guint position, const char *expected)
{
    assert_other_of_files(nodes, blocks, NULL, position, expected);
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

static void
a_file_is_known_by_its_identity_and_not_by_its_name(void **state)
{
    static const char nodes[] = VDA "two-file file link\ntwo qcow2 link file=two-file\n"
                                    "b-file file /d/b\nb qcow2 /d/b file=b-file backing=two\n"
                                    "c-file file /e/a\nc qcow2 /e/a file=c-file";
    static const char blocks[] = "vda - a\nvdb - b\nvdc - c";

    assert_other_of_files(nodes, blocks, "1 /d/base link\n2 /d/a\n3 /d/b\n4 /e/a", 1, "vdb");
    assert_other_of_files(nodes, blocks, "1 /d/base link\n2 /d/a /e/a\n3 /d/b", 0, "vdc");
    assert_other_of_files(nodes, blocks, "1 /d/base\n5 /d/link link\n2 /d/a\n3 /d/b\n4 /e/a", 1,
                          NULL);
}

#define PART(name, file, offset, size)                                                             \
    name "-file file " file "\n" name " raw json:{\"driver\":\"raw\",\"offset\":" offset           \
         ",\"size\":" size "} file=" name "-file\n"

static void
parts_of_a_file_have_other_users_if_they_overlap(void **state)
{
    static const char apart[] = PART("a", "/d/x", "512", "512") PART("b", "x", "1024", "512");
    static const char overlapping[] = PART("a", "/d/x", "512", "513") PART("b", "x", "1024", "512");
    static const char whole[] =
        PART("a", "/d/x", "512", "512") "b-file file x\nb raw x file=b-file";
    static const char files[] = "1 /d/x x";

    assert_other_of_files(apart, "vda - a\nvdb - b", files, 0, NULL);
    assert_other_of_files(overlapping, "vda - a\nvdb - b", files, 0, "vdb");
    assert_other_of_files(whole, "vda - a\nvdb - b", files, 0, "vdb");
    assert_other_of_files(whole, "vda - b\nvdb - a", files, 0, "vdb");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_known_by_its_identity_and_not_by_its_name),
        cmocka_unit_test(parts_of_a_file_have_other_users_if_they_overlap),
        cmocka_unit_test(a_node_of_two_chains_has_two_users),
        cmocka_unit_test(a_file_in_two_nodes_has_two_users),
        cmocka_unit_test(the_top_of_another_disk_has_a_user),
        cmocka_unit_test(the_own_disk_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
