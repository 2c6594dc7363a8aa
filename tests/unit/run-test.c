/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/run-case.h"

#include <sys/eventfd.h>
#include <unistd.h>

/* ---- the way that all goes well ---- */

static void
an_inner_commit_ends_well_in_whatever_order_its_events_come(void **state)
{
    static const char *const orders[][2] = {
        {"created running waiting pending", NULL},
        {NULL, "created running waiting pending"},
        {"created", "running paused running waiting pending"},
        {"created running", "waiting pending pending"},
        {"created paused running waiting", "pending"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(orders); i++) {
        RunCase *test = run_case_new(QBLK_COMMIT_INNER);
        run_case_take(test->fake, "block-commit", orders[i][0], orders[i][1]);
        run_case_take_end(test->fake);
        run_case_succeed(test);
    }
}

static void
an_active_commit_waits_for_ready_and_for_nothing_else(void **state)
{
    static const char *const orders[][2] = {
        {"created running", "ready"},
        {"created running ready", NULL},
        {"created running", "ready standby ready"},
        {"created running ready", "ready"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(orders); i++) {
        RunCase *test = run_case_new(QBLK_COMMIT_PIVOT);
        run_case_take(test->fake, "block-commit", orders[i][0], orders[i][1]);
        fake_qmp_event(test->fake, "BLOCK_JOB_READY", "{\"device\": \"job0\"}");
        fake_qmp_event(test->fake, "BLOCK_JOB_READY", "{\"device\": \"job0\"}");
        run_case_take(test->fake, "job-complete", NULL, "waiting pending concluded");
        run_case_tell(test->fake, "concluded", NULL);
        run_case_take(test->fake, "job-dismiss", NULL, "null");
        for (guint j = 0; j < 4; j++) {
            run_case_take(test->fake, "blockdev-del", NULL, NULL);
        }
        run_case_succeed(test);
    }
}

static void
a_plan_that_stays_ready_ends_there(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_ACTIVE);
    run_case_take(test->fake, "block-commit", "created", "running ready");
    run_case_end(test, 0, 0, NULL);
}

static void
events_of_other_jobs_say_nothing(void **state)
{
    static const char ready[] = "{\"id\": \"job1\", \"status\": \"pending\"}";
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    fake_qmp_event(test->fake, "JOB_STATUS_CHANGE", ready);
    run_case_take(test->fake, "block-commit", "created", NULL);
    fake_qmp_event(test->fake, "JOB_STATUS_CHANGE", "{\"id\": \"job1\", \"status\": \"null\"}");
    fake_qmp_event(test->fake, "STOP", NULL);
    fake_qmp_event(test->fake, "JOB_STATUS_CHANGE", ready);
    run_case_status(test->fake, "running waiting pending");
    run_case_take_end(test->fake);
    run_case_succeed(test);
}

static void
another_chain_than_promised_is_no_success(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    run_case_take(test->fake, "block-commit", NULL, "created running waiting pending");
    run_case_take_end(test->fake);
    run_case_run(test);
    assert_non_null(strstr(test->error->message, "expected"));
    assert_error(test->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, "disk-1.qcow2");
    run_case_free(test);
}

/* ---- errors of the job ---- */

static void
a_job_that_fails_is_forgotten_and_its_reason_told(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    run_case_take(test->fake, "block-commit", "created running", NULL);
    fake_qmp_event(test->fake, "BLOCK_JOB_ERROR",
                   "{\"device\": \"job0\", \"operation\": \"write\", \"action\": \"report\"}");
    run_case_status(test->fake, "aborting concluded");
    run_case_tell(test->fake, "concluded", "No space left on device");
    run_case_tell(test->fake, "concluded", "No space left on device");
    run_case_take(test->fake, "job-dismiss", "null", NULL);
    run_case_fail(
        test, QBLK_BLOCKJOB_ERROR_FAILED,
        "failed: write error on '/tmp/qblk-fixture/throttle-blockdev/disk-base.qcow2': No space "
        "left on device; the chain of 'vda' is unchanged");
}

static void
a_job_that_fails_after_it_was_ready_too(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_PIVOT);
    run_case_take(test->fake, "block-commit", "created running", "ready");
    run_case_take(test->fake, "job-complete", NULL, "waiting aborting concluded");
    run_case_tell(test->fake, "concluded", "Input/output error");
    run_case_tell(test->fake, "concluded", "Input/output error");
    run_case_take(test->fake, "job-dismiss", NULL, NULL);
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED, "Input/output error; the chain");
}

