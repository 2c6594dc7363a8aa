/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/edges.h"
#include "lib/chain-text.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

static const char nodes[] = "top qcow2 /top.qcow2 file=top-file backing=base\n"
                            "top-file file /top.qcow2\n"
                            "base qcow2 /base.qcow2 file=base-file\n"
                            "base-file file /base.qcow2\n";

/* ---- which source ---- */

static void
the_best_source_that_was_not_refused_is_chosen(void **state)
{
    static const struct {
        const char *nodes;
        gboolean asked, refused;
        QblkEdgeSource best;
    } cases[] = {
        {"[{'children':[]}]", FALSE, FALSE, QBLK_EDGE_SOURCE_CHILDREN},
        {"[{'children':[]}]", TRUE, FALSE, QBLK_EDGE_SOURCE_CHILDREN},
        {"[{}]", FALSE, FALSE, QBLK_EDGE_SOURCE_DEBUG},
        {"[{}]", TRUE, FALSE, QBLK_EDGE_SOURCE_DEBUG},
        {"[{}]", TRUE, TRUE, QBLK_EDGE_SOURCE_BLOCKSTATS},
        {"[]", FALSE, FALSE, QBLK_EDGE_SOURCE_DEBUG},
        {"[]", TRUE, TRUE, QBLK_EDGE_SOURCE_BLOCKSTATS},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = qblk_replies_new();
        g_autoptr(QblkJson) entries = graph_fixture_json(cases[i].nodes);
        QblkJsonView view = qblk_json_view_new(entries);
        if (cases[i].asked) {
            graph_fixture_add(replies, "x-debug-query-block-graph", NULL,
                              cases[i].refused ? NULL : "{'nodes':[],'edges':[]}");
        }
        assert_int_equal(qblk_edges_choose(replies, view, QBLK_EDGE_SOURCE_BEST), cases[i].best);
        for (int wanted = QBLK_EDGE_SOURCE_CHILDREN; wanted <= QBLK_EDGE_SOURCE_BLOCKSTATS;
             wanted++) {
            assert_int_equal(qblk_edges_choose(replies, view, (QblkEdgeSource)wanted), wanted);
        }
    }
}

static void
sources_have_names(void **state)
{
    assert_string_equal(qblk_edge_source_name(QBLK_EDGE_SOURCE_CHILDREN), "children");
    assert_string_equal(qblk_edge_source_name(QBLK_EDGE_SOURCE_DEBUG), "debug-graph");
    assert_string_equal(qblk_edge_source_name(QBLK_EDGE_SOURCE_BLOCKSTATS), "blockstats");
}

static void
an_unsupported_source_is_an_error(void **state)
{
    g_autoptr(QblkReplies) recorded = graph_fixture_load("shared-base");
    g_autoptr(QblkReplies) bare = graph_fixture_copy_without(recorded, "x-debug-query-block-graph");
    static const char *const reasons[] = {
        [QBLK_EDGE_SOURCE_CHILDREN] = "does not report the children of its nodes",
        [QBLK_EDGE_SOURCE_DEBUG] = "does not have 'x-debug-query-block-graph'"};
    for (int wanted = QBLK_EDGE_SOURCE_CHILDREN; wanted <= QBLK_EDGE_SOURCE_DEBUG; wanted++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
        options->edges = (QblkEdgeSource)wanted;
        assert_null(qblk_snapshot_load(bare, options, &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED, reasons[wanted]);
    }
}

/* ---- children ---- */

static void
children_are_connected_by_name(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, "vda - top");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    assert_int_equal(snapshot->edges->used, QBLK_EDGE_SOURCE_CHILDREN);
    assert_false(snapshot->edges->has_graph);
    const QblkNode *top = qblk_snapshot_find_node(snapshot, "top");
    assert_ptr_equal(qblk_node_find_child(top, "backing"),
                     qblk_snapshot_find_node(snapshot, "base"));
}

static void
a_child_that_is_not_listed_means_the_graph_changed(void **state)
{
    g_autoptr(QblkReplies) replies =
        graph_fixture_machine("top qcow2 /top.qcow2 file=gone\n", "vda - top");
    g_autoptr(GError) error = graph_fixture_error(replies, NULL);
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_CHANGED,
                 "node 'gone' is a child of 'top' and not listed");
}

/* A node whose children are not told would end the chain above what is below it. */
static void
each_node_must_have_the_list_of_its_children(void **state)
{
    static const char *const members[] = {"",
                                          ",'children':null",
                                          ",'children':'none'",
                                          ",'children':{}",
                                          ",'children':7",
                                          ",'children':[null]",
                                          ",'children':[{'child':'file'}]"};
    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        g_autofree char *list =
            g_strdup_printf("[{'node-name':'other','drv':'file','file':'/f','ro':false,"
                            "'image':{'virtual-size':1},'children':[]},"
                            "{'node-name':'top','drv':'qcow2','file':'/f','ro':false,"
                            "'image':{'virtual-size':1}%s}]",
                            members[i]);
        g_autoptr(QblkReplies) replies = graph_fixture_machine("", "vda - top");
        graph_fixture_replace(replies, "query-named-block-nodes", "{'flat':true}", list);
        g_autoptr(GError) error = graph_fixture_error(replies, NULL);
        assert_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE, "");
    }
}

/* ---- all sources say the same ---- */

