/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/planner.h>

#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "lib/run-case.h"

/* A recorded graph, and a server that tells once what it supports.  The images of the chain are not
 * on this machine. */
typedef struct {
    FakeQmp *fake;
    QblkClient *client;
    QblkReplies *replies;
    QblkSnapshot *snapshot;
} Case;

static Case
case_new(const char *topology)
{
    g_autofree char *schema = fake_qmp_read_file("tests/qemu-fixtures/7.2/query-qmp-schema.json");
    Case test = {.fake = run_case_server()};

    fake_qmp_expect(test.fake, "query-qmp-schema", NULL);
    fake_qmp_reply(test.fake, schema);
    test.client = fake_qmp_connect(test.fake);
    test.replies = graph_fixture_load(topology);
    test.snapshot = graph_fixture_snapshot(test.replies);
    return test;
}

static void
case_clear(Case *test)
{
    qblk_client_unref(test->client);
    fake_qmp_finish(test->fake);
    qblk_snapshot_unref(test->snapshot);
    qblk_replies_free(test->replies);
}

static QblkPlan *
commit_on(Case *test, const QblkCommitOptions *options, const QblkPlanOptions *plan_options,
          GError **error)
{
    return qblk_plan_commit(test->client, test->snapshot, "vda", options, plan_options, error);
}

static QblkCommitOptions *
commit_options(QblkCommitEnd end)
{
    QblkCommitOptions *options = qblk_commit_options_new();
    qblk_commit_options_set_end(options, end);
    return options;
}

static void
a_program_can_allow_to_lose_bitmaps(void **state)
{
    Case test = case_new("bitmaps");
    g_autoptr(QblkCommitOptions) commit = commit_options(QBLK_COMMIT_PIVOT);
    g_autoptr(QblkPlanOptions) drop = qblk_plan_options_new();
    GError *error = NULL;

    g_autoptr(QblkPlan) kept = commit_on(&test, commit, NULL, &error);
    assert_no_error(error);
    qblk_plan_options_set_drop_bitmaps(drop, TRUE);
    g_autoptr(QblkPlan) lost = commit_on(&test, commit, drop, &error);
    assert_no_error(error);

    const QblkPlannedBitmap *carried = kept->bitmaps->pdata[0], *dropped = lost->bitmaps->pdata[0];
    assert_string_equal(carried->into, "disk-base");
    assert_null(dropped->into);
    case_clear(&test);
}

static void
a_program_can_allow_to_change_what_is_read(void **state)
{
    Case test = case_new("exports");
    g_autoptr(QblkCommitOptions) commit = commit_options(QBLK_COMMIT_PIVOT);
    g_autoptr(QblkPlanOptions) ignore = qblk_plan_options_new();
    GError *error = NULL;

    assert_null(commit_on(&test, commit, NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "export 'backup'");

    error = NULL;
    qblk_plan_options_add_ignored_user(ignore, "backup");
    g_autoptr(QblkPlan) ignored = commit_on(&test, commit, ignore, &error);
    assert_no_error(error);
    case_clear(&test);
}

static void
files_to_delete_are_identified_before_the_plan_is_returned(void **state)
{
    Case test = case_new("throttle-blockdev");
    g_autoptr(QblkCommitOptions) commit = qblk_commit_options_new();
    GError *error = NULL;

    qblk_commit_options_set_top(commit, "vda[1]");
    g_autoptr(QblkPlan) plan = commit_on(&test, commit, NULL, &error);
    assert_no_error(error);

    qblk_commit_options_set_delete_removed(commit, TRUE);
    assert_null(commit_on(&test, commit, NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "disk-1.qcow2' after the job");
    case_clear(&test);
}

static void
the_schema_is_asked_once_for_all_plans_of_a_client(void **state)
{
    Case test = case_new("throttle-blockdev");
    GError *error = NULL;

    g_autoptr(QblkPlan) commit =
        qblk_plan_commit(test.client, test.snapshot, "vda", NULL, NULL, &error);
    assert_null(commit);
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "active layer");

    error = NULL;
    g_autoptr(QblkPlan) pull =
        qblk_plan_pull(test.client, test.snapshot, "vda", NULL, NULL, &error);
    assert_no_error(error);
    assert_string_equal(pull->kind, "pull");
    case_clear(&test);
}

static void
without_a_client_a_plan_can_only_be_shown(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("throttle-blockdev");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkPullOptions) options = qblk_pull_options_new();
    GError *error = NULL;

    qblk_pull_options_set_base(options, "vda[2]");
    g_autoptr(QblkPlan) plan = qblk_plan_pull(NULL, snapshot, "vda", options, NULL, &error);
    assert_no_error(error);
    assert_true(plan->is_shown_only);
}

static void
a_dry_run_gives_a_plan_that_can_only_be_shown(void **state)
{
    Case test = case_new("throttle-blockdev");
    g_autoptr(QblkPlanOptions) options = qblk_plan_options_new();
    GError *error = NULL;

    g_autoptr(QblkPlan) real =
        qblk_plan_pull(test.client, test.snapshot, "vda", NULL, options, &error);
    assert_no_error(error);
    assert_false(real->is_shown_only);

    qblk_plan_options_set_dry_run(options, TRUE);
    g_autoptr(QblkPlan) shown =
        qblk_plan_pull(test.client, test.snapshot, "vda", NULL, options, &error);
    assert_no_error(error);
    assert_true(shown->is_shown_only);
    case_clear(&test);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_can_allow_to_lose_bitmaps),
        cmocka_unit_test(a_program_can_allow_to_change_what_is_read),
        cmocka_unit_test(files_to_delete_are_identified_before_the_plan_is_returned),
        cmocka_unit_test(the_schema_is_asked_once_for_all_plans_of_a_client),
        cmocka_unit_test(without_a_client_a_plan_can_only_be_shown),
        cmocka_unit_test(a_dry_run_gives_a_plan_that_can_only_be_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
