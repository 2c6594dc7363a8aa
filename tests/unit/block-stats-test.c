/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/block-stats.h"
#include "lib/chain-text.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

#define ALL_NODES          "{'query-nodes':true}"
#define NODE(name)         "{'node-name':'" name "'}"
#define STORED(name, file) "{'node-name':'" name "','parent':" NODE(file) "}"

/* A throttle over two layers. */
static const char nodes[] = "limits throttle json:{}\n"
                            "top qcow2 /top.qcow2\n"
                            "top-file file /top.qcow2\n"
                            "base qcow2 /base.qcow2\n"
                            "base-file file /base.qcow2\n";

/* As QEMU 7.2 says them: the filter has its child twice. */
#define BASE "{'node-name':'base','parent':" NODE("base-file") "}"
#define TOP  "{'node-name':'top','parent':" NODE("top-file") ",'backing':" BASE "}"
#define DISK "{'device':'','qdev':'vda','node-name':'limits','parent':" TOP ",'backing':" TOP "}"
#define LIST                                                                                       \
    "[" STORED("limits", "top") "," STORED("top", "top-file") "," NODE("top-file") "," STORED(     \
        "base", "base-file") "," NODE("base-file") "]"

static QblkReplies *
machine(const char *devices, const char *list)
{
    QblkReplies *replies = graph_fixture_machine(nodes, "vda - limits");
    if (devices != NULL) {
        graph_fixture_add(replies, "query-blockstats", NULL, devices);
    }
    if (list != NULL) {
        graph_fixture_add(replies, "query-blockstats", ALL_NODES, list);
    }
    return replies;
}

static GError *
load_error(const QblkReplies *replies)
{
    GError *error = NULL;
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    options->edges = QBLK_EDGE_SOURCE_BLOCKSTATS;
    assert_null(qblk_snapshot_load(replies, options, &error));
    return error;
}

static void
both_replies_together_have_the_edges(void **state)
{
    g_autoptr(QblkReplies) replies = machine("[" DISK "]", LIST);
    g_autoptr(QblkSnapshot) snapshot =
        graph_fixture_snapshot_by(replies, QBLK_EDGE_SOURCE_BLOCKSTATS);
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
    g_autofree char *text = chain_text(chain);
    assert_string_equal(text, "0 limits>top>top-file:qcow2, 1 base>base-file:qcow2");
    const QblkNode *filter = qblk_snapshot_find_node(snapshot, "limits");
    assert_int_equal(filter->children->len, 1);
}

static void
the_arguments_select_all_nodes(void **state)
{
    g_autoptr(QblkJson) arguments = qblk_block_stats_arguments();
    g_autoptr(QblkJson) expected = graph_fixture_json(ALL_NODES);
    assert_true(qblk_json_equal(arguments, expected));
}

/* The reply for devices leaves out the filter that a job put below another; that for nodes has
 * it. */
static void
a_filter_of_a_job_below_another_filter_is_found(void **state)
{
    g_autofree char *all = g_strconcat(nodes, "mirroring mirror_top json:{}\n", NULL);
    g_autoptr(QblkReplies) replies = graph_fixture_machine(all, "vda - limits");
    graph_fixture_add(replies, "query-blockstats", NULL, "[" DISK "]");
    graph_fixture_add(
        replies, "query-blockstats", ALL_NODES,
        "[" STORED("limits", "mirroring") "," STORED("mirroring", "top") "," STORED(
            "top",
            "top-file") "," NODE("top-file") "," STORED("base",
                                                        "base-file") "," NODE("base-file") "]");
    g_autoptr(QblkSnapshot) snapshot =
        graph_fixture_snapshot_by(replies, QBLK_EDGE_SOURCE_BLOCKSTATS);
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
    g_autofree char *text = chain_text(chain);
    assert_string_equal(text, "0 limits>mirroring>top>top-file:qcow2, 1 base>base-file:qcow2");
}

static void
an_external_data_file_is_not_taken_for_the_file(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(
        "top qcow2 /top.qcow2\ndata file /data.raw\nfile file /top.qcow2\n", "vda - top");
    graph_fixture_replace(
        replies, "query-named-block-nodes", "{'flat':true}",
        "[{'node-name':'data','drv':'file','file':'/d','ro':false,'image':{'virtual-size':1}},"
        "{'node-name':'file','drv':'file','file':'/f','ro':false,'image':{'virtual-size':1}},"
        "{'node-name':'top','drv':'qcow2','file':'/f','ro':false,'image':{'virtual-size':1,"
        "'format-specific':{'type':'qcow2','data':{'data-file':'/d'}}}}]");
    graph_fixture_add(replies, "query-blockstats", NULL, "[" STORED("top", "data") "]");
    graph_fixture_add(replies, "query-blockstats", ALL_NODES,
                      "[" STORED("top", "data") "," NODE("data") "," NODE("file") "]");
    g_autoptr(QblkSnapshot) snapshot =
        graph_fixture_snapshot_by(replies, QBLK_EDGE_SOURCE_BLOCKSTATS);
    const QblkNode *top = qblk_snapshot_find_node(snapshot, "top");
    assert_string_equal(qblk_node_find_child(top, "data-file")->name, "data");
    assert_null(qblk_node_find_child(top, "file"));
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
    const QblkLayer *layer = chain->layers->pdata[0];
    g_autoptr(GError) problem = NULL;
    assert_null(qblk_layer_decode_source(layer, &problem));
    assert_error(problem, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                 "does not report the file of node");
}

