/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-pull.h"

#include "lib/check.h"
#include "lib/graph-fixture.h"

#include <qblk/error.h>

/* vda: top -> middle -> base, each a qcow2 node on a file node; vdb has one layer. */
#define NODES                                                                                      \
    "base-file file /d/base.qcow2\nbase qcow2 /d/base.qcow2 file=base-file\n"                      \
    "middle-file file /d/middle.qcow2\n"                                                           \
    "middle qcow2 /d/middle.qcow2 file=middle-file backing=base\n"                                 \
    "top-file file /d/top.qcow2\ntop qcow2 /d/top.qcow2 file=top-file backing=middle\n"            \
    "other-file file /d/other.qcow2\nother qcow2 /d/other.qcow2 file=other-file"
#define BLOCKS "vda - top\nvdb - other"

static QblkPlan *
plan_with(const char *nodes, const char *blocks, const char *target, const QblkPullOptions *options,
          GError **error)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, blocks);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const QblkPlanContext context = {
        .snapshot = snapshot, .target = target, .masks_protocol = TRUE, .speed = 7};
    return qblk_plan_make_pull(&context, options, error);
}

static QblkPlan *
plan_on(const char *blocks, const char *target, const QblkPullOptions *options, GError **error)
{
    return plan_with(NODES, blocks, target, options, error);
}

/* The command that starts the job of pulling down to @base, and the files that leave the chain. */
static void
assert_pull(const char *base, const char *arguments, const char *removed)
{
    g_autoptr(GError) error = NULL;
    const QblkPullOptions options = {.base = base};
    g_autoptr(QblkPlan) plan = plan_on(BLOCKS, "vda", &options, &error);
    assert_no_error(error);
    const QblkStep *start = plan->steps->pdata[0];
    assert_string_equal(start->command, "block-stream");
    assert_string_equal(start->until, "pending");
    g_autofree char *said = qblk_json_print(start->arguments, QBLK_JSON_COMPACT);
    g_autoptr(QblkJson) wanted = graph_fixture_json(arguments);
    g_autofree char *expected = qblk_json_print(wanted, QBLK_JSON_COMPACT);
    assert_string_equal(said, expected);
    g_autoptr(GString) gone = g_string_new(NULL);
    for (guint i = 0; i < plan->removed->len; i++) {
        const QblkRemovedImage *removal = plan->removed->pdata[i];
        g_string_append_printf(gone, "%s%s", i == 0 ? "" : " ", removal->filename);
    }
    assert_string_equal(gone->str, removed);
    assert_int_equal(plan->after->len + plan->removed->len, 3);
    const QblkExpectation *top = plan->after->pdata[0];
    assert_true(top->names_next);
}

static void
what_is_pulled_leaves_the_chain(void **state)
{
    assert_pull(NULL,
                "{'job-id': 'qblk-pull-vda', 'speed': 7, 'auto-finalize': false, "
                "'auto-dismiss': false, 'device': 'top'}",
                "/d/middle.qcow2 /d/base.qcow2");
    assert_pull("vda[2]",
                "{'job-id': 'qblk-pull-vda', 'speed': 7, 'auto-finalize': false, "
                "'auto-dismiss': false, 'device': 'top', 'base-node': 'base', "
                "'backing-file': '/d/base.qcow2', 'backing-mask-protocol': true}",
                "/d/middle.qcow2");
}

static void
what_another_disk_has_stays_open_and_is_not_removed(void **state)
{
    g_autoptr(GError) error = NULL;
    const QblkPullOptions options = {0};
    g_autoptr(QblkPlan) plan = plan_on(BLOCKS "\nvdc - base", "vda", &options, &error);
    assert_no_error(error);
    assert_int_equal(plan->removed->len, 1);
    const QblkRemovedImage *removal = plan->removed->pdata[0];
    assert_string_equal(removal->filename, "/d/middle.qcow2");
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        const char *node = qblk_json_get_string(step->arguments, "node-name");
        assert_false(node != NULL && g_str_has_prefix(node, "base"));
    }
}

static void
assert_refused(const char *blocks, const char *target, const QblkPullOptions *options,
               const char *part)
{
    GError *error = NULL;
    assert_null(plan_on(blocks, target, options, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, part);
}

static void
invalid_requests_are_refused(void **state)
{
    const QblkPullOptions all = {0};
    const QblkPullOptions to_next = {.base = "vda[1]"};
    const QblkPullOptions to_itself = {.base = "vda"};
    const QblkPullOptions relative = {.keep_relative = TRUE};
    assert_refused(BLOCKS, "vdb", &all, "nothing to pull");
    assert_refused(BLOCKS, "vda", &to_next, "nothing to pull");
    assert_refused(BLOCKS, "vda", &to_itself, "the same layer");
    assert_refused(BLOCKS, "vda", &relative, "--keep-relative needs --base");
    /* what another disk sees through its own chain would grow */
    assert_refused(BLOCKS "\nvdc - top", "vda", &all, "also used by disk 'vdc'");
}

static void
a_base_that_is_not_there_is_not_found(void **state)
{
    GError *error = NULL;
    const QblkPullOptions options = {.base = "vda[9]"};
    assert_null(plan_on(BLOCKS, "vda", &options, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_LAYER, "no index 9");
}

static void
a_name_that_is_not_known_whole_is_written_into_no_header(void **state)
{
    static const char nodes[] =
        "base-file file /d/x://me:pw@h/b\nbase qcow2 /d/x://me:pw@h/b file=base-file\n"
        "middle-file file /d/middle\nmiddle qcow2 /d/middle file=middle-file backing=base\n"
        "top-file file /d/top\ntop qcow2 /d/top file=top-file backing=middle";
    GError *error = NULL;
    const QblkPullOptions options = {.base = "vda[2]"};
    assert_null(plan_with(nodes, "vda - top", "vda", &options, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "the file name of '/d/x://me:***@h/b' contains a password");
    const QblkPullOptions all = {0};
    g_autoptr(QblkPlan) plan = plan_with(nodes, "vda - top", "vda", &all, &error);
    assert_no_error(error); /* its name is needed nowhere */
}

static void
the_new_data_is_synced_before_the_chain_changes(void **state)
{
    g_autoptr(GError) error = NULL;
    const QblkPullOptions options = {0};
    g_autoptr(QblkPlan) plan = plan_on(BLOCKS, "vda", &options, &error);
    assert_no_error(error);
    const QblkStep *flush = plan->steps->pdata[1];
    const QblkStep *finalize = plan->steps->pdata[2];
    assert_string_equal(flush->command, "human-monitor-command");
    assert_string_equal(qblk_json_get_string(flush->arguments, "command-line"),
                        "qemu-io \"top\" flush");
    assert_string_equal(finalize->command, "job-finalize");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_pulled_leaves_the_chain),
        cmocka_unit_test(invalid_requests_are_refused),
        cmocka_unit_test(a_base_that_is_not_there_is_not_found),
        cmocka_unit_test(a_name_that_is_not_known_whole_is_written_into_no_header),
        cmocka_unit_test(the_new_data_is_synced_before_the_chain_changes),
        cmocka_unit_test(what_another_disk_has_stays_open_and_is_not_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
