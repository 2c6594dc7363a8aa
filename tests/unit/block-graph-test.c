/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/block-graph.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

typedef struct {
    GPtrArray *nodes;
    GHashTable *by_name, *roots, *jobs;
} Graph;

/* Nodes a, b and c without edges. */
static void
setup(Graph *graph)
{
    static const char *const names[] = {"a", "b", "c"};
    graph->nodes = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_node_free);
    graph->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    graph->roots = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    graph->jobs =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        QblkNode *node = qblk_node_new(names[i]);
        g_ptr_array_add(graph->nodes, node);
        g_hash_table_insert(graph->by_name, node->name, node);
    }
}

static void
teardown(Graph *graph)
{
    g_hash_table_unref(graph->jobs);
    g_hash_table_unref(graph->roots);
    g_hash_table_unref(graph->by_name);
    g_ptr_array_unref(graph->nodes);
}

static gboolean
load_text(Graph *graph, const char *text, gboolean connect, GError **error)
{
    g_autoptr(QblkJson) json = graph_fixture_json(text);
    return qblk_block_graph_load(qblk_json_view_new(json), graph->by_name, connect, graph->roots,
                                 graph->jobs, error);
}

#define ABC "1 block-driver a;2 block-driver b;3 block-driver c"

static gboolean
load(Graph *graph, const char *vertices, const char *edges, gboolean connect, GError **error)
{
    g_autofree char *text = graph_fixture_graph(vertices, edges);
    return load_text(graph, text, connect, error);
}

static void
edges_between_nodes_are_added(void **state)
{
    g_autoptr(GError) error = NULL;
    Graph graph;
    setup(&graph);
    assert_true(load(&graph, ABC, "1 2 file;1 3 backing", TRUE, &error));
    assert_no_error(error);
    const QblkNode *a = graph.nodes->pdata[0];
    assert_string_equal(qblk_node_find_child(a, "file")->name, "b");
    assert_string_equal(qblk_node_find_child(a, "backing")->name, "c");
    teardown(&graph);
}

static void
edges_are_added_only_on_request(void **state)
{
    g_autoptr(GError) error = NULL;
    Graph graph;
    setup(&graph);
    assert_true(load(&graph, ABC, "1 2 file", FALSE, &error));
    assert_no_error(error);
    const QblkNode *a = graph.nodes->pdata[0];
    assert_int_equal(a->children->len, 0);
    teardown(&graph);
}

static void
backends_and_jobs_point_at_nodes(void **state)
{
    static const char vertices[] = ABC ";4 block-backend drive0;5 block-backend ;"
                                       "6 block-job job0;7 made-up x";
    static const char edges[] = "4 1 root;5 2 root;6 1 main node;6 3 target;7 3 what";
    g_autoptr(GError) error = NULL;
    Graph graph;
    setup(&graph);
    assert_true(load(&graph, vertices, edges, TRUE, &error));
    assert_no_error(error);
    assert_int_equal(g_hash_table_size(graph.roots), 1);
    assert_ptr_equal(g_hash_table_lookup(graph.roots, "drive0"), graph.nodes->pdata[0]);
    const GPtrArray *job = g_hash_table_lookup(graph.jobs, "job0");
    assert_int_equal(job->len, 2);
    const QblkChild *target = job->pdata[1];
    assert_string_equal(target->name, "target");
    assert_string_equal(target->node->name, "c");
    teardown(&graph);
}

static void
another_set_of_nodes_means_the_graph_changed(void **state)
{
    static const char *const cases[][2] = {
        {ABC ";4 block-driver new", "node 'new'"},
        {"1 block-driver a", "3 nodes in one reply and 1 in the other"},
        {"1 block-job a", "3 nodes in one reply and 0 in the other"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        Graph graph;
        setup(&graph);
        assert_false(load(&graph, cases[i][0], "", TRUE, &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_CHANGED, cases[i][1]);
        teardown(&graph);
    }
}

static void
a_graph_that_contradicts_itself_is_refused(void **state)
{
    static const char *const cases[][3] = {
        {ABC ";1 block-job j", "", "two nodes with the id 1"},
        {"1 block-driver a;2 block-driver a;3 block-driver b", "", "node 'a' twice"},
        {ABC, "1 9 file", "edge 'file'"},
        {ABC, "9 1 file", "edge 'file'"},
        {ABC ";4 block-job j", "1 4 x", "edge 'x' that does not end at a block node"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        Graph graph;
        setup(&graph);
        assert_false(load(&graph, cases[i][0], cases[i][1], TRUE, &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID, cases[i][2]);
        teardown(&graph);
    }
}

static void
a_reply_of_another_shape_is_refused(void **state)
{
    static const struct {
        const char *graph, *reason;
    } cases[] = {
        {"[]", "x-debug-query-block-graph is not an object"},
        {"{'edges':[]}", "'nodes' is missing"},
        {"{'nodes':[]}", "'edges' is missing"},
        {"{'nodes':[7],'edges':[]}", "a node of x-debug-query-block-graph is not an object"},
        {"{'nodes':[{'id':'1','type':'t','name':'n'}],'edges':[]}", "'id' is not an integer"},
        {"{'nodes':[{'id':1,'type':'block-driver','name':'a'},"
         "{'id':2,'type':'block-driver','name':'b'},{'id':3,'type':'block-driver','name':'c'}],"
         "'edges':[{'parent':1,'child':2}]}",
         "'name' is missing"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        Graph graph;
        setup(&graph);
        assert_false(load_text(&graph, cases[i].graph, TRUE, &error));
        assert_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE, cases[i].reason);
        teardown(&graph);
    }
}

static void
nodes_are_made_from_the_graph(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) nodes = g_ptr_array_new_with_free_func((GDestroyNotify)qblk_node_free);
    g_autofree char *text =
        graph_fixture_graph("9 block-job j;1 block-driver a;2 block-driver b", "");
    g_autoptr(QblkJson) json = graph_fixture_json(text);
    assert_true(qblk_block_graph_make_nodes(qblk_json_view_new(json), nodes, &error));
    assert_no_error(error);
    assert_int_equal(nodes->len, 2);
    const QblkNode *second = nodes->pdata[1];
    assert_string_equal(second->name, "b");

    g_autoptr(QblkJson) wrong = graph_fixture_json("{'nodes':[{}],'edges':[]}");
    assert_false(qblk_block_graph_make_nodes(qblk_json_view_new(wrong), nodes, &error));
    assert_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE, "'id' is missing");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_between_nodes_are_added),
        cmocka_unit_test(edges_are_added_only_on_request),
        cmocka_unit_test(backends_and_jobs_point_at_nodes),
        cmocka_unit_test(another_set_of_nodes_means_the_graph_changed),
        cmocka_unit_test(a_graph_that_contradicts_itself_is_refused),
        cmocka_unit_test(a_reply_of_another_shape_is_refused),
        cmocka_unit_test(nodes_are_made_from_the_graph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
