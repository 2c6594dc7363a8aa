/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/shared-images.h>

#include "lib/check.h"
#include "lib/graph-fixture.h"

/* @files: (nullable): as of graph_fixture_open()
 * @expected: (nullable): the text for @node */
static void
assert_text(const char *nodes, const char *blocks, const char *files, const char *node,
            const char *expected)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, blocks);
    if (files != NULL) {
        graph_fixture_open(replies, files);
    }
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkSharedImages) images = qblk_shared_images_new(snapshot);
    g_autofree char *text = qblk_shared_images_to_text(images, node);

    if (expected == NULL) {
        assert_null(text);
    } else {
        assert_non_null(text);
        assert_string_equal(text, expected);
    }
}

#define VDA                                                                                        \
    "base-file file /d/base\nbase qcow2 /d/base file=base-file\n"                                  \
    "a-file file /d/a\na qcow2 /d/a file=a-file backing=base\n"
#define VDB(base)                                                                                  \
    "two-file file " base "\ntwo qcow2 " base " file=two-file\n"                                   \
    "b-file file /d/b\nb qcow2 /d/b file=b-file backing=two\n"

static void
two_nodes_of_a_file_are_the_same_image(void **state)
{
    static const char blocks[] = "vda - a\nvdb - b";
    assert_text(VDA VDB("/d/base"), blocks, NULL, "base", "same image as vdb[1]");
    assert_text(VDA VDB("/d/base"), blocks, NULL, "two", "same image as vda[1]");
    assert_text(VDA VDB("/d/base"), blocks, NULL, "a", NULL);
    assert_text(VDA VDB("/d/other"), blocks, NULL, "base", NULL);
}

static void
a_node_of_two_chains_is_one_layer(void **state)
{
    static const char nodes[] = VDA "b-file file /d/b\nb qcow2 /d/b file=b-file backing=base";
    assert_text(nodes, "vda - a\nvdb - b", NULL, "base", NULL);
}

static void
the_identity_of_a_file_counts_more_than_its_name(void **state)
{
    static const char blocks[] = "vda - a\nvdb - b";
    assert_text(VDA VDB("link"), blocks, "1 /d/base link\n2 /d/a\n3 /d/b", "base",
                "same image as vdb[1]");
    assert_text(VDA VDB("link"), blocks, "1 /d/base\n5 /d/link link\n2 /d/a\n3 /d/b", "base", NULL);
}

static void
of_many_layers_the_first_are_listed(void **state)
{
    g_autoptr(GString) nodes = g_string_new(NULL);
    g_autoptr(GString) blocks = g_string_new(NULL);
    for (guint i = 0; i < 12; i++) {
        g_string_append_printf(nodes, "f%u file /d/x\nn%u qcow2 /d/x file=f%u\n", i, i, i);
        g_string_append_printf(blocks, "vd%c - n%u\n", 'a' + (int)i, i);
    }

    assert_text(nodes->str, blocks->str, NULL, "n0",
                "same image as vdb, vdc, vdd, vde, vdf, vdg, vdh, vdi and 3 more layers");
    assert_text(nodes->str, blocks->str, NULL, "n11",
                "same image as vda, vdb, vdc, vdd, vde, vdf, vdg, vdh and 3 more layers");
}

static void
a_list_has_all_layers_but_that_of_the_node(void **state)
{
    g_autoptr(QblkReplies) replies =
        graph_fixture_machine(VDA VDB("/d/base"), "vda - a\nvdb - b\nvdc - two");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkSharedImages) images = qblk_shared_images_new(snapshot);
    g_auto(GStrv) of_base = qblk_shared_images_list(images, "base");
    g_auto(GStrv) of_two = qblk_shared_images_list(images, "two");
    g_auto(GStrv) of_none = qblk_shared_images_list(images, "no such node");

    assert_string_equal(of_base[0], "vdb[1]");
    assert_null(of_base[1]);
    assert_string_equal(of_two[0], "vda[1]");
    assert_null(of_two[1]);
    assert_null(of_none[0]);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_nodes_of_a_file_are_the_same_image),
        cmocka_unit_test(a_node_of_two_chains_is_one_layer),
        cmocka_unit_test(the_identity_of_a_file_counts_more_than_its_name),
        cmocka_unit_test(of_many_layers_the_first_are_listed),
        cmocka_unit_test(a_list_has_all_layers_but_that_of_the_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