static void
a_job_that_fails_to_change_the_chain_too(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    run_case_take(test->fake, "block-commit", "created running", "waiting pending");
    run_case_take_flush(test->fake);
    run_case_take(test->fake, "job-finalize", NULL, "aborting concluded");
    run_case_tell(test->fake, "concluded", "Permission denied");
    run_case_tell(test->fake, "concluded", "Permission denied");
    run_case_take(test->fake, "job-dismiss", NULL, NULL);
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED, "Permission denied; the chain");
}

static void
what_cannot_be_flushed_is_not_relied_on(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    run_case_take(test->fake, "block-commit", "created running", "waiting pending");
    fake_qmp_expect(test->fake, "human-monitor-command", NULL);
    fake_qmp_reply(test->fake, "\"Error: Input/output error\\r\\n\"");
    run_case_take_back(test->fake, "pending");
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED,
                  "cannot flush the written data: QEMU refused: Error: Input/output error");
}

static void
a_job_that_another_client_ended_is_told(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_PIVOT);
    /* All before the answer, or the runner may go on as soon as it has heard "ready". */
    run_case_take(test->fake, "block-commit", "created running ready waiting pending", NULL);
    run_case_tell(test->fake, "pending", NULL);
    run_case_take_back(test->fake, "pending");
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED, "pending, but should wait in state 'ready'");
}

/* ---- refusals ---- */

static void
a_job_that_was_refused_is_not_ours_to_cancel(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    fake_qmp_expect(test->fake, "block-commit", NULL);
    run_case_status(test->fake, "running"); /* the one that has the id already */
    fake_qmp_refuse(test->fake, "GenericError", "Job ID 'job0' already in use");
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED,
                  "already in use; the chain of 'vda' is unchanged");
}

static void
a_refusal_on_the_way_takes_the_job_back(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_PIVOT);
    run_case_take(test->fake, "block-commit", "created running", "ready");
    run_case_refuse(test->fake, "job-complete");
    run_case_tell(test->fake, "ready", NULL);
    run_case_take_back(test->fake, "ready");
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED,
                  "cannot make the base the active layer: QEMU refused");
    test = run_case_new(QBLK_COMMIT_INNER);
    run_case_take(test->fake, "block-commit", "created running", "pending");
    run_case_take_flush(test->fake);
    run_case_refuse(test->fake, "job-finalize");
    run_case_tell(test->fake, "pending", NULL);
    run_case_take_back(test->fake, "pending");
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED, "cannot change the chain: QEMU refused");
}

static void
what_another_client_cleaned_up_is_no_failure(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    run_case_take(test->fake, "block-commit", "created running", "pending");
    run_case_take_flush(test->fake);
    run_case_take(test->fake, "job-finalize", NULL, "concluded null");
    run_case_tell(test->fake, NULL, NULL);
    run_case_refuse(test->fake, "job-dismiss");
    run_case_refuse(test->fake, "blockdev-del");
    run_case_refuse(test->fake, "blockdev-del");
    run_case_succeed(test);
}

static void
a_job_that_ends_before_it_is_cancelled_is_forgotten(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    test->options.time_limit_ms = 1;
    run_case_take(test->fake, "block-commit", "created", "running");
    run_case_tell(test->fake, "running", NULL);
    run_case_refuse(test->fake, "job-cancel");
    run_case_tell(test->fake, "concluded", "Input/output error");
    run_case_take(test->fake, "job-dismiss", NULL, NULL);
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_CANCELLED, "the time limit was reached; the chain");
}

static void
a_job_that_cannot_be_taken_back_is_told(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    test->options.time_limit_ms = 1;
    run_case_take(test->fake, "block-commit", "created", "running");
    run_case_tell(test->fake, "running", NULL);
    run_case_refuse(test->fake, "job-cancel");
    run_case_tell(test->fake, "running", NULL);
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_CANCELLED, "could not be rolled back");
}

/* ---- the user ---- */

static void
stop_times(RunCase *test, int *pipe_ends, guint times)
{
    assert_int_equal(pipe(pipe_ends), 0);
    for (guint i = 0; i < times; i++) {
        assert_int_equal(write(pipe_ends[1], "x", 1), 1);
    }
    test->options.stop_fd = pipe_ends[0];
}

