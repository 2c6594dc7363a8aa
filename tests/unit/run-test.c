/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/run-case.h"
#include "plan/plan-steps.h"

/* ---- success ---- */

static void
an_inner_commit_succeeds_for_any_order_of_events(void **state)
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
        run_case_accept(test->fake, "block-commit", orders[i][0], orders[i][1]);
        run_case_accept_end(test->fake);
        run_case_succeed(test);
    }
}

static void
an_active_commit_waits_only_for_ready(void **state)
{
    static const char *const orders[][2] = {
        {"created running", "ready"},
        {"created running ready", NULL},
        {"created running", "ready standby ready"},
        {"created running ready", "ready"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(orders); i++) {
        RunCase *test = run_case_new(QBLK_COMMIT_PIVOT);
        run_case_accept(test->fake, "block-commit", orders[i][0], orders[i][1]);
        fake_qmp_event(test->fake, "BLOCK_JOB_READY", "{\"device\": \"job0\"}");
        fake_qmp_event(test->fake, "BLOCK_JOB_READY", "{\"device\": \"job0\"}");
        run_case_accept(test->fake, "job-complete", NULL, "waiting pending concluded");
        run_case_answer_jobs(test->fake, "concluded", NULL);
        run_case_accept(test->fake, "job-dismiss", NULL, "null");
        for (guint j = 0; j < 4; j++) {
            run_case_accept(test->fake, "blockdev-del", NULL, NULL);
        }
        run_case_succeed(test);
    }
}

static void
a_plan_that_stays_ready_ends_there(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_ACTIVE);
    run_case_accept(test->fake, "block-commit", "created", "running ready");
    run_case_end(test, 0, 0, NULL);
}

static void
events_of_other_jobs_are_ignored(void **state)
{
    static const char ready[] = "{\"id\": \"job1\", \"status\": \"pending\"}";
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    fake_qmp_event(test->fake, "JOB_STATUS_CHANGE", ready);
    run_case_accept(test->fake, "block-commit", "created", NULL);
    fake_qmp_event(test->fake, "JOB_STATUS_CHANGE", "{\"id\": \"job1\", \"status\": \"null\"}");
    fake_qmp_event(test->fake, "STOP", NULL);
    fake_qmp_event(test->fake, "JOB_STATUS_CHANGE", ready);
    run_case_status(test->fake, "running waiting pending");
    run_case_accept_end(test->fake);
    run_case_succeed(test);
}

static void
a_chain_that_is_not_as_planned_is_an_error(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    run_case_accept(test->fake, "block-commit", NULL, "created running waiting pending");
    run_case_accept_end(test->fake);
    run_case_run(test);
    assert_non_null(strstr(test->error->message, "expected"));
    assert_error(test->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, "disk-1.qcow2");
    run_case_free(test);
}

/* ---- errors of the job ---- */

static void
a_job_that_fails_is_dismissed_and_its_reason_reported(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    run_case_accept(test->fake, "block-commit", "created running", NULL);
    fake_qmp_event(test->fake, "BLOCK_JOB_ERROR",
                   "{\"device\": \"job0\", \"operation\": \"write\", \"action\": \"report\"}");
    run_case_status(test->fake, "aborting concluded");
    run_case_answer_jobs(test->fake, "concluded", "No space left on device");
    run_case_answer_jobs(test->fake, "concluded", "No space left on device");
    run_case_accept(test->fake, "job-dismiss", "null", NULL);
    run_case_fail(
        test, QBLK_BLOCKJOB_ERROR_FAILED,
        "failed: write error on '/tmp/qblk-fixture/throttle-blockdev/disk-base.qcow2': No space "
        "left on device; the chain of 'vda' is unchanged");
}

static void
a_job_that_fails_after_it_was_ready_is_dismissed(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_PIVOT);
    run_case_accept(test->fake, "block-commit", "created running", "ready");
    run_case_accept(test->fake, "job-complete", NULL, "waiting aborting concluded");
    run_case_answer_jobs(test->fake, "concluded", "Input/output error");
    run_case_answer_jobs(test->fake, "concluded", "Input/output error");
    run_case_accept(test->fake, "job-dismiss", NULL, NULL);
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED, "Input/output error; the chain");
}

