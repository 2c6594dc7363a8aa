/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/planner.h>

#include "lib/check.h"
#include "lib/graph-fixture.h"
#include "lib/run-case.h"

#include <glib/gstdio.h>
#include <unistd.h>

/* A recorded graph, and a server.  The images of the chain are not
 * on this machine. */
typedef struct {
    FakeQmp *fake;
    QblkClient *client;
    QblkReplies *replies;
    QblkSnapshot *snapshot;
} Case;

/* @version: of QEMU, that is asked once what it supports; NULL: it is not asked */
static Case
case_new_asked(const char *topology, const char *version)
{
    Case test = {.fake = run_case_server()};
    if (version != NULL) {
        fake_qmp_expect_schema(test.fake, version);
    }
    test.client = fake_qmp_connect(test.fake);
    test.replies = graph_fixture_load(topology);
    test.snapshot = graph_fixture_snapshot(test.replies);
    return test;
}

static Case
case_new(const char *topology)
{
    return case_new_asked(topology, NULL);
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
    Case test = case_new_asked("bitmaps", "7.2");
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
no_schema_is_asked_for_what_each_qemu_of_the_version_has(void **state)
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
the_schema_is_asked_once_for_all_plans_that_need_it(void **state)
{
    Case test = case_new_asked("bitmaps", "7.2");
    g_autoptr(QblkCommitOptions) commit = commit_options(QBLK_COMMIT_PIVOT);

    for (guint i = 0; i < 2; i++) {
        GError *error = NULL;
        g_autoptr(QblkPlan) plan = commit_on(&test, commit, NULL, &error);
        assert_no_error(error);
    }
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

/* ---- copies ---- */

static QblkPlan *
copy_to(Case *test, const QblkCopyOptions *options, GError **error)
{
    return qblk_plan_copy(test->client, test->snapshot, "vda", options, NULL, error);
}

static void
a_copy_needs_a_destination_and_valid_sizes(void **state)
{
    Case test = case_new("throttle-blockdev");
    g_autoptr(QblkCopyOptions) options = qblk_copy_options_new();
    GError *error = NULL;

    assert_null(copy_to(&test, options, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "needs a destination");

    static const gint64 sizes[] = {1, 256, 1000, 4096 + 512, 128 * 1024 * 1024, -512};
    assert_true(qblk_copy_options_set_destination(options, "/nowhere/copy", NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        error = NULL;
        qblk_copy_options_set_granularity(options, sizes[i]);
        assert_null(copy_to(&test, options, &error));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "granularity");
    }

    error = NULL;
    qblk_copy_options_set_granularity(options, 512);
    qblk_copy_options_set_buffer_size(options, -1);
    assert_null(copy_to(&test, options, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "buffer size");
    case_clear(&test);
}

static void
what_exists_at_the_destination_is_looked_up(void **state)
{
    Case test = case_new("throttle-blockdev");
    g_autofree char *directory = g_dir_make_tmp("qblk-planner-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(directory, "copy", NULL);
    g_autoptr(QblkCopyOptions) options = qblk_copy_options_new();
    GError *error = NULL;

    assert_true(qblk_copy_options_set_destination(options, file, NULL));
    g_autoptr(QblkPlan) plan = copy_to(&test, options, &error);
    assert_no_error(error);
    assert_string_equal(plan->kind, "copy");

    assert_true(g_file_set_contents(file, "data", -1, NULL));
    assert_null(copy_to(&test, options, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, file);
    assert_int_equal(g_unlink(file), 0);
    assert_int_equal(g_rmdir(directory), 0);
    case_clear(&test);
}

/* A relative path is relative to this process, and not to a QEMU somewhere else. */
static void
without_a_client_a_destination_has_to_be_absolute(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("throttle-blockdev");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkCopyOptions) options = qblk_copy_options_new();
    GError *error = NULL;

    assert_true(qblk_copy_options_set_destination(options, "copy", NULL));
    assert_null(qblk_plan_copy(NULL, snapshot, "vda", options, NULL, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "use an absolute path");

    error = NULL;
    assert_true(qblk_copy_options_set_destination(options, "/nowhere/../d/copy", NULL));
    g_autoptr(QblkPlan) plan = qblk_plan_copy(NULL, snapshot, "vda", options, NULL, &error);
    assert_no_error(error);
    assert_string_equal(plan->partial, "/d/copy");
}

/* ---- jobs ---- */

static void
a_job_is_found_by_its_disk_or_its_id(void **state)
{
    Case test = case_new("mirror-ready");
    g_autoptr(QblkJobRequest) pivot = qblk_job_request_new();
    const QblkJob *job = test.snapshot->jobs->pdata[0];
    GError *error = NULL;

    qblk_job_request_set_action(pivot, QBLK_JOB_PIVOT);
    const char *const names[] = {"vda", job->id};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(QblkPlan) plan =
            qblk_plan_job(test.client, test.snapshot, names[i], pivot, NULL, &error);
        assert_no_error(error);
        assert_true(qblk_plan_is_for_existing_job(plan));
        assert_string_equal(qblk_plan_get_job_id(plan), job->id);
    }

    g_autoptr(QblkPlan) wait = qblk_plan_job(test.client, test.snapshot, "vda", NULL, NULL, &error);
    assert_no_error(error);
    assert_true(qblk_plan_stays_ready(wait));
    assert_null(qblk_plan_job(test.client, test.snapshot, "vdz", NULL, NULL, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK, "vdz");
    case_clear(&test);
}

static void
a_disk_without_a_job_is_an_error(void **state)
{
    Case test = case_new("throttle-blockdev");
    GError *error = NULL;

    assert_null(qblk_plan_job(test.client, test.snapshot, "vda", NULL, NULL, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_JOB, "disk 'vda' has no job");
    case_clear(&test);
}

/* ---- monitors ---- */

static void
a_monitor_cannot_be_opened_before_qemu_11_1(void **state)
{
    Case test = case_new_asked("throttle-blockdev", "7.2");
    g_autoptr(QblkMonitorOptions) options = qblk_monitor_options_new();
    GError *error = NULL;

    assert_null(qblk_plan_open_monitor(test.client, options, NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "needs a path");

    error = NULL;
    fake_qmp_expect(test.fake, "query-chardev", NULL);
    fake_qmp_reply(test.fake, "[]");
    assert_true(qblk_monitor_options_set_path(options, "/nowhere/vm.qmp", NULL));
    assert_null(qblk_plan_open_monitor(test.client, options, NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "QEMU 11.1");
    case_clear(&test);
}

/* QEMU silently replaces a file at the path. */
static void
a_monitor_replaces_no_file(void **state)
{
    g_autoptr(QblkMonitorOptions) options = qblk_monitor_options_new();
    g_autofree char *file = NULL;
    FakeQmp *fake = fake_qmp_new("11.1");
    GError *error = NULL;
    int fd = g_file_open_tmp("qblk-planner-XXXXXX", &file, NULL);
    close(fd);

    fake_qmp_expect_schema(fake, "11.1");
    for (guint i = 0; i < 2; i++) {
        fake_qmp_expect(fake, "query-chardev", NULL);
        fake_qmp_reply(fake, "[]");
    }
    QblkClient *client = fake_qmp_connect(fake);
    assert_true(qblk_monitor_options_set_path(options, file, NULL));
    assert_null(qblk_plan_open_monitor(client, options, NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "already exists");

    error = NULL;
    assert_int_equal(g_unlink(file), 0);
    g_autoptr(QblkPlan) plan = qblk_plan_open_monitor(client, options, NULL, &error);
    assert_no_error(error);
    assert_string_equal(qblk_plan_get_kind(plan), "open-monitor");
    assert_true(qblk_plan_can_run(plan));
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_can_allow_to_lose_bitmaps),
        cmocka_unit_test(a_program_can_allow_to_change_what_is_read),
        cmocka_unit_test(files_to_delete_are_identified_before_the_plan_is_returned),
        cmocka_unit_test(no_schema_is_asked_for_what_each_qemu_of_the_version_has),
        cmocka_unit_test(the_schema_is_asked_once_for_all_plans_that_need_it),
        cmocka_unit_test(without_a_client_a_plan_can_only_be_shown),
        cmocka_unit_test(a_dry_run_gives_a_plan_that_can_only_be_shown),
        cmocka_unit_test(a_copy_needs_a_destination_and_valid_sizes),
        cmocka_unit_test(what_exists_at_the_destination_is_looked_up),
        cmocka_unit_test(without_a_client_a_destination_has_to_be_absolute),
        cmocka_unit_test(a_job_is_found_by_its_disk_or_its_id),
        cmocka_unit_test(a_disk_without_a_job_is_an_error),
        cmocka_unit_test(a_monitor_cannot_be_opened_before_qemu_11_1),
        cmocka_unit_test(a_monitor_replaces_no_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
