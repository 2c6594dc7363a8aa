/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A QEMU that sends no events, or no answers. */
#include "base/limits.h"
#include "blockjob/run-server.h"
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

/* ---- a server that does not answer ---- */

#define NBD_UNIX                                                                                   \
    "{\"driver\": \"nbd\", \"node-name\": \"s\", \"export\": \"x\", \"discard\": \"unmap\", "      \
    "\"server\": {\"type\": \"unix\", \"path\": \"/run/n.sock\"}}"
#define NBD_TCP                                                                                    \
    "{\"driver\": \"nbd\", \"node-name\": \"s\", \"export\": \"x\", "                              \
    "\"server\": {\"type\": \"inet\", \"host\": \"h\", \"port\": \"10809\"}}"
#define RBD "{\"driver\": \"rbd\", \"node-name\": \"s\", \"pool\": \"p\", \"image\": \"i\"}"
/* no server */
#define FILE_ON_DISK "{\"driver\": \"file\", \"node-name\": \"s\", \"filename\": \"/d/s\"}"
#define FORMAT       "{\"driver\": \"qcow2\", \"node-name\": \"f\", \"file\": \"s\"}"

static void
insert_add(QblkPlan *plan, guint at, const char *arguments)
{
    QblkStep *step = qblk_plan_step_new();
    step->purpose = g_strdup("open the image");
    step->command = g_strdup("blockdev-add");
    step->arguments = qblk_json_parse_printed(arguments);
    g_ptr_array_insert(plan->steps, (int)at, step);
}

static void
keep_warning(const QblkPlan *plan, QblkRunWarning warning, const char *message, gpointer user_data)
{
    GPtrArray *warnings = user_data;
    assert_int_equal(warning, QBLK_RUN_WARNS_OF_SERVER);
    g_ptr_array_add(warnings, g_strdup(message));
}

static void
the_server_of_a_step_has_a_name(void **state)
{
    static const struct {
        const char *storage;
        const char *server; /* NULL: none */
    } cases[] = {
        {NBD_UNIX, "nbd+unix:///x?socket=/run/n.sock"},
        {NBD_TCP, "nbd://h:10809/x"},
        {RBD, "rbd:p/i"},
        {FILE_ON_DISK, NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
        insert_add(plan, 0, FILE_ON_DISK);
        insert_add(plan, 1, cases[i].storage);
        insert_add(plan, 2, FORMAT); /* it reads from the node before it */
        for (guint j = 0; j < plan->steps->len; j++) {
            g_autofree char *server = qblk_run_server_name(plan, plan->steps->pdata[j]);
            assert_int_equal(g_strcmp0(server, j == 0 ? NULL : cases[i].server), 0);
        }

        QblkStep *last = plan->steps->pdata[2];
        g_free(last->command);
        last->command = g_strdup("job-dismiss");
        assert_null(qblk_run_server_name(plan, last));
    }
}

/* QEMU waits for it in its main loop: the user can end that only if the server is named. */
static void
a_server_that_does_not_answer_is_named(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    insert_add(test->plan, 0, NBD_UNIX);
    test->options.timeout_ms = 1;
    test->options.warn = keep_warning;
    test->options.user_data = warnings;
    fake_qmp_expect(test->fake, "blockdev-add", NULL);
    forget_questions(test->fake, QBLK_LIMIT_IN_FLIGHT - 1);
    run_case_run(test);

    assert_int_equal(warnings->len, 1);
    assert_non_null(strstr(warnings->pdata[0], "QEMU has not answered 'blockdev-add': it waits for "
                                               "the server of 'nbd+unix:///x?socket=/run/n.sock'"));
    assert_error(test->error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT,
                 "QEMU waits for the server of 'nbd+unix:///x?socket=/run/n.sock', which does not "
                 "answer: 'blockdev-add': no reply within 1 ms");
    run_case_free(test);
}

/* ---- a step that takes long ---- */

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
        cmocka_unit_test(the_server_of_a_step_has_a_name),
        cmocka_unit_test(a_server_that_does_not_answer_is_named),
        cmocka_unit_test(a_step_that_takes_long_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