static void
a_job_that_fails_to_change_the_chain_is_dismissed(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    run_case_accept(test->fake, "block-commit", "created running", "waiting pending");
    run_case_accept_flush(test->fake);
    run_case_accept(test->fake, "job-finalize", NULL, "aborting concluded");
    run_case_answer_jobs(test->fake, "concluded", "Permission denied");
    run_case_answer_jobs(test->fake, "concluded", "Permission denied");
    run_case_accept(test->fake, "job-dismiss", NULL, NULL);
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED, "Permission denied; the chain");
}

static void
a_flush_that_fails_cancels_the_job(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    run_case_accept(test->fake, "block-commit", "created running", "waiting pending");
    fake_qmp_expect(test->fake, "human-monitor-command", NULL);
    fake_qmp_reply(test->fake, "\"Error: Input/output error\\r\\n\"");
    run_case_accept_rollback(test->fake, "pending");
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED,
                  "cannot flush the written data: QEMU refused: Error: Input/output error");
}

static void
a_job_that_another_client_ended_is_an_error(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_PIVOT);
    /* All of them before the answer: the runner continues as soon as the job is ready. */
    run_case_accept(test->fake, "block-commit", "created running ready waiting pending", NULL);
    run_case_answer_jobs(test->fake, "pending", NULL);
    run_case_accept_rollback(test->fake, "pending");
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED, "pending, but should wait in state 'ready'");
}

/* ---- refusals ---- */

static void
a_job_that_was_refused_is_not_cancelled(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    fake_qmp_expect(test->fake, "block-commit", NULL);
    run_case_status(test->fake, "running"); /* the one that has the id already */
    fake_qmp_refuse(test->fake, "GenericError", "Job ID 'job0' already in use");
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED,
                  "already in use; the chain of 'vda' is unchanged");
}

static void
a_refusal_rolls_the_job_back(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_PIVOT);
    run_case_accept(test->fake, "block-commit", "created running", "ready");
    run_case_refuse(test->fake, "job-complete");
    run_case_answer_jobs(test->fake, "ready", NULL);
    run_case_accept_rollback(test->fake, "ready");
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED,
                  "cannot make the base the active layer: QEMU refused");
    test = run_case_new(QBLK_COMMIT_INNER);
    run_case_accept(test->fake, "block-commit", "created running", "pending");
    run_case_accept_flush(test->fake);
    run_case_refuse(test->fake, "job-finalize");
    run_case_answer_jobs(test->fake, "pending", NULL);
    run_case_accept_rollback(test->fake, "pending");
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED, "cannot change the chain: QEMU refused");
}

static void
a_cleanup_by_another_client_is_not_a_failure(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    run_case_accept(test->fake, "block-commit", "created running", "pending");
    run_case_accept_flush(test->fake);
    run_case_accept(test->fake, "job-finalize", NULL, "concluded null");
    run_case_answer_jobs(test->fake, NULL, NULL);
    run_case_refuse(test->fake, "job-dismiss");
    run_case_refuse(test->fake, "blockdev-del");
    run_case_refuse(test->fake, "blockdev-del");
    run_case_succeed(test);
}

/* ---- the time limit ---- */

static gint64 time_passed; /* in microseconds, since the run began */

static gint64
read_clock(void)
{
    return g_get_monotonic_time() + time_passed;
}

static void
let_a_day_pass(const QblkPlan *plan, const QblkRunProgress *progress, gpointer user_data)
{
    time_passed += 24 * G_TIME_SPAN_HOUR;
}

