/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A QEMU that sends no events, or no answers. */
#include "base/limits.h"
#include "lib/run-case.h"

static void
a_state_without_an_event_is_queried(void **state)
{
    static const char *const events[] = {
        NULL,
        "{\"id\": \"job1\", \"status\": \"pending\"}",
        "{\"id\": \"job0\", \"status\": 7}",
        "{\"id\": \"job0\"}",
        "[]",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(events); i++) {
        RunCase *test = run_case_new(QBLK_COMMIT_INNER);
        test->options.heartbeat_ms = 1;
        run_case_accept(test->fake, "block-commit", "created running", NULL);
        if (events[i] != NULL) {
            fake_qmp_event(test->fake, "JOB_STATUS_CHANGE", events[i]);
        }
        run_case_answer_jobs(test->fake, "pending", NULL);
        run_case_accept_end(test->fake);
        run_case_succeed(test);
    }
}

static void
a_job_that_started_and_does_not_exist_is_an_error(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    test->options.heartbeat_ms = 1;
    run_case_accept(test->fake, "block-commit", NULL, NULL);
    for (guint i = 0; i < 3; i++) {
        run_case_answer_jobs(test->fake, NULL, NULL);
    }
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED,
                  "'job0' is gone, but should wait in state 'pending'");
}

/* The job existed when the plan was made. */
static void
an_existing_job_that_is_gone_is_an_error(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    test->options.heartbeat_ms = 1;
    test->plan->existing_job = TRUE;
    QblkStep *step = test->plan->steps->pdata[0];
    g_clear_pointer(&step->command, g_free);
    step->is_start = FALSE;
    for (guint i = 0; i < 4; i++) {
        run_case_answer_jobs(test->fake, NULL, NULL);
    }
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED,
                  "'job0' is gone, but should wait in state 'pending'");
}

static void
forget_questions(FakeQmp *fake, guint count)
{
    for (guint i = 0; i < count; i++) {
        fake_qmp_expect(fake, "query-jobs", NULL);
    }
}

/* Leave out the steps before @command. */
static void
begin_at(RunCase *test, const char *command)
{
    GPtrArray *steps = test->plan->steps;
    while (g_strcmp0(((const QblkStep *)steps->pdata[0])->command, command) != 0) {
        g_ptr_array_remove_index(steps, 0);
    }
}

/* The questions that are not sent, since eight are in flight, count as well. */
static void
a_flush_may_take_longer(void **state)
{
    G_STATIC_ASSERT(QBLK_LIMIT_UNANSWERED < QBLK_LIMIT_IN_FLIGHT - 1);
    G_STATIC_ASSERT(QBLK_LIMIT_UNANSWERED_BUSY > QBLK_LIMIT_IN_FLIGHT);
    static const char *const commands[] = {"human-monitor-command", "job-finalize"};
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        RunCase *test = run_case_new(QBLK_COMMIT_INNER);
        test->options.timeout_ms = 1;
        begin_at(test, commands[i]);
        fake_qmp_expect(test->fake, commands[i], NULL);
        forget_questions(test->fake, QBLK_LIMIT_IN_FLIGHT - 1);
        run_case_end(test, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT, "no reply within 1 ms");
    }
}

static void
the_key_of_an_encrypted_image_may_take_longer(void **state)
{
    static const char *const steps[][2] = {
        {"blockdev-add",
         "{\"driver\": \"qcow2\", \"node-name\": \"n\", \"file\": \"f\", \"encrypt\": "
         "{\"format\": \"luks\", \"key-secret\": \"k\"}}"},
        {"blockdev-add", "{\"driver\": \"luks\", \"node-name\": \"n\", \"file\": \"f\", "
                         "\"key-secret\": \"k\"}"},
        {"blockdev-create",
         "{\"job-id\": \"c\", \"options\": {\"driver\": \"luks\", \"file\": \"f\", "
         "\"size\": 1, \"key-secret\": \"k\"}}"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        RunCase *test = run_case_new(QBLK_COMMIT_INNER);
        QblkStep *step = qblk_plan_step_new();
        step->purpose = g_strdup("open the image");
        step->command = g_strdup(steps[i][0]);
        step->arguments = qblk_json_parse_printed(steps[i][1]);
        g_ptr_array_insert(test->plan->steps, 0, step);
        test->options.timeout_ms = 1;
        fake_qmp_expect(test->fake, steps[i][0], NULL);
        forget_questions(test->fake, QBLK_LIMIT_IN_FLIGHT - 1);
        run_case_end(test, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT, "no reply within 1 ms");
    }
}

static void
a_step_that_takes_long_is_waited_for(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    test->options.timeout_ms = 250;
    run_case_accept(test->fake, "block-commit", "created running pending", NULL);
    run_case_accept_flush(test->fake);
    fake_qmp_expect(test->fake, "job-finalize", NULL);
    fake_qmp_expect(test->fake, "query-jobs", NULL); /* the time for the command is over */
    run_case_status(test->fake, "concluded");
    fake_qmp_reply(test->fake, "{}");
    fake_qmp_reply(test->fake, "[{\"id\": \"job0\", \"status\": \"concluded\"}]");
    run_case_answer_jobs(test->fake, "concluded", NULL);
    run_case_accept(test->fake, "job-dismiss", "null", NULL);
    run_case_accept(test->fake, "blockdev-del", NULL, NULL);
    run_case_accept(test->fake, "blockdev-del", NULL, NULL);
    run_case_succeed(test);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_without_an_event_is_queried),
        cmocka_unit_test(a_job_that_started_and_does_not_exist_is_an_error),
        cmocka_unit_test(an_existing_job_that_is_gone_is_an_error),
        cmocka_unit_test(a_flush_may_take_longer),
        cmocka_unit_test(the_key_of_an_encrypted_image_may_take_longer),
        cmocka_unit_test(a_step_that_takes_long_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
