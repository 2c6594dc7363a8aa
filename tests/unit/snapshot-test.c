/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/limits.h"
#include "graph/snapshot.h"
#include "lib/chain-text.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

static const char nodes[] = "a file /a\nb file /b\nc file /c\n";

static char *
targets_of(const char *blocks)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, blocks);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    return g_strjoinv(" ", (char **)snapshot->targets->pdata);
}

static void
every_recorded_topology_loads(void **state)
{
    g_autoptr(GPtrArray) names = graph_fixture_all();
    for (guint i = 0; i < names->len; i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_load(names->pdata[i]);
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        g_autofree char *version =
            g_strdup_printf("%u.%u/", snapshot->version.major, snapshot->version.minor);
        assert_true(g_str_has_prefix(names->pdata[i], version));
        assert_int_equal(snapshot->targets->len, snapshot->disks + 1);
        assert_null(qblk_snapshot_get_targets(snapshot)[snapshot->disks]);
        for (guint j = 1; j < snapshot->disks; j++) {
            assert_string_not_equal(snapshot->targets->pdata[j - 1], snapshot->targets->pdata[j]);
        }
    }
}

static void
the_name_of_the_vm_is_read(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("empty-vm");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    assert_string_equal(snapshot->vm_name, "qblk-test");
    assert_null(snapshot->no_nodes_reason);
}

static void
secrets_are_removed_from_the_name_of_the_vm(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("empty-vm");
    graph_fixture_replace(replies, "query-name", NULL, "{'name':'http://me:pw@host/'}");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    assert_string_equal(snapshot->vm_name, "http://me:***@host/");
}

static void
a_listing_is_sorted_by_bus_and_letters(void **state)
{
    g_autofree char *targets = targets_of("- vdaa a\n- vdz a\n- sdb a\n- hda a\n- nvme1n2 a\n"
                                          "- nvme0n1 a\n- vda a\n");
    assert_string_equal(targets, "hda nvme0n1 nvme1n2 sdb vda vdz vdaa");
}

static void
nodes_are_found_by_name(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, "");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    assert_string_equal(qblk_snapshot_find_node(snapshot, "b")->filename, "/b");
    assert_null(qblk_snapshot_find_node(snapshot, "gone"));
}

/* ---- which disk ---- */

static void
a_disk_is_found_by_target_device_and_drive(void **state)
{
    static const char *const names[] = {"vda", "one", "drive1"};
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, "one drive1 a\n- drive2 b\n");
    graph_fixture_add_property(replies, "/machine/peripheral/one", "type", "'virtio-blk-device'");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GError) error = NULL;
        const QblkDevice *device = qblk_snapshot_find_device(snapshot, names[i], &error);
        assert_no_error(error);
        assert_string_equal(device->node_name, "a");
    }
}

static void
a_disk_is_found_by_its_nodes(void **state)
{
    static const struct {
        const char *name, *target; /* NULL: no disk has this name */
    } cases[] = {
        {"limits", "vda"}, {"cor", "vda"},     {"top", "vda"}, {"top-file", NULL},
        {"base", NULL},    {"scratch", "vdb"}, /* the device, and not the node of vdc */
    };
    g_autoptr(QblkReplies) replies = graph_fixture_machine(
        "base raw /base\ntop-file file /top\ntop qcow2 /top file=top-file backing=base\n"
        "cor copy-on-read /top file=top\nlimits throttle /top file=cor\nb file /b\n"
        "scratch file /c\n",
        "vda - limits\nscratch - b\nvdc - scratch\n");
    graph_fixture_add_property(replies, "/machine/peripheral/scratch", "type",
                               "'virtio-blk-device'");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const QblkDevice *device = qblk_snapshot_find_device(snapshot, cases[i].name, NULL);
        const char *target = device == NULL ? "no disk" : device->target;
        assert_string_equal(target, cases[i].target == NULL ? "no disk" : cases[i].target);
    }
}

static void
a_name_that_fits_two_disks_lists_them(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, "x - a\ny x b\n");
    graph_fixture_add_property(replies, "/machine/peripheral/x", "type", "'virtio-blk-device'");
    graph_fixture_add_property(replies, "/machine/peripheral/y", "type", "'virtio-blk-device'");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    assert_null(qblk_snapshot_find_device(snapshot, "x", &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_AMBIGUOUS,
                 "'x' could be the disk 'vda' or 'vdb'");
}

static void
an_unknown_disk_lists_the_disks(void **state)
{
    static const struct {
        const char *blocks, *reason;
    } cases[] = {
        {"", "there is no disk 'vdx': this VM has no disks"},
        {"- vda a\n", "there is no disk 'vdx': the only disk is vda"},
        {"- vda a\n- vdb b\n", "there is no disk 'vdx': the disks are vda and vdb"},
        {"- vdb a\n- vda b\n- sda c\n", "there is no disk 'vdx': the disks are sda, vda and vdb"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, cases[i].blocks);
        g_autoptr(GError) error = graph_fixture_error(replies, "vdx");
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK, cases[i].reason);
    }
}

static void
firmware_is_not_a_disk(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, "flash pflash0 a\n- vda b\n");
    graph_fixture_add_property(replies, "/machine/peripheral/flash", "type", "'cfi.pflash01'");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    assert_int_equal(snapshot->disks, 1);
    assert_int_equal(snapshot->devices->len, 2);
    g_autoptr(GError) error = NULL;
    assert_null(qblk_snapshot_find_device(snapshot, "pflash0", &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK, "the only disk is vda");
}

/* ---- a storage daemon ---- */

