/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/plan-commit.h"
#include "blockjob/verify.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

/* The chain that commit of vda[1] into vda[2] promises, and one that is there. */
static gboolean
is_promised(const char *header, const char *base, GError **error)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("throttle-blockdev");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkPlanContext context = {.snapshot = snapshot, .target = "vda"};
    const QblkCommitOptions options = {.top = "vda[1]"};
    g_autoptr(QblkPlan) plan = qblk_plan_commit(&context, &options, NULL);
    assert_non_null(plan);
    QblkExpectation *top = plan->after->pdata[0];
    g_clear_pointer(&top->backing_name, g_free); /* only that it leads to the next is known */
    g_autoptr(QblkChain) chain = graph_fixture_chain(snapshot, "vda");
    g_ptr_array_remove_index(chain->layers, 1);
    QblkLayer *overlay = chain->layers->pdata[0];
    QblkLayer *below = chain->layers->pdata[1];
    g_free(overlay->backing_name);
    overlay->backing_name = g_strdup(header);
    if (base != NULL) {
        g_free(below->node_name);
        below->node_name = g_strdup(base);
    }
    return qblk_verify_chain(chain, "vda", plan->after, error);
}

static void
the_header_has_to_lead_to_what_is_open_below(void **state)
{
    GError *error = NULL;
    assert_true(is_promised("disk-base.qcow2", NULL, &error));
    assert_true(is_promised("/tmp/qblk-fixture/throttle-blockdev/disk-base.qcow2", NULL, &error));
    assert_false(is_promised("disk-1.qcow2", NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, "'disk-1.qcow2'");
    assert_false(is_promised(NULL, NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, "should be");
}

static void
another_node_is_another_chain(void **state)
{
    GError *error = NULL;
    assert_false(is_promised("disk-base.qcow2", "stranger", &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, "(stranger)");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_has_to_lead_to_what_is_open_below),
        cmocka_unit_test(another_node_is_another_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