/* A case whose time limit is reached when it first waits: it queries the jobs, and time passes. */
static RunCase *
case_with_time_limit(void)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    time_passed = 0;
    test->options.clock = read_clock;
    test->options.time_limit_ms = G_TIME_SPAN_HOUR / 1000;
    test->options.report_ms = G_MAXINT; /* once, at the first wait */
    test->options.report = let_a_day_pass;
    return test;
}

/* The limit is reached while the job runs. */
static RunCase *
case_cancelled_in_time(void)
{
    RunCase *test = case_with_time_limit();
    run_case_accept(test->fake, "block-commit", "created", "running");
    run_case_answer_jobs(test->fake, "running", NULL);
    return test;
}

static void
a_job_that_ends_before_it_is_cancelled_is_dismissed(void **state)
{
    RunCase *test = case_cancelled_in_time();
    run_case_answer_jobs(test->fake, "running", NULL);
    run_case_refuse(test->fake, "job-cancel");
    run_case_answer_jobs(test->fake, "concluded", "Input/output error");
    run_case_accept(test->fake, "job-dismiss", NULL, NULL);
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_CANCELLED, "the time limit was reached; the chain");
}

static void
a_rollback_that_fails_is_reported(void **state)
{
    RunCase *test = case_cancelled_in_time();
    run_case_answer_jobs(test->fake, "running", NULL);
    run_case_refuse(test->fake, "job-cancel");
    run_case_answer_jobs(test->fake, "running", NULL);
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_DETACHED,
                  "job 'job0' could not be rolled back (job 'job0': cannot cancel the job: QEMU "
                  "refused: ");
}

/* ---- the user ---- */

static void
an_interrupt_before_the_first_command_sends_no_command(void **state)
{
    const QblkRunControl control = {.stops = 1};
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    test->options.control = &control;
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_CANCELLED,
                  "job 'job0' was not started: interrupted; the chain of 'vda' is unchanged");
}

static void
a_time_limit_cancels_the_job_unless_it_is_committed(void **state)
{
    RunCase *test = case_cancelled_in_time();
    run_case_accept_rollback(test->fake, "running");
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_CANCELLED,
                  "job 'job0' was cancelled: the time limit was reached");

    test = run_case_new(QBLK_COMMIT_INNER);
    test->options.time_limit_ms = G_TIME_SPAN_HOUR / 1000;
    run_case_accept(test->fake, "block-commit", "created", "running pending");
    run_case_accept_flush(test->fake);
    run_case_accept(test->fake, "job-finalize", NULL, "concluded");
    run_case_answer_jobs(test->fake, "concluded", NULL);
    run_case_accept(test->fake, "job-dismiss", NULL, NULL);
    run_case_accept(test->fake, "blockdev-del", NULL, NULL);
    run_case_accept(test->fake, "blockdev-del", NULL, NULL);
    run_case_succeed(test);

    /* The limit is reached after the job was committed. */
    test = case_with_time_limit();
    run_case_accept(test->fake, "block-commit", "created running pending", NULL);
    run_case_accept_flush(test->fake);
    run_case_accept(test->fake, "job-finalize", NULL, NULL);
    run_case_answer_jobs(test->fake, "waiting", NULL);
    run_case_status(test->fake, "concluded");
    run_case_answer_jobs(test->fake, "concluded", NULL);
    run_case_accept(test->fake, "job-dismiss", "null", NULL);
    run_case_accept(test->fake, "blockdev-del", NULL, NULL);
    run_case_accept(test->fake, "blockdev-del", NULL, NULL);
    run_case_succeed(test);
}

/* Stop once when the job runs, and again while it is rolled back. */
static void
stop_at_state(const QblkPlan *plan, QblkRunState state, gpointer user_data)
{
    QblkRunControl *control = user_data;
    gboolean is_wanted = state == QBLK_RUN_RUNNING || state == QBLK_RUN_ROLLING_BACK;
    control->stops += is_wanted ? 1 : 0;
}

