/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/batch.h"

#include "lib/check.h"
#include "lib/fake-qmp.h"
#include "lib/graph-fixture.h"
#include "lib/schema-check.h"
#include "qmp/query.h"

#define MOST_BATCHES 100

#define STREAM                                                                                     \
    "[{'id':'s','type':'stream','status':'concluded','current-progress':1,'total-progress':1}]"

#define RUNNING "{'status':'running','running':true}"

/* The queries of the next batch as text, in order. */
static char *
next(const QblkReplies *replies, const QblkSnapshotOptions *options)
{
    g_autoptr(GPtrArray) queries = qblk_batch_next(replies, options);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < queries->len; i++) {
        const QblkQuery *query = queries->pdata[i];
        g_autofree char *key = qblk_query_key(query->command, query->arguments);
        g_string_append_printf(text, "%s%s", i == 0 ? "" : "\n", key);
    }
    return g_strdup(g_strdelimit(text->str, "\"", '\''));
}

static char *
next_plain(const QblkReplies *replies)
{
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    return next(replies, options);
}

/* Replies to the first batch. */
static QblkReplies *
after_first(const char *version, const char *jobs)
{
    QblkReplies *replies = graph_fixture_jobs(version, jobs, "[]");
    graph_fixture_add(replies, "query-name", NULL, "{}");
    graph_fixture_add(replies, "query-status", NULL, RUNNING);
    graph_fixture_add(replies, "query-block", NULL, "[]");
    graph_fixture_add(replies, "query-block-exports", NULL, "[]");
    graph_fixture_add(replies, "query-chardev", NULL, "[]");
    return replies;
}

static void
the_first_queries_are_for_jobs_and_disks(void **state)
{
    g_autoptr(QblkReplies) none = qblk_replies_new();
    g_autofree char *text = next_plain(none);
    assert_string_equal(text, "query-jobs {}\nquery-name {}\nquery-status {}\nquery-block {}\n"
                              "query-block-exports {}\nquery-chardev {}");
    g_autoptr(QblkSnapshotOptions) capture = qblk_snapshot_options_new();
    capture->everything = TRUE;
    g_autofree char *more = next(none, capture);
    assert_string_equal(more, "query-jobs {}\nquery-name {}\nquery-status {}\nquery-block {}\n"
                              "query-block-exports {}\nquery-chardev {}\nquery-block-jobs {}\n"
                              "query-uuid {}\nquery-pci {}");
}

static void
a_known_reply_is_not_queried_again(void **state)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    graph_fixture_add(replies, "query-jobs", NULL, "[]");
    graph_fixture_add(replies, "query-name", NULL, NULL);
    g_autofree char *text = next_plain(replies);
    assert_string_equal(text, "query-status {}\nquery-block {}\nquery-block-exports {}\n"
                              "query-chardev {}");
}

static void
block_jobs_are_queried_if_there_are_jobs(void **state)
{
    static const struct {
        const char *jobs, *expected;
    } cases[] = {
        {"[]", ""},
        {"[{}]", "query-block-jobs {}"},
        {"null", "query-block-jobs {}"},
        {NULL, "query-block-jobs {}"}, /* refused */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) all = after_first("11.0.0", cases[i].jobs);
        g_autoptr(QblkReplies) replies = graph_fixture_copy_without(all, "query-block-jobs");
        graph_fixture_add(replies, "query-named-block-nodes", "{'flat':true}", "[]");
        graph_fixture_add(replies, "x-debug-query-block-graph", NULL, "{'nodes':[],'edges':[]}");
        g_autofree char *text = next_plain(replies);
        assert_string_equal(text, cases[i].expected);
    }
}

/* Both forms of it are safe while the nodes may not be queried, but without nodes that of the nodes
 * has no use. */
