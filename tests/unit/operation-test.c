/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/cli-check.h"
#include "lib/operation-case.h"
#include "recover/recovery.h"

/* ---- a run ---- */

static void
plans_are_run_by_turns_between_waits(void **state)
{
    OperationCase *test = operation_case_new();
    operation_case_script(test);
    operation_case_start(test);
    guint turns = 1;
    assert_int_equal(qblk_operation_get_timeout(test->operation), 0);
    while (operation_case_turn(test)) {
        assert_true(qblk_operation_get_fd(test->operation) >= 0);
        assert_int_equal(qblk_operation_get_events(test->operation) & POLLIN, POLLIN);
        operation_case_failed(test, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RUNNING,
                              "the operation has not ended");
        turns++;
    }
    assert_true(turns > 10);
    operation_case_succeeded(test);
    assert_string_equal(test->states->str, "starting running waiting changing cleaning completed ");
    operation_case_free(test);
}

static void
a_wait_that_is_not_over_continues(void **state)
{
    OperationCase *test = operation_case_new();
    operation_case_script_start(test);
    run_case_accept_rollback(test->run->fake, "running");
    operation_case_start(test);
    assert_true(operation_case_drive(test, "running"));
    for (guint i = 0; i < 100; i++) {
        assert_true(qblk_operation_process(test->operation, 0));
    }
    assert_true(qblk_operation_get_timeout(test->operation) > 0);
    qblk_operation_cancel(test->operation);
    assert_false(operation_case_drive(test, NULL));
    operation_case_free(test);
}

static void
nothing_happens_after_the_end(void **state)
{
    OperationCase *test = operation_case_new();
    operation_case_script(test);
    operation_case_start(test);
    assert_false(operation_case_drive(test, NULL));
    g_autofree char *states = g_strdup(test->states->str);
    for (guint i = 0; i < 3; i++) {
        assert_false(qblk_operation_process(test->operation, POLLIN));
        assert_int_equal(qblk_operation_get_fd(test->operation), -1);
        assert_int_equal(qblk_operation_get_events(test->operation), 0);
        assert_int_equal(qblk_operation_get_timeout(test->operation), -1);
    }
    qblk_operation_cancel(test->operation);
    qblk_operation_detach(test->operation);
    operation_case_succeeded(test);
    assert_string_equal(test->states->str, states);
    assert_null(qblk_operation_get_recovery(test->operation));
    operation_case_free(test);
}

static void
no_plan_is_nothing_to_do(void **state)
{
    OperationCase *test = operation_case_new();
    qblk_plans_unref(test->plans);
    test->plans = qblk_plans_new();
    operation_case_start(test);
    assert_false(operation_case_turn(test));
    operation_case_succeeded(test);
    operation_case_free(test);
}

static void
the_longest_time_limit_is_none(void **state)
{
    OperationCase *test = operation_case_new();
    operation_case_script(test);
    qblk_operation_options_set_time_limit(test->options, G_MAXINT64);
    operation_case_start(test);
    assert_false(operation_case_drive(test, NULL));
    operation_case_succeeded(test);
    operation_case_free(test);
}

/* ---- what is reported ---- */

static void
count_progress(QblkOperation *operation, const char *target, const char *job_state, gint64 done,
               gint64 total, gpointer user_data)
{
    guint *count = user_data;
    assert_string_equal(target, "vda");
    assert_non_null(job_state);
    assert_int_equal(done, 1);
    assert_int_equal(total, 2);
    ++*count;
}

static void
progress_is_reported(void **state)
{
    OperationCase *test = operation_case_new();
    guint count = 0;
    operation_case_script_start(test);
    run_case_answer_jobs(test->run->fake, "running", NULL);
    run_case_status(test->run->fake, "waiting pending");
    run_case_accept_end(test->run->fake);
    qblk_operation_options_set_progress_interval(test->options, G_MAXINT);
    operation_case_start(test);
    qblk_operation_set_progress(test->operation, count_progress, &count, NULL);
    assert_false(operation_case_drive(test, NULL));
    operation_case_succeeded(test);
    assert_int_equal(count, 1);
    operation_case_free(test);
}

static void
refused_commands_can_be_read_in_parts(void **state)
{
    OperationCase *test = operation_case_new();
    const char *error_class, *description;
    operation_case_script_begin(test);
    fake_qmp_expect(test->run->fake, "block-commit", NULL);
    fake_qmp_refuse(test->run->fake, "DeviceNotFound", "no such device");
    operation_case_start(test);
    assert_false(operation_case_drive(test, NULL));
    operation_case_failed(test, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                          "cannot start the job: QEMU refused: 'block-commit': no such device");
    assert_true(qblk_operation_get_refusal(test->operation, &error_class, &description));
    assert_string_equal(error_class, "DeviceNotFound");
    assert_string_equal(description, "no such device");
    assert_false(qblk_operation_has_journal(test->operation));
    operation_case_free(test);
}