static gboolean
has_both_statistics(const QblkReplies *replies)
{
    g_autoptr(QblkJson) all = graph_fixture_json("{'query-nodes':true}");
    return qblk_replies_find(replies, "query-blockstats", NULL) != NULL &&
           qblk_replies_find(replies, "query-blockstats", all) != NULL;
}

/* The chain, its fingerprint, or the reason why the chain cannot be made. */
static char *
chain_or_reason(const QblkSnapshot *snapshot, const char *target)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(snapshot, target, &error);
    if (chain == NULL) {
        return g_strdup(error->message);
    }
    g_autofree char *text = chain_text(chain);
    return g_strdup_printf("%s %s", text, chain->fingerprint);
}

static void
compare_sources(const char *topology, const QblkReplies *replies, QblkEdgeSource source)
{
    g_autoptr(QblkSnapshot) best = graph_fixture_snapshot_by(replies, QBLK_EDGE_SOURCE_DEBUG);
    g_autoptr(QblkSnapshot) other = graph_fixture_snapshot_by(replies, source);
    assert_int_equal(other->edges->used, source);
    assert_int_equal(best->disks, other->disks);
    for (guint i = 0; i < best->disks; i++) {
        const char *target = best->targets->pdata[i];
        g_autofree char *expected = chain_or_reason(best, target);
        g_autofree char *actual = chain_or_reason(other, target);
        if (!g_str_equal(expected, actual)) {
            fail_msg("%s %s by %s: %s, not %s", topology, target, qblk_edge_source_name(source),
                     actual, expected);
        }
    }
}

static gboolean
is_one_of(const char *name, const char *const *topologies)
{
    for (; *topologies != NULL; topologies++) {
        if (graph_fixture_is(name, *topologies)) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
has_nodes(const QblkReplies *replies)
{
    g_autoptr(QblkJson) flat = graph_fixture_json("{'flat':true}");
    return qblk_replies_find(replies, "query-named-block-nodes", flat) != NULL;
}

static void
all_sources_give_the_same_chains(void **state)
{
    /* The disks of a daemon, a second file and what a job puts inside a chain are not in the
     * statistics. */
    static const char *const no_statistics[] = {"storage-daemon", "data-file",
                                                "commit-middle-running", NULL};
    g_autoptr(GPtrArray) topologies = graph_fixture_all();
    for (guint i = 0; i < topologies->len; i++) {
        const char *topology = topologies->pdata[i];
        g_autoptr(QblkReplies) replies = graph_fixture_load(topology);
        if (!has_nodes(replies)) {
            continue; /* they would have crashed that QEMU */
        }
        if (!is_one_of(topology, no_statistics) && has_both_statistics(replies)) {
            compare_sources(topology, replies, QBLK_EDGE_SOURCE_BLOCKSTATS);
        }
        graph_fixture_add_children(replies);
        compare_sources(topology, replies, QBLK_EDGE_SOURCE_CHILDREN);
    }
}

/* Without jobs the debug graph is not needed beside another source. */
static void
children_and_statistics_do_not_need_the_debug_graph(void **state)
{
    static const char *const names[] = {"libvirt-names", "copy-before-write", "json-names",
                                        "shared-base", "many-buses"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_load(names[i]);
        graph_fixture_add_children(replies);
        g_autoptr(QblkReplies) alone =
            graph_fixture_copy_without(replies, "x-debug-query-block-graph");
        g_autoptr(QblkSnapshot) full = graph_fixture_snapshot_by(replies, QBLK_EDGE_SOURCE_DEBUG);
        for (int source = QBLK_EDGE_SOURCE_CHILDREN; source <= QBLK_EDGE_SOURCE_BLOCKSTATS;
             source++) {
            if (source == QBLK_EDGE_SOURCE_DEBUG ||
                (source == QBLK_EDGE_SOURCE_BLOCKSTATS && !has_both_statistics(alone))) {
                continue;
            }
            g_autoptr(QblkSnapshot) snapshot =
                graph_fixture_snapshot_by(alone, (QblkEdgeSource)source);
            assert_int_equal(snapshot->edges->used, source);
            for (guint j = 0; j < full->disks; j++) {
                g_autofree char *expected = chain_or_reason(full, full->targets->pdata[j]);
                g_autofree char *actual = chain_or_reason(snapshot, full->targets->pdata[j]);
                assert_string_equal(actual, expected);
            }
        }
    }
}

/* They have the backing of what a device uses only: the rest would look like chains of one. */
static void
statistics_are_refused_for_disks_without_a_device(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("storage-daemon");
    if (qblk_replies_find(replies, "query-blockstats", NULL) == NULL) {
        graph_fixture_add(replies, "query-blockstats", NULL, "[]");
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    options->edges = QBLK_EDGE_SOURCE_BLOCKSTATS;
    assert_null(qblk_snapshot_load(replies, options, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSUPPORTED,
                 "'query-blockstats' does not report what is below a node that no device uses");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_source_that_was_not_refused_is_chosen),
        cmocka_unit_test(sources_have_names),
        cmocka_unit_test(an_unsupported_source_is_an_error),
        cmocka_unit_test(children_are_connected_by_name),
        cmocka_unit_test(a_child_that_is_not_listed_means_the_graph_changed),
        cmocka_unit_test(each_node_must_have_the_list_of_its_children),
        cmocka_unit_test(all_sources_give_the_same_chains),
        cmocka_unit_test(children_and_statistics_do_not_need_the_debug_graph),
        cmocka_unit_test(statistics_are_refused_for_disks_without_a_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
