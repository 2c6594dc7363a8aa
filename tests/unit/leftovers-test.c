/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "plan/leftovers.h"

static void
a_job_is_ours_by_its_whole_id(void **state)
{
    static const struct {
        const char *id, *target;
        gboolean is_ours;
    } rows[] = {
        {"qblk-commit-vda", "vda", TRUE},      {"qblk-copy-vda-create", "vda", TRUE},
        {"qblk-mend-vda-header", "vda", TRUE}, {"qblk-copy-a_b", "a b", TRUE},
        {"qblk-commit-vda", "vdb", FALSE},     {"qblk-commit-x-vda", "vda", FALSE},
        {"commit-vda", "vda", FALSE},          {"qblk-commit-vda2", "vda", FALSE},
        {"qblk-backup-vda", "vda", FALSE},     {"qblk-vda", "vda", FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        assert_int_equal(qblk_leftovers_is_job(rows[i].id, rows[i].target), rows[i].is_ours);
    }
}

static void
a_node_is_ours_by_its_whole_name(void **state)
{
    static const struct {
        const char *name, *target;
        gboolean is_ours;
    } rows[] = {
        {"qblk-vda-1", "vda", TRUE},        {"qblk-vda-12-file", "vda", TRUE},
        {"qblk-vda-1-part", "vda", TRUE},   {"qblk-vda-1", "vdb", FALSE},
        {"qblk-vda-", "vda", FALSE},        {"qblk-vda-x", "vda", FALSE},
        {"qblk-vda-1-other", "vda", FALSE}, {"qblk-vda-1x-file", "vda", FALSE},
        {"xqblk-vda-1", "vda", FALSE},      {"qblk-vda--file", "vda", FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        assert_int_equal(qblk_leftovers_is_node(rows[i].name, rows[i].target), rows[i].is_ours);
    }
}

/* Of 1 nothing is used; of 2 a node of a user is above the file, of 3 above the image; 4 has an
 * export, 5 is a disk, 6 and 7 form a cycle, and 8 has another node of ours above its file. */
static const char nodes[] = "top qcow2 /top.qcow2 file=top-file\n"
                            "top-file file /top.qcow2\n"
                            "qblk-vda-1-file file /1\n"
                            "qblk-vda-1-part raw /1 file=qblk-vda-1-file\n"
                            "qblk-vda-1 qcow2 /1 file=qblk-vda-1-part backing=top\n"
                            "qblk-vda-2 qcow2 /2 file=qblk-vda-2-file\n"
                            "qblk-vda-2-file file /2\n"
                            "user2 raw /2 file=qblk-vda-2-file\n"
                            "qblk-vda-3 qcow2 /3 file=qblk-vda-3-file\n"
                            "qblk-vda-3-file file /3\n"
                            "user3 raw /3 file=qblk-vda-3\n"
                            "qblk-vda-4 file /4\n"
                            "qblk-vda-5 file /5\n"
                            "qblk-vda-6 raw /6 file=qblk-vda-7\n"
                            "qblk-vda-7 raw /7 file=qblk-vda-6\n"
                            "qblk-vda-8-file file /8\n"
                            "qblk-vda-9 raw /8 file=qblk-vda-8-file\n"
                            "qblk-vdb-1 file /b\n";

static const char exports[] =
    "[{'id':'e','type':'nbd','node-name':'qblk-vda-4','shutting-down':false}]";

static void
nodes_that_nothing_uses_are_listed_top_first(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, "vda - top\n- x qblk-vda-5\n");
    graph_fixture_replace(replies, "query-block-exports", NULL, exports);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
    g_autoptr(GPtrArray) differences = qblk_differences_new();
    g_autoptr(GString) names = g_string_new(NULL);

    qblk_leftovers_add_nodes(snapshot, chain, differences);
    for (guint i = 0; i < differences->len; i++) {
        const QblkDifference *difference = differences->pdata[i];
        g_string_append_printf(names, "%s ", difference->name);
        assert_true(qblk_leftovers_has_node(snapshot, difference->name, "vda"));
    }
    assert_string_equal(names->str, "qblk-vda-9 qblk-vda-2 qblk-vda-1 qblk-vda-1-part "
                                    "qblk-vda-8-file qblk-vda-1-file ");
    assert_false(qblk_leftovers_has_node(snapshot, "qblk-vda-2-file", "vda"));
    assert_false(qblk_leftovers_has_node(snapshot, "qblk-vda-99", "vda"));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_ours_by_its_whole_id),
        cmocka_unit_test(a_node_is_ours_by_its_whole_name),
        cmocka_unit_test(nodes_that_nothing_uses_are_listed_top_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
