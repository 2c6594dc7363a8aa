/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/export.h"

#include "base/limits.h"
#include "graph/batch.h"
#include "graph/snapshot.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "qmp/query.h"

#define EXPORT(id, node) "{'id':'" id "','type':'nbd','node-name':'" node "','shutting-down':false}"

/* An edge from the BlockBackend @parent to the node with the id 1. */
#define EDGE(parent, permissions)                                                                  \
    "{'parent':" parent ",'child':1,'name':'root','perm':[" permissions "],'shared-perm':[]}"

static GPtrArray *
load(const char *exports, const char *graph)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = graph_fixture_jobs("11.0.0", "[]", "[]");
    graph_fixture_add(replies, "query-block-exports", NULL, exports);
    if (graph != NULL) {
        graph_fixture_add(replies, "x-debug-query-block-graph", NULL, graph);
    }
    GPtrArray *loaded = qblk_export_load_all(replies, &error);
    assert_no_error(error);
    return loaded;
}

static void
an_export_has_what_qemu_reports(void **state)
{
    g_autoptr(GPtrArray) exports =
        load("[{'node-name':'mid','shutting-down':true,'type':'fuse','id'"
             ":'e1','new':1}," EXPORT("e2", "") "]",
             NULL);
    assert_int_equal(exports->len, 2);
    const QblkExport *export = exports->pdata[0];
    assert_string_equal(export->id, "e1");
    assert_string_equal(export->type, "fuse");
    assert_string_equal(export->node_name, "mid");
    assert_true(export->is_shutting_down);
    assert_int_equal(export->access, QBLK_EXPORT_ACCESS_UNKNOWN);
    export = exports->pdata[1];
    assert_false(export->is_shutting_down);
}

static void
a_qemu_without_the_query_has_no_exports(void **state)
{
    g_autoptr(GPtrArray) refused = load(NULL, NULL);
    assert_int_equal(refused->len, 0);

    g_autoptr(QblkReplies) replies = graph_fixture_jobs("4.2.0", "[]", "[]");
    g_autoptr(GPtrArray) missing = qblk_export_load_all(replies, NULL);
    assert_int_equal(missing->len, 0);
    assert_false(qblk_export_exists(replies));
}

/* Several exports of a node have the access that all of its BlockBackends have. */
static void
the_permissions_of_its_backend_tell_if_an_export_is_writable(void **state)
{
    static const struct {
        const char *edges;
        QblkExportAccess access;
    } cases[] = {
        {"", QBLK_EXPORT_ACCESS_UNKNOWN},
        {EDGE("2", "'consistent-read'"), QBLK_EXPORT_ACCESS_READ_ONLY},
        {EDGE("2", "'write','consistent-read'"), QBLK_EXPORT_ACCESS_WRITABLE},
        {EDGE("2", "'consistent-read'") "," EDGE("3", "'consistent-read'"),
         QBLK_EXPORT_ACCESS_READ_ONLY},
        {EDGE("2", "'consistent-read'") "," EDGE("3", "'write'"), QBLK_EXPORT_ACCESS_UNKNOWN},
        {EDGE("2", "'write'") "," EDGE("3", "'write'"), QBLK_EXPORT_ACCESS_WRITABLE},
        {EDGE("4", "'write'"), QBLK_EXPORT_ACCESS_UNKNOWN}, /* a device */
        {EDGE("2", ""), QBLK_EXPORT_ACCESS_UNKNOWN},        /* of an inactive node */
        {EDGE("5", "'write'"), QBLK_EXPORT_ACCESS_UNKNOWN}, /* a job */
        {EDGE("9", "'write'"), QBLK_EXPORT_ACCESS_UNKNOWN},
        {"{'parent':2,'child':1,'name':'root'}", QBLK_EXPORT_ACCESS_UNKNOWN},
        {"{'parent':2,'child':1,'perm':'write'}", QBLK_EXPORT_ACCESS_UNKNOWN},
        {"{'parent':'2','child':{},'perm':[[]]},[],1,null", QBLK_EXPORT_ACCESS_UNKNOWN},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *graph =
            g_strdup_printf("{'nodes':[{'id':1,'type':'block-driver','name':'mid'},"
                            "{'id':2,'type':'block-backend','name':''},"
                            "{'id':3,'type':'block-backend','name':''},"
                            "{'id':4,'type':'block-backend','name':'vda'},"
                            "{'id':5,'type':'block-job','name':''},{'id':'6'},7],'edges':[%s]}",
                            cases[i].edges);
        g_autoptr(GPtrArray) exports =
            load("[" EXPORT("a", "mid") "," EXPORT("b", "other") "]", graph);
        const QblkExport *export = exports->pdata[0], *other = exports->pdata[1];
        assert_int_equal(export->access, cases[i].access);
        assert_int_equal(other->access, QBLK_EXPORT_ACCESS_UNKNOWN);
    }
}