static void
a_daemon_has_its_root_nodes_as_disks(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(
        "a qcow2 /a file=f backing=b\nf file /a\nb raw /b file=g\ng file /b\nc file /c\n", "");
    graph_fixture_replace(replies, "query-name", NULL, NULL);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    assert_int_equal(snapshot->disks, 2);
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vdb");
    g_autofree char *text = chain_text(chain);
    assert_string_equal(text, "0 a>f:qcow2, 1 b>g:raw");
}

static void
nodes_of_a_machine_without_a_device_are_not_disks(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, "");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    assert_int_equal(snapshot->disks, 0);
}

/* ---- nodes that are not queried ---- */

static void
during_a_concluded_stream_only_chains_are_missing(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = graph_fixture_load("stream-concluded");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    assert_non_null(snapshot->no_nodes_reason);
    assert_int_equal(snapshot->jobs->len, 1);
    assert_string_equal(qblk_snapshot_get_targets(snapshot)[0], "vda");
    assert_null(qblk_snapshot_chain(snapshot, "vda", &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE,
                 "vda: stream job 'stream0' is concluded");
    assert_null(qblk_snapshot_chain(snapshot, "vdx", &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK, "the only disk is vda");

    g_autoptr(QblkReplies) bare = graph_fixture_copy_without(replies, "x-debug-query-block-graph");
    g_autoptr(QblkSnapshot) less = graph_fixture_snapshot(bare);
    assert_null(qblk_snapshot_chain(less, "vda", &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE, "vda: stream job");
}

static void
missing_nodes_are_an_error_if_the_query_was_safe(void **state)
{
    g_autoptr(QblkReplies) recorded = graph_fixture_load("shared-base");
    g_autoptr(QblkReplies) replies =
        graph_fixture_copy_without(recorded, "query-named-block-nodes");
    g_autoptr(GError) error = graph_fixture_error(replies, NULL);
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID,
                 "no reply to 'query-named-block-nodes' with 'flat': QEMU 5.0 or later");
    graph_fixture_replace(recorded, "query-named-block-nodes", "{'flat':true}", NULL);
    g_autoptr(GError) refused = graph_fixture_error(recorded, NULL);
    assert_error(refused, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID, "QEMU 5.0 or later");
}

/* ---- what cannot be ---- */

static void
a_device_with_a_node_that_is_not_listed_means_the_graph_changed(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, "disk0 - gone\n");
    g_autoptr(GError) error = graph_fixture_error(replies, NULL);
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_CHANGED,
                 "the graph changed while it was read: node 'gone' of 'disk0' is not listed");
}

static void
a_recorded_graph_that_changed_between_two_replies_is_detected(void **state)
{
    static const char flat[] = "{'flat':true}";
    g_autoptr(QblkReplies) replies = graph_fixture_load("shared-base");
    g_autoptr(QblkReplies) later = graph_fixture_load("libvirt-names");
    QblkReply *mine = graph_fixture_reply(replies, "query-named-block-nodes", flat);
    QblkReply *other = graph_fixture_reply(later, "query-named-block-nodes", flat);
    QblkJson *kept = mine->value;
    mine->value = other->value;
    other->value = kept;
    g_autoptr(GError) error = graph_fixture_error(replies, NULL);
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_CHANGED, "the graph changed");
}

static void
two_nodes_of_one_name_are_refused(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine("a file /a\na file /b\n", "");
    g_autoptr(GError) error = graph_fixture_error(replies, NULL);
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID, "two nodes have the name 'a'");
}

static void
more_nodes_than_the_limit_are_refused(void **state)
{
    QblkJson *list = qblk_json_new_array();
    g_autoptr(QblkJson) node = graph_fixture_json("{}");
    for (guint i = 0; i <= QBLK_LIMIT_NODES; i++) {
        qblk_json_append(list, qblk_json_ref(node));
    }
    g_autoptr(QblkReplies) replies = graph_fixture_jobs("11.0.0", "[]", "[]");
    qblk_replies_add(replies, "query-named-block-nodes", graph_fixture_json("{'flat':true}"), list,
                     NULL);
    g_autoptr(GError) error = graph_fixture_error(replies, NULL);
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_LIMIT, "limit of 100000");
}

static void
an_empty_reply_set_is_refused(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    g_autoptr(GError) error = graph_fixture_error(replies, NULL);
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID, "no reply to");
    qblk_snapshot_unref(NULL);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_recorded_topology_loads),
        cmocka_unit_test(the_name_of_the_vm_is_read),
        cmocka_unit_test(secrets_are_removed_from_the_name_of_the_vm),
        cmocka_unit_test(a_listing_is_sorted_by_bus_and_letters),
        cmocka_unit_test(nodes_are_found_by_name),
        cmocka_unit_test(a_disk_is_found_by_target_device_and_drive),
        cmocka_unit_test(a_disk_is_found_by_its_nodes),
        cmocka_unit_test(a_name_that_fits_two_disks_lists_them),
        cmocka_unit_test(an_unknown_disk_lists_the_disks),
        cmocka_unit_test(firmware_is_not_a_disk),
        cmocka_unit_test(a_daemon_has_its_root_nodes_as_disks),
        cmocka_unit_test(nodes_of_a_machine_without_a_device_are_not_disks),
        cmocka_unit_test(during_a_concluded_stream_only_chains_are_missing),
        cmocka_unit_test(missing_nodes_are_an_error_if_the_query_was_safe),
        cmocka_unit_test(a_device_with_a_node_that_is_not_listed_means_the_graph_changed),
        cmocka_unit_test(a_recorded_graph_that_changed_between_two_replies_is_detected),
        cmocka_unit_test(two_nodes_of_one_name_are_refused),
        cmocka_unit_test(more_nodes_than_the_limit_are_refused),
        cmocka_unit_test(an_empty_reply_set_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