/* No schema is asked for before a command that each QEMU of the version should have. */
static void
a_job_is_rolled_back_if_qemu_does_not_know_a_later_command(void **state)
{
    OperationCase *test = operation_case_new();
    const char *error_class;
    operation_case_script_begin(test);
    run_case_accept(test->run->fake, "block-commit", "created running", "waiting pending");
    fake_qmp_expect(test->run->fake, "human-monitor-command", NULL);
    fake_qmp_refuse(test->run->fake, "CommandNotFound", "no such command");
    run_case_accept_rollback(test->run->fake, "pending");
    operation_case_start(test);
    assert_false(operation_case_drive(test, NULL));
    operation_case_failed(test, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED,
                          "'human-monitor-command': no such command");
    assert_true(qblk_operation_get_refusal(test->operation, &error_class, NULL));
    assert_string_equal(error_class, "CommandNotFound");
    assert_false(qblk_operation_has_journal(test->operation));
    assert_int_equal(operation_case_count_journals(test), 0);
    operation_case_free(test);
}

static void
a_success_has_no_refusal(void **state)
{
    OperationCase *test = operation_case_new();
    operation_case_script(test); /* QEMU refuses to delete a node that is gone */
    operation_case_start(test);
    assert_false(operation_case_drive(test, NULL));
    operation_case_succeeded(test);
    assert_false(qblk_operation_get_refusal(test->operation, NULL, NULL));
    operation_case_free(test);
}

static void
count_destroyed(gpointer user_data)
{
    ++*(guint *)user_data;
}

static void
data_of_functions_are_destroyed_once(void **state)
{
    OperationCase *test = operation_case_new();
    guint first = 0, second = 0;
    operation_case_start(test);
    qblk_operation_set_progress(test->operation, count_progress, &first, count_destroyed);
    qblk_operation_set_progress(test->operation, count_progress, &second, count_destroyed);
    assert_int_equal(first, 1);
    qblk_operation_set_warning(test->operation, NULL, &second, count_destroyed);
    assert_int_equal(second, 0);
    g_clear_pointer(&test->operation, qblk_operation_unref);
    assert_int_equal(first, 1);
    assert_int_equal(second, 2);
    operation_case_free(test);
}

/* ---- the client stays the program's ---- */

static void
events_stay_the_programs(void **state)
{
    OperationCase *test = operation_case_new();
    operation_case_script(test);
    operation_case_start(test);
    assert_false(operation_case_drive(test, NULL));
    operation_case_succeeded(test);
    guint count = 0;
    for (;;) {
        g_autofree char *event = qblk_client_take_event(test->client);
        if (event == NULL) {
            break;
        }
        assert_non_null(strstr(event, "JOB_STATUS_CHANGE"));
        count++;
    }
    assert_int_equal(count, 8);
    operation_case_free(test);
}

static void
the_program_may_use_the_client_in_between(void **state)
{
    OperationCase *test = operation_case_new();
    g_autoptr(GError) error = NULL;
    operation_case_script_start(test);
    fake_qmp_expect(test->run->fake, "query-status", NULL);
    run_case_status(test->run->fake, "waiting pending");
    fake_qmp_reply(test->run->fake, "{\"running\": true}");
    fake_qmp_expect(test->run->fake, "query-status", NULL);
    fake_qmp_reply(test->run->fake, "{\"running\": false}");
    run_case_accept_end(test->run->fake);
    operation_case_start(test);
    assert_true(operation_case_drive(test, "running"));

    /* One that is waited for receives what the operation waits for, too. */
    g_autofree char *first = qblk_client_execute(test->client, "query-status", NULL, 0, &error);
    assert_string_equal(first, "{\"running\":true}");
    assert_int_equal(qblk_operation_get_timeout(test->operation), 0);

    /* The operation sends one that was submitted, and receives its reply. */
    guint64 id = qblk_client_submit(test->client, "query-status", NULL, 0, &error);
    assert_int_equal(qblk_operation_get_events(test->operation), POLLIN | POLLOUT);
    assert_false(operation_case_drive(test, NULL));
    operation_case_succeeded(test);
    gboolean done = FALSE;
    g_autofree char *second = NULL;
    assert_true(qblk_client_take_reply(test->client, id, &done, &second, &error));
    assert_true(done);
    assert_string_equal(second, "{\"running\":false}");
    operation_case_free(test);
}

