/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/snapshot-jobs.h"
#include "lib/chain-text.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

#define JOB(id, type, status)                                                                      \
    "{'id':'" id "','type':'" type "','status':'" status                                           \
    "','current-progress':1,'total-progress':2}"

static void
recorded_jobs_have_their_disk(void **state)
{
    static const char *const topologies[] = {
        "commit-running", "commit-ready",     "commit-ready-drive", "commit-middle-running",
        "mirror-running", "mirror-ready",     "mirror-ready-top",   "stream-running",
        "stream-pending", "stream-concluded",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(topologies); i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_load(topologies[i]);
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        const QblkJob *job = qblk_snapshot_find_job_of(snapshot, "vda");
        if (job == NULL) {
            fail_msg("%s: no disk for the job", topologies[i]);
        }
        assert_true(job->nodes->len > 0);
        assert_null(qblk_snapshot_find_job_of(snapshot, "vdb"));
    }
}

static void
kinds_of_jobs_have_the_names_of_the_commands(void **state)
{
    static const struct {
        const char *type, *edge, *kind;
    } cases[] = {
        {"mirror", "target", "copy"},   {"stream", "source", "pull"},
        {"commit", "base", "commit"},   {"commit", "target", "active-commit"},
        {"backup", "target", "backup"},
    };
    g_autoptr(QblkNode) node = qblk_node_new("n");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *type = g_strdup(cases[i].type);
        g_autoptr(GPtrArray) nodes = qblk_node_children_new();
        qblk_node_children_add(nodes, cases[i].edge, node);
        const QblkJob job = {.type = type, .nodes = nodes};
        assert_string_equal(qblk_job_get_kind_name(&job), cases[i].kind);
    }
}

static void
a_mirror_has_its_target(void **state)
{
    static const struct {
        const char *topology, *node, *storage;
        gboolean is_commit, ready;
    } cases[] = {
        {"commit-running", "disk-base", "disk-base-file", TRUE, FALSE},
        {"commit-ready", "disk-base", "disk-base-file", TRUE, TRUE},
        {"mirror-running", "copy", "copy-file", FALSE, FALSE},
        {"mirror-ready", "copy", "copy-file", FALSE, TRUE},
        {"mirror-ready-top", "copy", "copy-file", FALSE, TRUE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_load(cases[i].topology);
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
        assert_non_null(chain->mirror);
        assert_int_equal(chain->mirror->is_commit, cases[i].is_commit);
        assert_int_equal(chain->mirror->ready, cases[i].ready);
        assert_string_equal(chain->mirror->layer->node_name, cases[i].node);
        assert_string_equal(chain->mirror->layer->storage, cases[i].storage);
    }
}

static void
jobs_inside_a_chain_have_no_target(void **state)
{
    static const char *const topologies[] = {"commit-middle-running", "stream-running",
                                             "stream-pending"};
    for (gsize i = 0; i < G_N_ELEMENTS(topologies); i++) {
        g_autoptr(QblkReplies) replies = graph_fixture_load(topologies[i]);
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
        assert_null(chain->mirror);
    }
}

/* A backup has a target as well, and the disk stays what it is. */
static void
a_backup_is_not_a_mirror(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine("a file /a\nb file /b\n", "- vda a\n");
    graph_fixture_add_job(replies, "[" JOB("b", "backup", "running") "]", "[]");
    g_autofree char *graph = graph_fixture_graph("1 block-driver a;2 block-driver b;3 block-job b",
                                                 "3 1 main node;3 2 target");
    graph_fixture_add(replies, "x-debug-query-block-graph", NULL, graph);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
    assert_string_equal(qblk_snapshot_find_job_of(snapshot, "vda")->type, "backup");
    assert_null(chain->mirror);
}

static guint
filters_of(const char *topology, guint position, const char *driver)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load(topology);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
    const QblkLayer *layer = qblk_chain_get_layer(chain, position);
    for (guint i = 0; i < layer->filters->len; i++) {
        const QblkFilter *filter = layer->filters->pdata[i];
        assert_string_equal(filter->driver, driver);
    }
    return layer->filters->len;
}

static void
the_filter_of_a_job_is_above_the_layer_it_works_on(void **state)
{
    assert_int_equal(filters_of("commit-ready", 0, "mirror_top"), 1);
    assert_int_equal(filters_of("commit-ready-drive", 0, "mirror_top"), 1);
    assert_int_equal(filters_of("mirror-ready", 0, "mirror_top"), 1);
    assert_int_equal(filters_of("stream-running", 0, "copy-on-read"), 1);
    assert_int_equal(filters_of("commit-middle-running", 0, ""), 0);
    assert_int_equal(filters_of("commit-middle-running", 1, "commit_top"), 1);
}