static void
a_wish_to_stop_before_anything_was_sent_sends_nothing(void **state)
{
    int ends[2];
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    stop_times(test, ends, 1);
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_CANCELLED,
                  "interrupted; the chain of 'vda' is unchanged");
    close(ends[0]);
    close(ends[1]);
}

static void
a_time_limit_takes_the_job_back_but_not_after_the_point_of_no_return(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    test->options.time_limit_ms = 1;
    run_case_take(test->fake, "block-commit", "created", "running");
    run_case_take_back(test->fake, "running");
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_CANCELLED, "the time limit was reached");

    test = run_case_new(QBLK_COMMIT_INNER);
    test->options.time_limit_ms = 2000;
    run_case_take(test->fake, "block-commit", "created", "running pending");
    run_case_take_flush(test->fake);
    run_case_take(test->fake, "job-finalize", NULL, "concluded");
    run_case_tell(test->fake, "concluded", NULL);
    run_case_take(test->fake, "job-dismiss", NULL, NULL);
    run_case_take(test->fake, "blockdev-del", NULL, NULL);
    run_case_take(test->fake, "blockdev-del", NULL, NULL);
    run_case_succeed(test);

    /* What the last command has begun is asked for after the time is over. */
    test = run_case_new(QBLK_COMMIT_INNER);
    test->options.time_limit_ms = 1000;
    test->options.heartbeat_ms = 1500;
    run_case_take(test->fake, "block-commit", "created running pending", NULL);
    run_case_take_flush(test->fake);
    run_case_take(test->fake, "job-finalize", NULL, NULL);
    run_case_tell(test->fake, "concluded", NULL);
    run_case_tell(test->fake, "concluded", NULL);
    run_case_take(test->fake, "job-dismiss", "null", NULL);
    run_case_take(test->fake, "blockdev-del", NULL, NULL);
    run_case_take(test->fake, "blockdev-del", NULL, NULL);
    run_case_succeed(test);
}

/* As often as the descriptor at @user_data says that a signal came. */
static void
stop_twice(const QblkPlan *plan, const QblkRunProgress *progress, gpointer user_data)
{
    const int *fd = user_data;
    assert_int_equal(eventfd_write(*fd, 2), 0);
}

static void
a_second_wish_to_stop_leaves_the_job(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    int fd = eventfd(0, EFD_SEMAPHORE | EFD_CLOEXEC);
    test->options.stop_fd = fd;
    test->options.report_ms = G_MAXINT; /* once, at the first wait */
    test->options.report = stop_twice;
    test->options.user_data = &fd;
    run_case_take(test->fake, "block-commit", "created running", NULL);
    for (guint i = 0; i < 3; i++) {
        run_case_tell(test->fake, "running", NULL);
    }
    run_case_fail(
        test, QBLK_BLOCKJOB_ERROR_CANCELLED,
        "could not be rolled back (job 'job0' was detached in state 'running': interrupted)");
    close(fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_inner_commit_ends_well_in_whatever_order_its_events_come),
        cmocka_unit_test(an_active_commit_waits_for_ready_and_for_nothing_else),
        cmocka_unit_test(a_plan_that_stays_ready_ends_there),
        cmocka_unit_test(events_of_other_jobs_say_nothing),
        cmocka_unit_test(another_chain_than_promised_is_no_success),
        cmocka_unit_test(a_job_that_fails_is_forgotten_and_its_reason_told),
        cmocka_unit_test(a_job_that_fails_after_it_was_ready_too),
        cmocka_unit_test(a_job_that_fails_to_change_the_chain_too),
        cmocka_unit_test(what_cannot_be_flushed_is_not_relied_on),
        cmocka_unit_test(a_job_that_another_client_ended_is_told),
        cmocka_unit_test(a_job_that_was_refused_is_not_ours_to_cancel),
        cmocka_unit_test(a_refusal_on_the_way_takes_the_job_back),
        cmocka_unit_test(what_another_client_cleaned_up_is_no_failure),
        cmocka_unit_test(a_job_that_ends_before_it_is_cancelled_is_forgotten),
        cmocka_unit_test(a_job_that_cannot_be_taken_back_is_told),
        cmocka_unit_test(a_wish_to_stop_before_anything_was_sent_sends_nothing),
        cmocka_unit_test(a_time_limit_takes_the_job_back_but_not_after_the_point_of_no_return),
        cmocka_unit_test(a_second_wish_to_stop_leaves_the_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