static void
a_client_has_one_operation_at_a_time(void **state)
{
    OperationCase *test = operation_case_new();
    g_autoptr(GError) error = NULL;
    operation_case_script(test);
    operation_case_start(test);
    for (guint i = 0; i < 2; i++) {
        assert_null(qblk_operation_start(test->client, test->plans, NULL, &error));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                     "another operation on 'fd:");
        assert_null(qblk_operation_start_recovery(test->client, NULL, &error));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "has not ended");
        assert_true(operation_case_turn(test));
    }
    assert_false(operation_case_drive(test, NULL));
    operation_case_succeeded(test);

    /* The next one begins at the end, and may be released before it has begun. */
    for (guint i = 0; i < 2; i++) {
        QblkOperation *next = qblk_operation_start(test->client, test->plans, NULL, &error);
        assert_no_error(error);
        qblk_operation_unref(next);
    }
    operation_case_free(test);
}

/* It may be about to start another one. */
static void
what_the_program_changes_after_the_start_is_not_run(void **state)
{
    OperationCase *test = operation_case_new();
    g_autoptr(QblkSnapshotOptions) other = qblk_snapshot_options_new();
    operation_case_script_start(test);
    qblk_operation_options_set_snapshot_options(test->options, other);
    operation_case_start(test);
    qblk_operation_options_set_snapshot_options(test->options, NULL);
    qblk_operation_options_set_journal(test->options, FALSE);
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
    qblk_plans_add(test->plans, plan);
    assert_true(operation_case_drive(test, "running"));
    assert_int_equal(operation_case_count_journals(test), 1);
    operation_case_free(test);
}

/* ---- plans that are not run ---- */

static void
a_plan_for_another_chain_is_stale(void **state)
{
    OperationCase *test = operation_case_new();
    g_free(test->run->plan->fingerprint);
    test->run->plan->fingerprint = g_strdup("0123456789abcdef");
    operation_case_start(test);
    assert_false(operation_case_drive(test, NULL));
    operation_case_failed(test, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_STALE, "0123456789abcdef");
    assert_string_equal(test->states->str, "");
    assert_int_equal(operation_case_count_journals(test), 0);
    operation_case_free(test);
}

/* Its images may have got other users since. */
static void
a_plan_for_other_layers_is_stale(void **state)
{
    OperationCase *test = operation_case_new();
    QblkStep *step = test->run->plan->steps->pdata[0];
    qblk_json_set_string(step->arguments, "base-node", "other");
    operation_case_start(test);
    assert_false(operation_case_drive(test, NULL));
    operation_case_failed(test, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_STALE, "plan again");
    assert_int_equal(operation_case_count_journals(test), 0);
    operation_case_free(test);
}

static void
the_chain_need_not_be_read_again(void **state)
{
    OperationCase *test = operation_case_new();
    g_free(test->run->plan->fingerprint);
    test->run->plan->fingerprint = g_strdup("0123456789abcdef");
    operation_case_script(test);
    qblk_operation_options_set_check_chain(test->options, FALSE);
    operation_case_start(test);
    assert_false(operation_case_drive(test, NULL));
    operation_case_succeeded(test);
    operation_case_free(test);
}

