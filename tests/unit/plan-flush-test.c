/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-flush.h"

#include "base/const-cast.h"
#include "image/image-arguments.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "plan/plan-pull.h"

#include <qblk/error.h>

/* vda: top -> base */
#define NODES(top)                                                                                 \
    "base-file file /d/base.img\nbase raw /d/base.img file=base-file\n"                            \
    "top-file file /d/top.qcow2\n" top " qcow2 /d/top.qcow2 file=top-file backing=base"

static QblkPlan *
plan_with(const char *top, const QblkPlanContext *how, GError **error)
{
    const QblkPullOptions options = {0};
    g_autofree char *nodes = g_strdup_printf(NODES("%s"), top);
    g_autofree char *blocks = g_strdup_printf("vda - %s", top);
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, blocks);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    QblkPlanContext context = *how;

    context.snapshot = snapshot;
    context.target = "vda";
    QblkPlan *plan = qblk_plan_make_pull(&context, &options, error);
    if (plan != NULL) {
        assert_true(qblk_plan_flush_check_read(&context, plan, error));
    }
    return plan;
}

static void
assert_flush(const QblkPlan *plan, const char *options)
{
    const QblkStep *step = plan->steps->pdata[1];
    g_autofree char *text = qblk_json_print(step->arguments, QBLK_JSON_COMPACT);
    g_autofree char *expected = g_strdup_printf("{\"options\":[%s]}", options);

    assert_string_equal(step->command, "blockdev-reopen");
    assert_string_equal(text, expected);
    assert_true(qblk_plan_flush_is_reopen(step->arguments));
}

static void
a_storage_daemon_reopens_the_node_as_it_is(void **state)
{
    const QblkPlanContext context = {.lacks_hmp = TRUE};
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkPlan) plan = plan_with("top", &context, &error);

    assert_no_error(error);
    assert_flush(plan, "{\"driver\":\"qcow2\",\"node-name\":\"top\",\"read-only\":false,"
                       "\"file\":\"top-file\",\"backing\":\"base\"}");
    assert_non_null(strstr(plan->warnings->pdata[0], "loses options"));
}

/* All options of the private daemon are known, and none is lost. */
static void
a_node_of_an_image_keeps_its_options(void **state)
{
    static char path[] = "/d/top.qcow2", format[] = "qcow2", secret[] = "k";
    QblkImageLayer layer = {.path = path,
                            .format = format,
                            .encryption = "luks",
                            .secret = secret,
                            .has_backing = TRUE};
    g_autoptr(GPtrArray) layers = g_ptr_array_new();
    g_ptr_array_add(layers, &layer);
    const QblkPlanContext context = {.lacks_hmp = TRUE, .image_layers = layers};
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkPlan) plan = plan_with(QBLK_IMAGE_PLAN_NODE, &context, &error);

    assert_no_error(error);
    assert_flush(plan,
                 "{\"driver\":\"qcow2\",\"node-name\":\"qblk-offline\",\"read-only\":false,"
                 "\"file\":\"top-file\",\"encrypt\":{\"format\":\"luks\",\"key-secret\":\"k\"},"
                 "\"discard\":\"unmap\",\"backing\":\"base\"}");
    assert_int_equal(plan->warnings->len, 0);
}

static void
without_blockdev_reopen_the_job_is_refused(void **state)
{
    const QblkPlanContext context = {.lacks_hmp = TRUE, .lacks_reopen = TRUE};
    g_autoptr(GError) error = NULL;

    assert_null(plan_with("top", &context, &error));
    assert_true(g_error_matches(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED));
    assert_non_null(strstr(error->message, "lacks 'blockdev-reopen', which QEMU has since 6.1"));
}

static void
a_plan_that_changes_an_option_is_refused(void **state)
{
    static const char *const options[] = {
        "{'driver': 'qcow2', 'node-name': 'top', 'file': {'driver': 'file', 'filename': '/x'}}",
        "{'driver': 'qcow2', 'node-name': 'top', 'file': 'top-file', 'backing': {}}",
        "{'driver': 'file', 'node-name': 'top', 'filename': '/x'}",
        "{'driver': 'qcow2', 'node-name': 'top', 'l2-cache-size': 0}",
        "{'driver': 'raw', 'node-name': 'top', 'offset': 512}",
        "{'driver': 'qcow2'}",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(options); i++) {
        g_autofree char *text = g_strdup_printf("{'options': [%s]}", options[i]);
        g_autoptr(QblkJson) arguments = graph_fixture_json(text);
        assert_false(qblk_plan_flush_is_reopen(arguments));
    }

    g_autoptr(QblkReplies) replies = graph_fixture_machine(NODES("top"), "vda - top");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkPlanContext context = {.snapshot = snapshot, .target = "vda", .lacks_hmp = TRUE};
    const QblkPullOptions pull = {0};
    g_autoptr(QblkPlan) plan = qblk_plan_make_pull(&context, &pull, NULL);
    const QblkStep *step = plan->steps->pdata[1];
    QblkJson *node = qblk_const_cast(qblk_json_at(qblk_json_get(step->arguments, "options"), 0));
    g_autoptr(GError) error = NULL;
    assert_true(qblk_plan_flush_check_read(&context, plan, &error));
    qblk_json_set(node, "backing", qblk_json_new_null());
    assert_false(qblk_plan_flush_check_read(&context, plan, &error));
    assert_non_null(strstr(error->message, "would change the options of a node"));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_storage_daemon_reopens_the_node_as_it_is),
        cmocka_unit_test(a_node_of_an_image_keeps_its_options),
        cmocka_unit_test(without_blockdev_reopen_the_job_is_refused),
        cmocka_unit_test(a_plan_that_changes_an_option_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