static void
access_has_a_name(void **state)
{
    assert_null(qblk_export_access_name(QBLK_EXPORT_ACCESS_UNKNOWN));
    assert_string_equal(qblk_export_access_name(QBLK_EXPORT_ACCESS_READ_ONLY), "ro");
    assert_string_equal(qblk_export_access_name(QBLK_EXPORT_ACCESS_WRITABLE), "rw");
}

static void
broken_exports_are_errors(void **state)
{
    static const struct {
        const char *exports, *message;
    } cases[] = {
        {"{}", "query-block-exports is not a list"},
        {"'none'", "query-block-exports is not a list"},
        {"[1]", "query-block-exports"},
        {"[{}]", "query-block-exports: 'id' is missing"},
        {"[{'id':'a','type':1,'node-name':'n','shutting-down':false}]", "'type'"},
        {"[{'id':'a','type':'nbd','node-name':null,'shutting-down':false}]", "'node-name'"},
        {"[{'id':'a','type':'nbd','node-name':'n','shutting-down':0}]", "'shutting-down'"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkReplies) replies = graph_fixture_jobs("11.0.0", "[]", "[]");
        graph_fixture_add(replies, "query-block-exports", NULL, cases[i].exports);
        assert_null(qblk_export_load_all(replies, &error));
        assert_error(error, QBLK_JSON_ERROR, QBLK_JSON_ERROR_TYPE, cases[i].message);
    }
}

static void
two_exports_with_one_id_are_an_error(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkReplies) replies = graph_fixture_jobs("11.0.0", "[]", "[]");
    graph_fixture_add(replies, "query-block-exports", NULL,
                      "[" EXPORT("a", "x") "," EXPORT("a", "y") "]");
    assert_null(qblk_export_load_all(replies, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID, "two exports have the id 'a'");
}

static void
more_exports_than_the_limit_are_an_error(void **state)
{
    for (guint over = 0; over < 2; over++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GString) list = g_string_new("[");
        for (guint i = 0; i < QBLK_LIMIT_EXPORTS + over; i++) {
            g_string_append_printf(list,
                                   "%s{'id':'e%u','type':'nbd','node-name':'n','shutting-down':"
                                   "false}",
                                   i == 0 ? "" : ",", i);
        }
        g_string_append_c(list, ']');
        g_autoptr(QblkReplies) replies = graph_fixture_jobs("11.0.0", "[]", "[]");
        graph_fixture_add(replies, "query-block-exports", NULL, list->str);
        g_autoptr(GPtrArray) loaded = qblk_export_load_all(replies, &error);
        assert_int_equal(loaded == NULL, over);
        if (over == 1) {
            assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_LIMIT,
                         "'query-block-exports' lists more exports than the limit of 4096");
        }
    }
}

/* An export may have been added between two queries. */
static void
an_export_knows_its_node_if_that_is_listed(void **state)
{
    g_autoptr(QblkReplies) replies =
        graph_fixture_machine("top file /top\nmid file /mid\n", "vda - top\n");
    graph_fixture_replace(replies, "query-block-exports", NULL,
                          "[" EXPORT("a", "mid") "," EXPORT("b", "new") "]");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkExport *known = snapshot->exports->pdata[0], *unknown = snapshot->exports->pdata[1];
    assert_ptr_equal(known->node, qblk_snapshot_find_node(snapshot, "mid"));
    assert_null(unknown->node);
}

static gboolean
asks_for_graph(const QblkReplies *replies)
{
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    g_autoptr(GPtrArray) queries = qblk_batch_next(replies, options);
    gboolean found = FALSE;
    for (guint i = 0; i < queries->len; i++) {
        const QblkQuery *query = queries->pdata[i];
        found = found || g_str_equal(query->command, "x-debug-query-block-graph");
    }
    return found;
}

static void
only_exports_need_the_debug_graph_of_a_newer_qemu(void **state)
{
    static const struct {
        const char *exports;
        gboolean asks;
    } cases[] = {{"[]", FALSE}, {NULL, FALSE}, {"[{}]", TRUE}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_machine("a file /a\n", "vda - a\n");
        graph_fixture_replace(replies, "query-block-exports", NULL, cases[i].exports);
        assert_int_equal(asks_for_graph(replies), cases[i].asks);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_export_has_what_qemu_reports),
        cmocka_unit_test(a_qemu_without_the_query_has_no_exports),
        cmocka_unit_test(the_permissions_of_its_backend_tell_if_an_export_is_writable),
        cmocka_unit_test(access_has_a_name),
        cmocka_unit_test(broken_exports_are_errors),
        cmocka_unit_test(two_exports_with_one_id_are_an_error),
        cmocka_unit_test(more_exports_than_the_limit_are_an_error),
        cmocka_unit_test(only_exports_need_the_debug_graph_of_a_newer_qemu),
        cmocka_unit_test(an_export_knows_its_node_if_that_is_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