static void
a_plan_of_a_dry_run_is_refused(void **state)
{
    OperationCase *test = operation_case_new();
    g_autoptr(GError) error = NULL;
    QblkClient *client = fake_qmp_connect(test->run->fake);
    test->run->plan->is_shown_only = TRUE;
    assert_null(qblk_operation_start(client, test->plans, NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "for a dry run");
    test->run->plan->is_shown_only = FALSE;
    QblkOperation *operation = qblk_operation_start(client, test->plans, NULL, &error);
    assert_non_null(operation);
    qblk_operation_unref(operation);
    qblk_client_unref(client);
    operation_case_free(test);
}

static void
assert_not_detached(OperationCase *test, QblkClient *client, const char *part)
{
    g_autoptr(GError) error = NULL;
    assert_null(qblk_operation_start(client, test->plans, test->options, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, part);
}

static void
a_detached_operation_does_nothing_after_the_start(void **state)
{
    OperationCase *test = operation_case_new();
    QblkClient *client = fake_qmp_connect(test->run->fake);
    QblkPlan *plan = test->run->plan;
    QblkRemovedImage *image = g_new0(QblkRemovedImage, 1);
    image->filename = g_strdup("/d/top");
    image->will_delete = TRUE;
    g_ptr_array_add(plan->removed, image);
    qblk_operation_options_set_detached(test->options, TRUE);
    assert_not_detached(test, client, "cannot delete '/d/top'");

    image->will_delete = FALSE;
    QblkStep *start = plan->steps->pdata[0];
    start->is_start = TRUE;
    g_free(start->until);
    start->until = g_strdup("ready");
    plan->stays_ready = FALSE;
    assert_not_detached(test, client, "cannot end job 'job0'");

    plan->stays_ready = TRUE;
    QblkOperation *operation = qblk_operation_start(client, test->plans, test->options, NULL);
    assert_non_null(operation);
    qblk_operation_unref(operation);
    qblk_client_unref(client);
    operation_case_free(test);
}

/* Its commands would be sent twice. */
static void
two_plans_for_one_disk_or_job_are_refused(void **state)
{
    OperationCase *test = operation_case_new();
    g_autoptr(GError) error = NULL;
    QblkClient *client = fake_qmp_connect(test->run->fake);
    qblk_plans_add(test->plans, test->run->plan);
    assert_null(qblk_operation_start(client, test->plans, NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "two plans for 'vda', or for its job 'job0'");
    qblk_client_unref(client);
    operation_case_free(test);
}

/* Their marks would be written in one of the two only. */
static void
plans_of_different_state_directories_are_refused(void **state)
{
    OperationCase *test = operation_case_new();
    g_autoptr(GError) error = NULL;
    QblkClient *client = fake_qmp_connect(test->run->fake);
    g_autoptr(QblkPlan) other = qblk_plan_new_empty();
    other->kind = g_strdup("commit");
    other->target = g_strdup("vdb");
    other->job = g_strdup("job1");
    other->state_dir = g_strdup("/elsewhere");
    qblk_plans_add(test->plans, other);
    assert_null(qblk_operation_start(client, test->plans, NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "the plans for 'vda' and 'vdb' have different state directories");
    g_free(other->state_dir);
    other->state_dir = g_strdup(test->directory);
    QblkOperation *operation = qblk_operation_start(client, test->plans, NULL, &error);
    assert_no_error(error);
    qblk_operation_unref(operation);
    qblk_client_unref(client);
    operation_case_free(test);
}

/* It has the same disk, too. */
static void
the_journal_of_another_vm_stays(void **state)
{
    OperationCase *test = operation_case_new();
    char *directory = cli_check_directory();
    const QblkJournalVm vm = {.address = (char[]){"/other.qmp"}, .uuid = (char[]){"other"}};
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkRecovery) recovery = qblk_recovery_new();
    qblk_journal_leave(qblk_journal_begin(directory, &vm, test->run->plan, &error));
    assert_no_error(error);
    g_autoptr(GPtrArray) records = qblk_journal_list(directory, &error);
    QblkJournal *journal = qblk_journal_resume(records->pdata[0], &error);
    assert_no_error(error);
    qblk_recovery_hand_over(recovery, journal, records->pdata[0]);

    operation_case_script(test);
    qblk_operation_options_set_recovery(test->options, recovery);
    operation_case_start(test);
    assert_false(operation_case_drive(test, NULL));
    operation_case_succeeded(test);
    assert_int_equal(qblk_recovery_count_journals(recovery), 1);
    g_autoptr(GPtrArray) left = qblk_journal_list(directory, &error);
    assert_int_equal(left->len, 1);
    operation_case_free(test);
    cli_check_remove(directory);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_are_run_by_turns_between_waits),
        cmocka_unit_test(a_wait_that_is_not_over_continues),
        cmocka_unit_test(nothing_happens_after_the_end),
        cmocka_unit_test(no_plan_is_nothing_to_do),
        cmocka_unit_test(the_longest_time_limit_is_none),
        cmocka_unit_test(progress_is_reported),
        cmocka_unit_test(refused_commands_can_be_read_in_parts),
        cmocka_unit_test(a_job_is_rolled_back_if_qemu_does_not_know_a_later_command),
        cmocka_unit_test(a_success_has_no_refusal),
        cmocka_unit_test(data_of_functions_are_destroyed_once),
        cmocka_unit_test(events_stay_the_programs),
        cmocka_unit_test(the_program_may_use_the_client_in_between),
        cmocka_unit_test(a_client_has_one_operation_at_a_time),
        cmocka_unit_test(what_the_program_changes_after_the_start_is_not_run),
        cmocka_unit_test(a_plan_for_another_chain_is_stale),
        cmocka_unit_test(a_plan_for_other_layers_is_stale),
        cmocka_unit_test(the_chain_need_not_be_read_again),
        cmocka_unit_test(a_plan_of_a_dry_run_is_refused),
        cmocka_unit_test(a_detached_operation_does_nothing_after_the_start),
        cmocka_unit_test(two_plans_for_one_disk_or_job_are_refused),
        cmocka_unit_test(plans_of_different_state_directories_are_refused),
        cmocka_unit_test(the_journal_of_another_vm_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
