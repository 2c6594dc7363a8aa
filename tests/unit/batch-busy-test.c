/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For how long the queries of the nodes keep QEMU busy. */
#include "graph/batch.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

static guint64
estimate(const char *blocks)
{
    g_autoptr(QblkReplies) replies = qblk_replies_new();
    graph_fixture_add(replies, "query-block", NULL, blocks);
    return qblk_batch_estimate_nodes(replies);
}

static void
each_image_is_two_nodes(void **state)
{
    assert_int_equal(estimate("[{'inserted':{'backing_file_depth':0}}]"), 2);
    assert_int_equal(estimate("[{'inserted':{'backing_file_depth':4}},{'inserted':{}},{}]"), 12);
}

static void
an_invalid_depth_counts_as_zero(void **state)
{
    static const struct {
        const char *blocks;
        guint64 expected;
    } cases[] = {
        {NULL, 0},
        {"{}", 0},
        {"[1,null]", 0},
        {"[{'inserted':{'backing_file_depth':'many'}}]", 2},
        {"[{'inserted':{'backing_file_depth':-5}}]", 2},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_int_equal(estimate(cases[i].blocks), cases[i].expected);
    }
    assert_true(estimate("[{'inserted':{'backing_file_depth':9223372036854775807}}]") > 100000);
}

/* Filters and nodes that several disks share make it less or more by little. */
static void
the_estimate_is_close_to_the_recorded_number(void **state)
{
    g_autoptr(GPtrArray) topologies = graph_fixture_all();
    g_autoptr(QblkJson) flat = graph_fixture_json("{'flat':true}");
    for (guint i = 0; i < topologies->len; i++) {
        const char *topology = topologies->pdata[i];
        g_autoptr(QblkReplies) replies = graph_fixture_load(topology);
        const QblkReply *nodes = qblk_replies_find(replies, "query-named-block-nodes", flat);
        guint64 there = nodes == NULL ? 0 : qblk_json_length(nodes->value);
        guint64 expected = qblk_batch_estimate_nodes(replies);
        gboolean is_near = graph_fixture_is(topology, "deep-200") ? expected == there && there > 0
                                                                  : expected <= there + there / 2;
        if (there > 0 && !is_near) {
            fail_msg("%s: %" G_GUINT64_FORMAT " expected, %" G_GUINT64_FORMAT " there", topology,
                     expected, there);
        }
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_image_is_two_nodes),
        cmocka_unit_test(an_invalid_depth_counts_as_zero),
        cmocka_unit_test(the_estimate_is_close_to_the_recorded_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