static void
statistics_are_queried_with_the_nodes(void **state)
{
    static const struct {
        const char *jobs, *expected;
    } cases[] = {
        {"[]", "query-named-block-nodes {'flat':true}\nquery-blockstats {}\n"
               "query-blockstats {'query-nodes':true}\nx-debug-query-block-graph {}"},
        {STREAM, "query-blockstats {}\nx-debug-query-block-graph {}"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = after_first("7.2.0", cases[i].jobs);
        g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
        qblk_snapshot_options_set_statistics(options, TRUE);
        g_autofree char *text = next(replies, options);
        assert_string_equal(text, cases[i].expected);
    }
}

/* Each line has what is queried with the graph. */
static void
properties_are_queried_only_if_a_name_depends_on_them(void **state)
{
    static const struct {
        const char *blocks, *expected;
        gboolean serials;
    } cases[] = {
        {"/machine/peripheral/x/virtio-backend - a\n", "", FALSE},
        {"/machine/peripheral/x/virtio-backend - a\n", "serial", TRUE},
        {"/machine/peripheral/x/virtio-backend - a\n/machine/peripheral/y/virtio-backend - b\n",
         "parent_bus parent_bus", FALSE},
        {"virtio-disk0 - a\n", "type", FALSE},
        /* The alias makes the second one a virtio disk, whatever it is. */
        {"/machine/peripheral/x/virtio-backend - a\nvirtio-disk2 - b\n", "parent_bus type", FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies =
            graph_fixture_machine("a file /a\nb file /b\n", cases[i].blocks);
        g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
        qblk_snapshot_options_set_serials(options, cases[i].serials);
        g_autoptr(GPtrArray) queries = qblk_batch_next(replies, options);
        g_autoptr(GString) text = g_string_new(NULL);
        for (guint j = 0; j < queries->len; j++) {
            const QblkQuery *query = queries->pdata[j];
            const char *property = qblk_json_get_string(query->arguments, "property");
            g_string_append_printf(text, "%s%s", j == 0 ? "" : " ", property);
        }
        assert_string_equal(text->str, cases[i].expected);
    }
}

static void
the_graph_is_queried_in_one_batch(void **state)
{
    static const struct {
        const char *version, *expected;
    } cases[] = {
        {"7.2.0", "query-named-block-nodes {'flat':true}\n"
                  "x-debug-query-block-graph {}"},
        {"10.0.0", "query-named-block-nodes {'flat':true}\n"
                   "x-debug-query-block-graph {}"},
        {"10.1.0", "query-named-block-nodes {'flat':true}"},
        {"11.0.0", "query-named-block-nodes {'flat':true}"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = after_first(cases[i].version, "[]");
        g_autofree char *text = next_plain(replies);
        assert_string_equal(text, cases[i].expected);
    }
}

static void
jobs_need_the_debug_graph(void **state)
{
    g_autoptr(QblkReplies) replies = after_first(
        "11.0.0",
        "[{'id':'m','type':'mirror','status':'ready','current-progress':1,'total-progress':1}]");
    g_autofree char *text = next_plain(replies);
    assert_string_equal(text, "query-named-block-nodes {'flat':true}\n"
                              "x-debug-query-block-graph {}");
}

static void
nodes_are_not_queried_if_that_could_crash_qemu(void **state)
{
    static const char *const jobs[] = {STREAM, NULL, "[{}]", "null", "'none'", "{}"};
    for (gsize i = 0; i < G_N_ELEMENTS(jobs); i++) {
        g_autoptr(QblkReplies) replies = after_first("7.2.22", jobs[i]);
        for (guint step = 0; step < 2; step++) {
            g_autofree char *text = next_plain(replies);
            if (strstr(text, "query-named-block-nodes") != NULL) {
                fail_msg("asked for nodes with the jobs %s", jobs[i]);
            }
            graph_fixture_add(replies, "x-debug-query-block-graph", NULL,
                              "{'nodes':[],'edges':[]}");
        }
    }
    g_autoptr(QblkReplies) safe = after_first("11.0.0", STREAM);
    g_autofree char *text = next_plain(safe);
    assert_non_null(strstr(text, "query-named-block-nodes"));
}

static void
nodes_are_not_queried_before_the_jobs_are_known(void **state)
{
    static const char *const first[] = {"query-version",    "query-name",         "query-jobs",
                                        "query-block-jobs", "query-status",       "query-block",
                                        "query-chardev",    "query-block-exports"};
    for (gsize i = 0; i < G_N_ELEMENTS(first); i++) {
        g_autoptr(QblkReplies) all = after_first("11.0.0", "[{}]");
        g_autoptr(QblkReplies) replies = graph_fixture_copy_without(all, first[i]);
        g_autofree char *text = next_plain(replies);
        g_autofree char *expected = g_strconcat(first[i], " {}", NULL);
        assert_string_equal(text, expected);
    }
}

/* Whether jobs run is not known, and what they work on could be seen nowhere else. */
static void
jobs_that_cannot_be_read_need_the_debug_graph(void **state)
{
    static const char *const jobs[] = {"[{}]", "null"};
    for (gsize i = 0; i < G_N_ELEMENTS(jobs); i++) {
        g_autoptr(QblkReplies) replies = after_first("11.0.0", jobs[i]);
        g_autofree char *text = next_plain(replies);
        assert_string_equal(text, "x-debug-query-block-graph {}");
    }
}

static void
an_unknown_version_counts_as_an_old_one(void **state)
{
    static const char *const versions[] = {NULL, "{}", "{'qemu':{'major':11}}"};
    for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
        g_autoptr(QblkReplies) replies = after_first("11.0.0", "[]");
        graph_fixture_replace(replies, "query-version", NULL, versions[i]);
        g_autofree char *text = next_plain(replies);
        assert_non_null(strstr(text, "x-debug-query-block-graph {}"));
    }
}

/* Where it sits tells nothing more of a disk with an alias of libvirt's; another qblk that reads
 * the capture may want to know. */
static void
the_address_of_a_disk_is_in_each_capture(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine("a file /a\n", "virtio-disk0 - a\n");
    graph_fixture_add_property(replies, "/machine/peripheral/virtio-disk0", "type",
                               "'virtio-blk-pci'");
    graph_fixture_add(replies, "x-debug-query-block-graph", NULL, "{'nodes':[],'edges':[]}");
    g_autofree char *text = next_plain(replies);
    assert_null(strstr(text, "parent_bus"));
    static const char *const first[] = {"query-uuid", "query-pci"};
    for (gsize i = 0; i < G_N_ELEMENTS(first); i++) {
        graph_fixture_add(replies, first[i], NULL, "{}");
    }
    g_autoptr(QblkSnapshotOptions) capture = qblk_snapshot_options_new();
    capture->everything = TRUE;
    g_autofree char *more = next(replies, capture);
    assert_non_null(strstr(more, "parent_bus"));
}

static void
a_refused_debug_graph_is_followed_by_the_statistics(void **state)
{
    g_autoptr(QblkReplies) replies = after_first("7.2.0", "[]");
    graph_fixture_add(replies, "query-named-block-nodes", "{'flat':true}", "[{}]");
    graph_fixture_add(replies, "x-debug-query-block-graph", NULL, NULL);
    g_autofree char *text = next_plain(replies);
    assert_string_equal(text, "query-blockstats {}\nquery-blockstats {'query-nodes':true}");
}

static void
the_statistics_are_queried_only_if_there_is_a_block_device(void **state)
{
    g_autoptr(QblkReplies) file = graph_fixture_machine("a file /a\n", "- drive a\n");
    g_autofree char *nothing = next_plain(file);
    assert_string_equal(nothing, "");
    g_autoptr(QblkReplies) device = graph_fixture_machine("a host_device /dev/a\n", "- drive a\n");
    g_autofree char *text = next_plain(device);
    assert_string_equal(text, "query-blockstats {'query-nodes':true}");
}

static void
nodes_without_children_are_followed_by_the_debug_graph(void **state)
{
    g_autoptr(QblkReplies) replies = after_first("11.0.0", "[]");
    graph_fixture_add(replies, "query-named-block-nodes", "{'flat':true}", "[{}]");
    g_autofree char *text = next_plain(replies);
    assert_string_equal(text, "x-debug-query-block-graph {}");
    graph_fixture_replace(replies, "query-named-block-nodes", "{'flat':true}", "[{'children':[]}]");
    g_autofree char *nothing = next_plain(replies);
    assert_string_equal(nothing, "");
}

static void
type_and_serial_of_each_device_are_queried(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine("a file /a\n", "vda - a\n");
    g_autofree char *text = next_plain(replies);
    assert_string_equal(text, "qom-get {'path':'/machine/peripheral/vda','property':'type'}\n"
                              "qom-get {'path':'/machine/peripheral/vda','property':'serial'}");
}

/* ---- replaying what was recorded ---- */

/* What QEMU of the version at hand takes; names that follow each other are mostly of one. */
typedef struct {
    char *version;
    QblkSchema *schema;
} Taken;

static const QblkSchema *
taken_by(Taken *taken, const char *name)
{
    g_autofree char *version = graph_fixture_version(name);
    if (g_strcmp0(taken->version, version) != 0) {
        g_free(taken->version);
        qblk_schema_free(taken->schema);
        taken->schema = fake_qmp_read_schema(version);
        taken->version = g_steal_pointer(&version);
    }
    return taken->schema;
}

static void
taken_clear(Taken *taken)
{
    g_free(taken->version);
    qblk_schema_free(taken->schema);
}

static void
check_query(const char *topology, const QblkSchema *schema, const QblkReplies *replies,
            const QblkQuery *query)
{
    g_autoptr(GError) error = NULL;
    if (!schema_check_command(schema, query->command, query->arguments, &error)) {
        fail_msg("%s: QEMU would not take it: %s", topology, error->message);
    }
    if (!qblk_query_is_read_only(query->command) || g_str_equal(query->command, "qom-list")) {
        fail_msg("%s: '%s' is not only reading", topology, query->command);
    }
    if (!g_str_equal(query->command, "query-named-block-nodes")) {
        return;
    }
    g_autoptr(QblkJson) flat = graph_fixture_json("{'flat':true}");
    assert_true(qblk_json_equal(query->arguments, flat));
    assert_non_null(qblk_replies_find(replies, "query-jobs", NULL));
    assert_string_not_equal(topology, "7.2/stream-concluded");
}

/* Answer from @recorded until nothing is asked; the number of queries it has no reply to. */
static guint
replay(const char *topology, const QblkSchema *schema, const QblkReplies *recorded,
       const QblkSnapshotOptions *options, QblkReplies *replies)
{
    guint lacking = 0;
    for (guint batch = 0; batch < MOST_BATCHES; batch++) {
        g_autoptr(GPtrArray) queries = qblk_batch_next(replies, options);
        if (queries->len == 0) {
            return lacking;
        }
        for (guint i = 0; i < queries->len; i++) {
            QblkQuery *query = queries->pdata[i];
            check_query(topology, schema, replies, query);
            const QblkReply *reply = qblk_replies_find(recorded, query->command, query->arguments);
            const QblkJson *value = reply == NULL ? NULL : reply->value;
            if (reply == NULL) {
                g_autofree char *key = qblk_query_key(query->command, query->arguments);
                print_message("%s has no %s\n", topology, key);
                lacking++;
            }
            qblk_replies_add(replies, query->command, g_steal_pointer(&query->arguments),
                             value == NULL ? NULL : qblk_json_ref(value),
                             value == NULL ? graph_fixture_json("{'class':'x','desc':'x'}") : NULL);
        }
    }
    fail_msg("%s: it never ends", topology);
    return lacking;
}

/* The loader needs no more than what is asked for. */
static void
each_recorded_topology_has_the_queried_replies(void **state)
{
    Taken taken = {NULL, NULL};
    g_autoptr(GPtrArray) topologies = graph_fixture_all();
    for (guint i = 0; i < topologies->len; i++) {
        const char *topology = topologies->pdata[i];
        g_autoptr(QblkReplies) recorded = graph_fixture_load(topology);
        g_autoptr(QblkReplies) replies = qblk_replies_new();
        g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
        const QblkSchema *schema = taken_by(&taken, topology);
        assert_int_equal(replay(topology, schema, recorded, options, replies), 0);
        g_autoptr(QblkSnapshot) expected = graph_fixture_snapshot(recorded);
        g_autoptr(QblkSnapshot) actual = graph_fixture_snapshot(replies);
        g_autofree char *left = g_strjoinv(" ", (char **)expected->targets->pdata);
        g_autofree char *right = g_strjoinv(" ", (char **)actual->targets->pdata);
        assert_string_equal(left, right);
    }
    taken_clear(&taken);
}

/* Captures that the client of the tests recorded lack some; a refusal stands for those. */
static void
a_capture_of_everything_ends(void **state)
{
    Taken taken = {NULL, NULL};
    g_autoptr(GPtrArray) topologies = graph_fixture_all();
    for (guint i = 0; i < topologies->len; i++) {
        g_autoptr(QblkReplies) recorded = graph_fixture_load(topologies->pdata[i]);
        g_autoptr(QblkReplies) replies = qblk_replies_new();
        g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
        options->everything = TRUE;
        const QblkSchema *schema = taken_by(&taken, topologies->pdata[i]);
        (void)replay(topologies->pdata[i], schema, recorded, options, replies);
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        assert_non_null(snapshot);
    }
    taken_clear(&taken);
}

/* Every device sits on a bus of yet another one. */
static void
a_cycle_of_buses_ends(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine("a file /a\n", "d - a\n");
    g_autoptr(QblkSnapshotOptions) options = qblk_snapshot_options_new();
    for (guint batch = 0; batch < MOST_BATCHES; batch++) {
        g_autoptr(GPtrArray) queries = qblk_batch_next(replies, options);
        if (queries->len == 0) {
            return;
        }
        for (guint i = 0; i < queries->len; i++) {
            QblkQuery *query = queries->pdata[i];
            const char *property = qblk_json_get_string(query->arguments, "property");
            g_autofree char *text = g_strdup_printf(
                g_str_equal(property, "parent_bus") ? "'/d%u/bus'" : "'t%u'", batch);
            qblk_replies_add(replies, query->command, g_steal_pointer(&query->arguments),
                             graph_fixture_json(text), NULL);
        }
    }
    fail_msg("it never ends");
}

/* Each line has what is known, and the query that is sent then. */
static void
the_migration_of_a_stopped_guest_is_queried_if_qemu_does_not_report_inactive_nodes(void **state)
{
    static const struct {
        const char *version, *status, *migration, *expected;
    } cases[] = {
        {"7.2.22", "{'status':'prelaunch','running':false}", NULL, "query-migrate {}"},
        {"7.2.22", "{'status':'paused','running':false}", "{}", ""},
        {"7.2.22", "{'status':'paused','running':false}", "{'status':'failed'}", ""},
        {"7.2.22", "{'status':'paused','running':false}", "{'status':'completed'}",
         "query-migrate-capabilities {}"},
        {"7.2.22", RUNNING, NULL, ""},
        {"10.0.0", "{'status':'paused','running':false}", NULL, ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkReplies) replies = after_first(cases[i].version, "[]");
        graph_fixture_replace(replies, "query-status", NULL, cases[i].status);
        graph_fixture_add(replies, "query-named-block-nodes", "{'flat':true}", "[]");
        graph_fixture_add(replies, "x-debug-query-block-graph", NULL, "{'nodes':[],'edges':[]}");
        if (cases[i].migration != NULL) {
            graph_fixture_add(replies, "query-migrate", NULL, cases[i].migration);
        }
        g_autofree char *text = next_plain(replies);
        assert_string_equal(text, cases[i].expected);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_queries_are_for_jobs_and_disks),
        cmocka_unit_test(a_known_reply_is_not_queried_again),
        cmocka_unit_test(block_jobs_are_queried_if_there_are_jobs),
        cmocka_unit_test(statistics_are_queried_with_the_nodes),
        cmocka_unit_test(properties_are_queried_only_if_a_name_depends_on_them),
        cmocka_unit_test(the_graph_is_queried_in_one_batch),
        cmocka_unit_test(jobs_need_the_debug_graph),
        cmocka_unit_test(nodes_are_not_queried_if_that_could_crash_qemu),
        cmocka_unit_test(nodes_are_not_queried_before_the_jobs_are_known),
        cmocka_unit_test(a_refused_debug_graph_is_followed_by_the_statistics),
        cmocka_unit_test(the_statistics_are_queried_only_if_there_is_a_block_device),
        cmocka_unit_test(nodes_without_children_are_followed_by_the_debug_graph),
        cmocka_unit_test(type_and_serial_of_each_device_are_queried),
        cmocka_unit_test(each_recorded_topology_has_the_queried_replies),
        cmocka_unit_test(a_capture_of_everything_ends),
        cmocka_unit_test(a_cycle_of_buses_ends),
        cmocka_unit_test(jobs_that_cannot_be_read_need_the_debug_graph),
        cmocka_unit_test(an_unknown_version_counts_as_an_old_one),
        cmocka_unit_test(the_address_of_a_disk_is_in_each_capture),
        cmocka_unit_test(
            the_migration_of_a_stopped_guest_is_queried_if_qemu_does_not_report_inactive_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
