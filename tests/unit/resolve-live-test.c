/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chain/resolve-live.h"

#include "chain/chain.h"
#include "lib/check.h"
#include "lib/fake-qmp.h"
#include "lib/graph-fixture.h"

#include <string.h>

#define MOST_DISKS 4

/* A logger: how often the nodes were queried. */
static void
count_nodes(gboolean sent, const char *message, gpointer user_data)
{
    guint *count = user_data;
    *count += sent && strstr(message, "query-named-block-nodes") != NULL ? 1 : 0;
}

/* The node of @spec in the QEMU that answers from @capture, or the reason why there is no node. */
static char *
resolve(const char *version, const char *capture, const char *spec, guint *nodes)
{
    FakeQmp *fake = fake_qmp_new_capture(version, capture);
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(GError) error = NULL;

    *nodes = 0;
    qblk_client_set_logger(client, count_nodes, nodes, NULL);
    char *node = qblk_client_resolve(client, spec, NULL, &error);
    qblk_client_unref(client);
    fake_qmp_finish(fake);
    return node == NULL ? g_strdup(error->message) : node;
}

static char *
expected_node(const QblkSnapshot *snapshot, const char *spec)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkLayer) layer = qblk_snapshot_resolve(snapshot, spec, NULL, &error);
    return g_strdup(layer == NULL ? error->message : layer->node_name);
}

/* The first indexes of a chain, its last one and one that it does not have. */
static void
check_disk(const char *version, const char *capture, const QblkSnapshot *snapshot,
           const char *target)
{
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(snapshot, target, NULL);
    guint depth = chain == NULL ? 1 : qblk_chain_get_depth(chain);

    for (guint i = 0; i <= depth; i++) {
        if (i > 2 && i + 1 < depth) {
            continue;
        }
        g_autofree char *spec = g_strdup_printf("%s[%u]", target, i);
        g_autofree char *expected = expected_node(snapshot, spec);
        guint nodes;
        g_autofree char *actual = resolve(version, capture, spec, &nodes);
        assert_string_equal(actual, expected);
    }
}

static void
each_recorded_layer_is_the_one_that_all_replies_give(void **state)
{
    g_autoptr(GPtrArray) topologies = graph_fixture_all();
    for (guint i = 0; i < topologies->len; i++) {
        const char *topology = topologies->pdata[i];
        if (!g_str_has_prefix(topology, "7.2/")) {
            continue; /* the debug graph is the same for each version */
        }

        g_autofree char *capture = graph_fixture_text(topology, NULL);
        g_autofree char *version = graph_fixture_version(topology);
        g_autoptr(QblkReplies) replies = graph_fixture_load(topology);
        g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
        const char *const *targets = qblk_snapshot_get_targets(snapshot);
        for (guint j = 0; targets[j] != NULL && j < MOST_DISKS; j++) {
            check_disk(version, capture, snapshot, targets[j]);
        }
    }
}

/* ---- which replies are needed ---- */

static void
the_nodes_are_queried_only_if_a_filter_could_be_meant(void **state)
{
    static const struct {
        const char *topology, *spec;
        guint nodes;
    } cases[] = {
        {"7.2/virtio-5-deep", "vda[0]", 0},     {"7.2/virtio-5-deep", "vda[3]", 0},
        {"7.2/virtio-5-deep", "vda[4]", 1},     /* a base: a format or a filter */
        {"7.2/virtio-5-deep", "vda[5]", 1},     /* for the error */
        {"7.2/throttle-blockdev", "vda[1]", 0}, /* the driver of the top is known */
        {"7.2/copy-before-write", "vda[1]", 1}, {"7.2/data-file", "vda[0]", 0},
        {"7.2/data-file", "vda[1]", 1},         {"7.2/commit-ready", "vda[1]", 1}, /* a job */
        {"7.2/libvirt-names", "vda[8]", 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *capture = graph_fixture_text(cases[i].topology, NULL);
        guint nodes;
        g_autofree char *node = resolve("7.2", capture, cases[i].spec, &nodes);
        if (nodes != cases[i].nodes) {
            fail_msg("%s %s: nodes queried %u times (%s)", cases[i].topology, cases[i].spec, nodes,
                     node);
        }
    }
}

/* Below the layer is a filter over a file, which looks like a format. */
static void
a_filter_that_ends_a_chain_is_not_taken_for_a_layer(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(
        "top-file file /top\nbase file /base\nlimits throttle /base file=base\n"
        "top qcow2 /top file=top-file backing=limits\n",
        "/machine/peripheral/vda/virtio-backend - top\n");
    graph_fixture_add_property(replies, "/machine/peripheral/vda/virtio-backend", "serial", "''");
    g_autofree char *graph = graph_fixture_graph(
        "1 block-driver top;2 block-driver top-file;3 block-driver limits;4 block-driver base",
        "1 2 file;1 3 backing;3 4 file");
    graph_fixture_add(replies, "x-debug-query-block-graph", NULL, graph);
    g_autofree char *capture = qblk_capture_to_text(replies);
    guint nodes;
    g_autofree char *node = resolve(NULL, capture, "vda[1]", &nodes);
    assert_string_equal(node, "base");
    assert_int_equal(nodes, 1);
}

/* ---- several at once ---- */

static void
several_layers_are_resolved_in_one_graph(void **state)
{
    static const struct {
        const char *second; /* beside vda[1] */
        guint nodes;
        const char *error;
    } cases[] = {
        {"vda[3]", 0, NULL},
        {"vda[4]", 1, NULL}, /* a base: the nodes are needed, and used for all */
        {"vda[9]", 1, "disk 'vda' has no index 9: its chain has indexes 1 to 4"},
    };
    g_autofree char *capture = graph_fixture_text("7.2/virtio-5-deep", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        FakeQmp *fake = fake_qmp_new_capture("7.2", capture);
        QblkClient *client = fake_qmp_connect(fake);
        g_autoptr(GError) error = NULL;
        guint nodes = 0;
        qblk_client_set_logger(client, count_nodes, &nodes, NULL);

        g_autoptr(GPtrArray) specs = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(specs, g_strdup("vda[1]"));
        g_ptr_array_add(specs, g_strdup(cases[i].second));
        g_autoptr(GHashTable) found = qblk_client_resolve_all(client, specs, NULL, &error);
        qblk_client_unref(client);
        fake_qmp_finish(fake);

        assert_int_equal(nodes, cases[i].nodes);
        assert_int_equal(found == NULL, cases[i].error != NULL);
        for (guint j = 0; j < specs->len && found != NULL; j++) {
            guint unused;
            g_autofree char *alone = resolve("7.2", capture, specs->pdata[j], &unused);
            assert_string_equal(g_hash_table_lookup(found, specs->pdata[j]), alone);
        }
        if (cases[i].error != NULL) {
            assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_LAYER, cases[i].error);
        }
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_recorded_layer_is_the_one_that_all_replies_give),
        cmocka_unit_test(the_nodes_are_queried_only_if_a_filter_could_be_meant),
        cmocka_unit_test(a_filter_that_ends_a_chain_is_not_taken_for_a_layer),
        cmocka_unit_test(several_layers_are_resolved_in_one_graph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
