/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/blockjob.h>

#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "lib/mark-case.h"
#include "lib/run-case.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

/* The images of the recorded chain are not on this machine. */
static QblkPlan *
plan_commit_of(const char *topology, const QblkCommitOptions *options, const QblkJobLimits *limits,
               GError **error)
{
    g_autofree char *schema = fake_qmp_read_file("tests/qemu-fixtures/7.2/query-qmp-schema.json");
    FakeQmp *fake = run_case_server();
    fake_qmp_expect(fake, "query-qmp-schema", NULL);
    fake_qmp_reply(fake, schema);
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(QblkReplies) replies = graph_fixture_load(topology);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    QblkPlan *plan = qblk_blockjob_plan_commit(client, snapshot, "vda", options, limits, error);
    qblk_client_unref(client);
    fake_qmp_finish(fake);
    return plan;
}

static QblkPlan *
plan_commit(const QblkCommitOptions *options, GError **error)
{
    return plan_commit_of("throttle-blockdev", options, NULL, error);
}

static void
a_program_can_allow_to_lose_bitmaps_and_to_change_what_is_read(void **state)
{
    const QblkCommitOptions commit = {.end = QBLK_COMMIT_PIVOT};
    const char *const users[] = {"backup", NULL};
    const QblkJobLimits drop = {.drop_bitmaps = TRUE}, ignore = {.ignored_users = users};
    GError *error = NULL;

    g_autoptr(QblkPlan) kept = plan_commit_of("bitmaps", &commit, NULL, &error);
    assert_no_error(error);
    g_autoptr(QblkPlan) lost = plan_commit_of("bitmaps", &commit, &drop, &error);
    assert_no_error(error);
    const QblkPlannedBitmap *carried = kept->bitmaps->pdata[0], *dropped = lost->bitmaps->pdata[0];
    assert_string_equal(carried->into, "disk-base");
    assert_null(dropped->into);

    assert_null(plan_commit_of("exports", &commit, NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "export 'backup'");
    error = NULL;
    g_autoptr(QblkPlan) ignored = plan_commit_of("exports", &commit, &ignore, &error);
    assert_no_error(error);
}

static void
files_to_delete_are_identified_before_the_plan_is_returned(void **state)
{
    GError *error = NULL;
    const QblkCommitOptions kept = {.top = "vda[1]"};
    const QblkCommitOptions deleted = {.top = "vda[1]", .delete_removed = TRUE};
    g_autoptr(QblkPlan) plan = plan_commit(&kept, &error);
    assert_no_error(error);
    assert_null(plan_commit(&deleted, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "disk-1.qcow2' after the job");
}

static void
nothing_is_sent_if_the_overlay_cannot_be_marked(void **state)
{
    const MarkCase *mark = *state;
    RunCase *test = run_case_new(QBLK_COMMIT_PIVOT);
    g_autofree char *obstacle = mark_case_block_beside(mark);
    QblkPlan *plan = test->plan;
    QblkExpectation *top = plan->before->pdata[0];
    int fd = open(mark->image, O_RDONLY | O_CLOEXEC); /* this process serves the monitor */
    g_free(top->path);
    top->path = g_strdup(mark->image);
    g_free(plan->merged_path);
    plan->merged_path = g_strdup(mark->image);
    QblkClient *client = fake_qmp_connect(test->fake);
    GError *error = NULL;
    assert_false(qblk_blockjob_run(client, NULL, plan, NULL, NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "cannot mark");
    assert_null(qblk_client_get_error(client));
    qblk_client_unref(client);
    run_case_free(test);
    close(fd);
    assert_int_equal(g_rmdir(obstacle), 0);
    mark_case_assert_tidy(mark);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        MARK_TEST(nothing_is_sent_if_the_overlay_cannot_be_marked),
        cmocka_unit_test(a_program_can_allow_to_lose_bitmaps_and_to_change_what_is_read),
        cmocka_unit_test(files_to_delete_are_identified_before_the_plan_is_returned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