static void
an_empty_drive_has_no_edges(void **state)
{
    g_autoptr(QblkReplies) replies = machine("[{'device':'','qdev':'cd'}," DISK "]", LIST);
    g_autoptr(QblkSnapshot) snapshot =
        graph_fixture_snapshot_by(replies, QBLK_EDGE_SOURCE_BLOCKSTATS);
    assert_int_equal(snapshot->disks, 1);
}

static void
one_reply_alone_is_not_enough(void **state)
{
    static const char *const cases[][2] = {
        {NULL, LIST}, {"[" DISK "]", NULL}, {"{}", LIST}, {"[" DISK "]", "'no'"}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = machine(cases[i][0], cases[i][1]);
        g_autoptr(GError) error = load_error(replies);
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID, "'query-blockstats'");
    }
}

static void
another_set_of_nodes_means_the_graph_changed(void **state)
{
    static const char *const cases[][2] = {
        {"[" STORED("gone", "top-file") "]", LIST},
        {"[{'parent':" NODE("top") ",'node-name':'limits','backing':" NODE("gone") "}]", LIST},
        {"[" DISK "]", "[" NODE("gone") "]"},
        {"[" DISK "]", "[" STORED("limits", "top") "," STORED("top", "top-file") "]"},
        {"[" DISK "]", "[]"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = machine(cases[i][0], cases[i][1]);
        g_autoptr(GError) error = load_error(replies);
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_CHANGED,
                     "the graph changed while it was read");
    }
}

static void
a_reply_of_another_shape_is_refused(void **state)
{
    static const char *const lists[] = {"[7]", "[{'node-name':7}]", "[{'parent':[]}]",
                                        "[{'node-name':'top','backing':null}]",
                                        "[{'node-name':'top','parent':{'parent':'x'}}]"};
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autoptr(QblkReplies) replies = machine(lists[i], LIST);
        g_autoptr(GError) error = load_error(replies);
        assert_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE, "query-blockstats");
    }
}

/* Of a block device QEMU reports 0 bytes as allocated. */
static const char device[] = "[{'node-name':'top','drv':'qcow2','file':'/dev/a','ro':false,"
                             "'image':{'virtual-size':65536,'actual-size':0},"
                             "'children':[{'child':'file','node-name':'dev'}]},"
                             "{'node-name':'dev','drv':'host_device','file':'/dev/a','ro':false,"
                             "'image':{'virtual-size':65536,'actual-size':0},'children':[]}]";

#define WRITTEN(name, end)                                                                         \
    "{'node-name':'" name "','stats':{'wr_highest_offset':" end ",'wr_bytes':7}}"

static void
the_end_of_the_last_write_is_that_of_the_file(void **state)
{
    static const struct {
        const char *reply;
        gint64 end;
    } cases[] = {
        {"[" WRITTEN("top", "65536") "," WRITTEN("dev", "393216") "]", 393216},
        {"[" WRITTEN("top", "0") "," WRITTEN("dev", "0") "]", QBLK_UNKNOWN},
        {"[" WRITTEN("gone", "512") "]", QBLK_UNKNOWN},
        {"[" WRITTEN("dev", "-1") "]", QBLK_UNKNOWN},
        {"[" WRITTEN("dev", "'x'") "]", QBLK_UNKNOWN},
        {"[7,{},{'node-name':7},{'node-name':'dev'},{'node-name':'dev','stats':7}]", QBLK_UNKNOWN},
        {"{}", QBLK_UNKNOWN},
        {NULL, QBLK_UNKNOWN},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_machine("", "vda - top");
        graph_fixture_replace(replies, "query-named-block-nodes", "{'flat':true}", device);
        graph_fixture_add(replies, "query-blockstats", ALL_NODES, cases[i].reply);
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
        const QblkLayer *layer = chain->layers->pdata[0];
        assert_int_equal(layer->written_end, cases[i].end);
        assert_int_equal(layer->actual_size, QBLK_UNKNOWN);
        assert_true(layer->is_device);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_replies_together_have_the_edges),
        cmocka_unit_test(the_arguments_select_all_nodes),
        cmocka_unit_test(a_filter_of_a_job_below_another_filter_is_found),
        cmocka_unit_test(an_external_data_file_is_not_taken_for_the_file),
        cmocka_unit_test(an_empty_drive_has_no_edges),
        cmocka_unit_test(one_reply_alone_is_not_enough),
        cmocka_unit_test(another_set_of_nodes_means_the_graph_changed),
        cmocka_unit_test(a_reply_of_another_shape_is_refused),
        cmocka_unit_test(the_end_of_the_last_write_is_that_of_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
