/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/layer-users.h"

#include "base/limits.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

/* The users of the chain of vda as lines "POSITION USER". */
static char *
lines_of(const QblkReplies *replies)
{
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        for (guint j = 0; layer->users != NULL && j < layer->users->len; j++) {
            g_autofree char *line = qblk_user_to_text(layer->users->pdata[j]);
            g_string_append_printf(text, "%u %s\n", i, line);
        }
    }
    return g_string_free(text, FALSE);
}

static void
assert_users(const char *nodes, const char *blocks, const char *expected)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, blocks);
    g_autofree char *lines = lines_of(replies);
    assert_string_equal(lines, expected);
}

#define VDA                                                                                        \
    "base-file file /d/base\nbase qcow2 /d/base file=base-file\n"                                  \
    "a-file file /d/a\na qcow2 /d/a file=a-file backing=base\n"

static void
the_chain_and_its_disk_are_no_users(void **state)
{
    assert_users(VDA, "vda - a", "");
    assert_users(VDA "limits throttle - file=a\ncor copy-on-read - file=limits", "vda - cor", "");
}

static void
another_disk_and_another_overlay_are_users(void **state)
{
    assert_users(VDA, "vda - a\nvdb - base", "1 device 'vdb' (disk)\n");
    assert_users(VDA "b-file file /d/b\nb qcow2 /d/b file=b-file backing=base", "vda - a\nvdb - b",
                 "1 node 'b' (qcow2)\n1 device 'vdb' (disk) of node 'b'\n");
    assert_users(VDA "b-file file /d/b\nb qcow2 /d/b file=b-file backing=base\n"
                     "c qcow2 /d/c backing=b",
                 "vda - a", "1 node 'b' (qcow2)\n1 node 'c' (qcow2) of node 'b'\n");
}

/* The users of the user are reported once. */
static void
a_user_of_several_layers_is_one_of_each(void **state)
{
    assert_users(VDA "q quorum - children.0=a children.1=base", "vda - a\nvdb - q",
                 "0 node 'q' (quorum)\n0 device 'vdb' (disk) of node 'q'\n1 node 'q' (quorum)\n");
}

static void
nodes_below_a_format_have_users(void **state)
{
    assert_users(VDA "other qcow2 /d/other file=a-file", "vda - a", "0 node 'other' (qcow2)\n");
    assert_users("data-file file /d/raw\na-file file /d/a\n"
                 "a qcow2 /d/a file=a-file data-file=data-file\n"
                 "b qcow2 /d/b data-file=data-file",
                 "vda - a", "0 node 'b' (qcow2)\n");
}

/* Each of very many disks could have them all. */
static void
users_above_each_other_are_followed_to_a_limit(void **state)
{
    g_autoptr(GString) nodes = g_string_new(VDA "u0 qcow2 /d/u0 backing=base\n");
    for (guint i = 1; i <= 2 * QBLK_LIMIT_LAYER_USERS; i++) {
        g_string_append_printf(nodes, "u%u qcow2 /d/u%u backing=u%u\n", i, i, i - 1);
    }
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes->str, "vda - a");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");

    const QblkLayer *base = chain->layers->pdata[1];
    assert_int_equal(base->users->len, QBLK_LIMIT_LAYER_USERS);
    assert_true(base->has_more_users);
}

/* Its target is another image, with users of its own. */
static void
a_filter_of_the_chain_is_no_user_but_its_readers_are(void **state)
{
    static const char nodes[] = VDA "s-file file /d/s\ns qcow2 /d/s file=s-file\n"
                                    "cbw copy-before-write - file=a target=s\n"
                                    "frozen snapshot-access - file=cbw\nother blkdebug - file=s";
    assert_users(nodes, "vda - cbw", "0 filter 'frozen' (snapshot-access)\n");
}

/* Before copy-before-write, a backup with sync=none. */
static void
the_target_of_a_fleecing_backup_is_a_user(void **state)
{
    assert_users(VDA "t-file file /d/t\nt qcow2 /d/t file=t-file backing=a", "vda - a",
                 "0 node 't' (qcow2)\n");
}

static void
recorded_users(void **state)
{
    static const struct {
        const char *topology, *expected;
    } cases[] = {
        {"exports", "2 export 'backup' (nbd, read-only)\n"},
        {"fleecing", "0 filter 'frozen' (snapshot-access)\n"
                     "0 export 'backup' (nbd, read-only) of node 'frozen'\n"},
        {"second-overlay", "1 node 'fleece' (qcow2)\n"},
        {"mirror-ready-top", "0 job 'mirror0' (mirror, ready)\n0 job 'mirror0' (mirror, ready)\n"},
        {"virtio-5-deep", ""},
    };
    g_autoptr(GPtrArray) names = graph_fixture_all();

    for (guint i = 0; i < names->len; i++) {
        for (gsize j = 0; j < G_N_ELEMENTS(cases); j++) {
            if (!graph_fixture_is(names->pdata[i], cases[j].topology)) {
                continue;
            }
            g_autoptr(QblkReplies) replies = graph_fixture_load(names->pdata[i]);
            g_autofree char *lines = lines_of(replies);
            assert_string_equal(lines, cases[j].expected);
        }
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_chain_and_its_disk_are_no_users),
        cmocka_unit_test(another_disk_and_another_overlay_are_users),
        cmocka_unit_test(a_user_of_several_layers_is_one_of_each),
        cmocka_unit_test(nodes_below_a_format_have_users),
        cmocka_unit_test(users_above_each_other_are_followed_to_a_limit),
        cmocka_unit_test(a_filter_of_the_chain_is_no_user_but_its_readers_are),
        cmocka_unit_test(the_target_of_a_fleecing_backup_is_a_user),
        cmocka_unit_test(recorded_users),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