static void
a_second_interrupt_detaches_the_job(void **state)
{
    QblkRunControl control = {.stops = 0};
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    test->options.control = &control;
    test->options.state_changed = stop_at_state;
    test->options.user_data = &control;
    run_case_accept(test->fake, "block-commit", "created running", NULL);
    for (guint i = 0; i < 2; i++) {
        run_case_answer_jobs(test->fake, "running", NULL);
    }
    run_case_fail(
        test, QBLK_BLOCKJOB_ERROR_DETACHED,
        "could not be rolled back (job 'job0' was detached in state 'running': interrupted)");
}

/* Stop twice at once. */
static void
stop_twice(const QblkPlan *plan, QblkRunState state, gpointer user_data)
{
    QblkRunControl *control = user_data;
    control->stops += state == QBLK_RUN_RUNNING ? 2 : 0;
}

static void
two_interrupts_at_once_detach_the_job_as_it_is(void **state)
{
    QblkRunControl control = {.stops = 0};
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    test->options.control = &control;
    test->options.state_changed = stop_twice;
    test->options.user_data = &control;
    run_case_accept(test->fake, "block-commit", "created running", NULL);
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_DETACHED,
                  "job 'job0' was detached in state 'running': interrupted");
}

/* ---- a job that existed ---- */

/* Cancel the job, which QEMU answers with a job that is concluded with @error. */
static RunCase *
case_that_cancels(const char *error)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    QblkPlan *plan = test->plan;
    plan->existing_job = TRUE;
    qblk_plan_set_outcome(plan, QBLK_OUTCOME_CANCELLED);
    g_ptr_array_set_size(plan->steps, 0);
    QblkStep *step = qblk_plan_add_for_job(plan, "cancel the job", "job-cancel", NULL, "concluded");
    step->may_fail = TRUE;
    qblk_plan_add_dismiss(plan);

    run_case_answer_jobs(test->fake, "running", NULL);
    run_case_accept(test->fake, "job-cancel", NULL, "concluded");
    run_case_answer_jobs(test->fake, "concluded", error);
    return test;
}

static void
a_job_that_had_ended_was_not_cancelled(void **state)
{
    RunCase *test = case_that_cancels("Operation canceled");
    run_case_accept(test->fake, "job-dismiss", "null", NULL);
    run_case_succeed(test);

    test = case_that_cancels(NULL);
    run_case_answer_jobs(test->fake, "concluded", NULL);
    run_case_accept(test->fake, "job-dismiss", "null", NULL);
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED,
                  "job 'job0' had ended before it could be cancelled");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_inner_commit_succeeds_for_any_order_of_events),
        cmocka_unit_test(an_active_commit_waits_only_for_ready),
        cmocka_unit_test(a_plan_that_stays_ready_ends_there),
        cmocka_unit_test(events_of_other_jobs_are_ignored),
        cmocka_unit_test(a_chain_that_is_not_as_planned_is_an_error),
        cmocka_unit_test(a_job_that_fails_is_dismissed_and_its_reason_reported),
        cmocka_unit_test(a_job_that_fails_after_it_was_ready_is_dismissed),
        cmocka_unit_test(a_job_that_fails_to_change_the_chain_is_dismissed),
        cmocka_unit_test(a_flush_that_fails_cancels_the_job),
        cmocka_unit_test(a_job_that_another_client_ended_is_an_error),
        cmocka_unit_test(a_job_that_was_refused_is_not_cancelled),
        cmocka_unit_test(a_refusal_rolls_the_job_back),
        cmocka_unit_test(a_cleanup_by_another_client_is_not_a_failure),
        cmocka_unit_test(a_job_that_ends_before_it_is_cancelled_is_dismissed),
        cmocka_unit_test(a_rollback_that_fails_is_reported),
        cmocka_unit_test(an_interrupt_before_the_first_command_sends_no_command),
        cmocka_unit_test(a_time_limit_cancels_the_job_unless_it_is_committed),
        cmocka_unit_test(a_second_interrupt_detaches_the_job),
        cmocka_unit_test(two_interrupts_at_once_detach_the_job_as_it_is),
        cmocka_unit_test(a_job_that_had_ended_was_not_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
