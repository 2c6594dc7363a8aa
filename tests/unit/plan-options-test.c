/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-options.h"

#include "lib/check.h"
#include "plan/copy-options.h"
#include "plan/job-request.h"
#include "plan/merge-options.h"
#include "plan/monitor-options.h"

static void
setters_copy_texts_and_the_last_one_counts(void **state)
{
    g_autoptr(QblkCommitOptions) commit = qblk_commit_options_new();
    char name[] = "vda[1]";

    assert_null(commit->top);
    qblk_commit_options_set_top(commit, name);
    name[4] = '2';
    assert_string_equal(commit->top, "vda[1]");
    qblk_commit_options_set_top(commit, name);
    assert_string_equal(commit->top, "vda[2]");
    qblk_commit_options_set_top(commit, NULL);
    assert_null(commit->top);
}

static void
each_setter_of_a_commit_sets_its_own_option(void **state)
{
    g_autoptr(QblkCommitOptions) commit = qblk_commit_options_new();

    qblk_commit_options_set_base(commit, "base");
    assert_string_equal(commit->base, "base");
    assert_int_equal(commit->end, QBLK_COMMIT_INNER);
    qblk_commit_options_set_end(commit, QBLK_COMMIT_PIVOT);
    assert_int_equal(commit->end, QBLK_COMMIT_PIVOT);
    assert_false(commit->shallow);
    qblk_commit_options_set_shallow(commit, TRUE);
    assert_true(commit->shallow);
    assert_false(commit->keep_relative);
    qblk_commit_options_set_keep_relative(commit, TRUE);
    assert_true(commit->keep_relative);
    assert_false(commit->delete_removed);
    qblk_commit_options_set_delete_removed(commit, TRUE);
    assert_true(commit->delete_removed);
}

static void
each_setter_of_a_copy_sets_its_own_option(void **state)
{
    g_autoptr(QblkCopyOptions) copy = qblk_copy_options_new();

    assert_true(qblk_copy_options_set_destination(copy, "/d/copy", NULL));
    qblk_copy_options_set_format(copy, "raw");
    qblk_copy_options_set_end(copy, QBLK_COPY_FINISH);
    qblk_copy_options_set_granularity(copy, 4096);
    qblk_copy_options_set_buffer_size(copy, 65536);
    assert_string_equal(copy->destination, "/d/copy");
    assert_string_equal(copy->format, "raw");
    assert_int_equal(copy->end, QBLK_COPY_FINISH);
    assert_int_equal(copy->granularity, 4096);
    assert_int_equal(copy->buffer_size, 65536);

    assert_false(copy->is_block || copy->reuse || copy->shallow || copy->synchronous);
    qblk_copy_options_set_block_device(copy, TRUE);
    assert_true(copy->is_block);
    qblk_copy_options_set_reuse(copy, TRUE);
    assert_true(copy->reuse);
    qblk_copy_options_set_shallow(copy, TRUE);
    assert_true(copy->shallow);
    qblk_copy_options_set_synchronous_writes(copy, TRUE);
    assert_true(copy->synchronous);
}

static void
options_of_all_plans_cause_no_harm_by_default(void **state)
{
    g_autoptr(QblkPlanOptions) options = qblk_plan_options_new();

    assert_false(options->allow_plaintext || options->delete_internal_snapshots ||
                 options->drop_bitmaps || options->force_managed || options->dry_run);
    assert_int_equal(options->speed, 0);
    assert_null(options->ignored_users->pdata[0]);

    qblk_plan_options_set_speed(options, 1024);
    assert_int_equal(options->speed, 1024);
    qblk_plan_options_set_allow_plaintext(options, TRUE);
    assert_true(options->allow_plaintext);
    qblk_plan_options_set_delete_internal_snapshots(options, TRUE);
    assert_true(options->delete_internal_snapshots);
    qblk_plan_options_set_force_managed(options, TRUE);
    assert_true(options->force_managed);
    qblk_plan_options_set_timeout(options, 7);
    assert_int_equal(options->timeout_ms, 7);
    qblk_plan_options_set_state_directory(options, "/state");
    assert_string_equal(options->state_directory, "/state");
}

static void
ignored_users_are_a_list_that_ends_with_null(void **state)
{
    g_autoptr(QblkPlanOptions) options = qblk_plan_options_new();

    qblk_plan_options_add_ignored_user(options, "backup");
    qblk_plan_options_add_ignored_user(options, "reader");
    const char *const *users = (const char *const *)options->ignored_users->pdata;
    assert_string_equal(users[0], "backup");
    assert_string_equal(users[1], "reader");
    assert_null(users[2]);
}