/* ---- without the debug graph ---- */

static const char nodes[] = "top qcow2 /top file=top-file\ntop-file file /top\n"
                            "job mirror_top x backing=top\n"
                            "other file /other\n";

static void
an_implicit_filter_is_found_from_below(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, "vda - top\n");
    graph_fixture_add_job(replies, "[" JOB("m", "mirror", "running") "]", "[]");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
    g_autofree char *text = chain_text(chain);
    assert_string_equal(text, "0 job>top>top-file:qcow2");
    assert_null(qblk_snapshot_find_job_of(snapshot, "vda"));
}

static void
without_jobs_the_top_is_the_node_of_the_device(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, "vda - top\n");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
    g_autofree char *text = chain_text(chain);
    assert_string_equal(text, "0 top>top-file:qcow2");
}

/* ---- with it ---- */

#define NODES "1 block-driver top;2 block-driver top-file;3 block-driver job;4 block-driver other"

static void
add_graph(QblkReplies *replies, const char *vertices, const char *edges)
{
    g_autofree char *text = graph_fixture_graph(vertices, edges);
    graph_fixture_add(replies, "x-debug-query-block-graph", NULL, text);
}

/* A drive may be called like the device of another one: the graph has two roots of that name. */
static void
the_root_of_another_drive_is_not_taken_for_the_top(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, "x - top\ny x other\n");
    graph_fixture_add_job(replies, "[" JOB("m", "mirror", "running") "]", "[]");
    add_graph(replies, NODES ";5 block-backend x;6 block-backend x", "5 3 root;6 4 root");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    for (guint i = 0; i < snapshot->disks; i++) {
        const QblkDevice *device = snapshot->devices->pdata[i];
        g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, device->target);
        g_autofree char *text = chain_text(chain);
        assert_string_equal(text, g_str_equal(device->node_name, "top") ? "0 job>top>top-file:qcow2"
                                                                        : "0 other>other:raw");
    }
}

static void
a_job_on_a_shared_node_belongs_to_the_disk_of_its_main_node(void **state)
{
    g_autoptr(QblkReplies) replies =
        graph_fixture_machine("a qcow2 /a file=f backing=base\nb qcow2 /b file=f backing=base\n"
                              "f file /f\nbase file /base\n",
                              "- vda a\n- vdb b\n");
    graph_fixture_add_job(replies, "[" JOB("j", "stream", "running") "]", "[]");
    add_graph(
        replies,
        "1 block-driver a;2 block-driver b;3 block-driver f;4 block-driver base;5 block-job j",
        "5 4 intermediate node;5 2 main node");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    assert_null(qblk_snapshot_find_job_of(snapshot, "vda"));
    assert_string_equal(qblk_snapshot_find_job_of(snapshot, "vdb")->id, "j");
}

static void
a_job_on_no_disk_has_no_target(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, "vda - top\n");
    graph_fixture_add_job(replies, "[" JOB("c", "create", "running") "]", "[]");
    add_graph(replies, NODES ";5 block-job other-job", "5 4 main node");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkJob *job = snapshot->jobs->pdata[0];
    assert_null(job->target);
    assert_int_equal(job->nodes->len, 0);
}

static void
a_cycle_ends(void **state)
{
    g_autoptr(QblkReplies) replies =
        graph_fixture_machine("a mirror_top x backing=b\nb mirror_top x backing=a\n", "vda - a\n");
    graph_fixture_add_job(replies, "[" JOB("m", "mirror", "running") "]", "[]");
    add_graph(replies, "1 block-driver a;2 block-driver b;3 block-job m;4 block-backend vda",
              "3 1 main node;3 2 target;4 2 root");
    g_autoptr(GError) error = graph_fixture_error(replies, "vda");
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_INVALID, "forms a cycle");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_jobs_have_their_disk),
        cmocka_unit_test(kinds_of_jobs_have_the_names_of_the_commands),
        cmocka_unit_test(a_mirror_has_its_target),
        cmocka_unit_test(jobs_inside_a_chain_have_no_target),
        cmocka_unit_test(a_backup_is_not_a_mirror),
        cmocka_unit_test(the_filter_of_a_job_is_above_the_layer_it_works_on),
        cmocka_unit_test(an_implicit_filter_is_found_from_below),
        cmocka_unit_test(without_jobs_the_top_is_the_node_of_the_device),
        cmocka_unit_test(the_root_of_another_drive_is_not_taken_for_the_top),
        cmocka_unit_test(a_job_on_a_shared_node_belongs_to_the_disk_of_its_main_node),
        cmocka_unit_test(a_job_on_no_disk_has_no_target),
        cmocka_unit_test(a_cycle_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