static void
options_live_as_long_as_their_last_reference(void **state)
{
    QblkPullOptions *pull = qblk_pull_options_new();
    QblkPullOptions *again = qblk_pull_options_ref(pull);

    qblk_pull_options_set_base(pull, "vda[1]");
    qblk_pull_options_unref(pull);
    assert_string_equal(again->base, "vda[1]");
    qblk_pull_options_set_keep_relative(again, TRUE);
    assert_true(again->keep_relative);
    qblk_pull_options_unref(again);
    qblk_pull_options_unref(NULL);
}

static void
requests_and_monitors_have_setters_too(void **state)
{
    g_autoptr(QblkJobRequest) request = qblk_job_request_new();
    assert_int_equal(request->action, QBLK_JOB_WAIT);
    qblk_job_request_set_action(request, QBLK_JOB_PIVOT);
    qblk_job_request_set_waits(request, TRUE);
    assert_int_equal(request->action, QBLK_JOB_PIVOT);
    assert_true(request->waits);
    assert_false(request->delete_removed);
    qblk_job_request_set_delete_removed(request, TRUE);
    assert_true(request->delete_removed);

    g_autoptr(QblkMonitorOptions) monitor = qblk_monitor_options_new();
    assert_true(qblk_monitor_options_set_path(monitor, "/nowhere/../nowhere/vm.qmp", NULL));
    assert_string_equal(monitor->path, "/nowhere/vm.qmp");
    assert_false(monitor->close);
    qblk_monitor_options_set_close(monitor, TRUE);
    assert_true(monitor->close);
}

static void
a_path_that_no_socket_can_have_is_refused(void **state)
{
    g_autoptr(QblkMonitorOptions) monitor = qblk_monitor_options_new();
    g_autofree char *name = g_strnfill(200, 'x');
    g_autofree char *path = g_strconcat("/nowhere/", name, NULL);
    GError *error = NULL;

    assert_false(qblk_monitor_options_set_path(monitor, path, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "too long for a socket: 209");
    error = NULL;
    assert_false(qblk_monitor_options_set_path(monitor, "/nowhere/\xff", &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "not UTF-8");
    assert_null(monitor->path);
}

static void
a_destination_that_is_empty_is_refused(void **state)
{
    g_autoptr(QblkCopyOptions) copy = qblk_copy_options_new();
    GError *error = NULL;

    assert_false(qblk_copy_options_set_destination(copy, "", &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "invalid destination ''");
    assert_null(copy->destination);
}

#define expect_refusal() g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "*assertion*")

/* A plan of one would have no step that ends its job. */
static void
values_that_an_enum_lacks_are_not_set(void **state)
{
    g_autoptr(QblkCommitOptions) commit = qblk_commit_options_new();
    g_autoptr(QblkCopyOptions) copy = qblk_copy_options_new();
    g_autoptr(QblkJobRequest) request = qblk_job_request_new();
    static const int values[] = {1000, -1, QBLK_JOB_LIMIT + 1};

    qblk_commit_options_set_end(commit, QBLK_COMMIT_KEEP_OVERLAY);
    qblk_copy_options_set_end(copy, QBLK_COPY_FINISH);
    qblk_job_request_set_action(request, QBLK_JOB_LIMIT);
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        expect_refusal();
        qblk_commit_options_set_end(commit, (QblkCommitEnd)values[i]);
        expect_refusal();
        qblk_copy_options_set_end(copy, (QblkCopyEnd)values[i]);
        expect_refusal();
        qblk_job_request_set_action(request, (QblkJobAction)values[i]);
        g_test_assert_expected_messages();
    }
    assert_int_equal(commit->end, QBLK_COMMIT_KEEP_OVERLAY);
    assert_int_equal(copy->end, QBLK_COPY_FINISH);
    assert_int_equal(request->action, QBLK_JOB_LIMIT);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setters_copy_texts_and_the_last_one_counts),
        cmocka_unit_test(each_setter_of_a_commit_sets_its_own_option),
        cmocka_unit_test(each_setter_of_a_copy_sets_its_own_option),
        cmocka_unit_test(options_of_all_plans_cause_no_harm_by_default),
        cmocka_unit_test(ignored_users_are_a_list_that_ends_with_null),
        cmocka_unit_test(options_live_as_long_as_their_last_reference),
        cmocka_unit_test(requests_and_monitors_have_setters_too),
        cmocka_unit_test(values_that_an_enum_lacks_are_not_set),
        cmocka_unit_test(a_path_that_no_socket_can_have_is_refused),
        cmocka_unit_test(a_destination_that_is_empty_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
