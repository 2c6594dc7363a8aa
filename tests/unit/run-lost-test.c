/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/run-case.h"

static void
a_lost_command_is_sent_again_if_it_was_not_received(void **state)
{
    static const struct {
        const char *lost, *then; /* the command, and the state on the next connection */
        gboolean again;
    } cases[] = {
        {"block-commit", NULL, TRUE},         {"block-commit", "running", FALSE},
        {"block-commit", "pending", FALSE},   {"job-finalize", "pending", TRUE},
        {"job-finalize", "concluded", FALSE}, {"job-finalize", NULL, FALSE},
        {"job-dismiss", "concluded", TRUE},   {"job-dismiss", NULL, FALSE},
        {"blockdev-del", NULL, TRUE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        static const char *const commands[] = {"block-commit", "job-finalize", "job-dismiss",
                                               "blockdev-del", "blockdev-del"}; /* and a flush */
        static const char *const states[] = {"pending", "concluded", "null", NULL, NULL};
        RunCase *test = run_case_new(QBLK_COMMIT_INNER);
        test->next = run_case_server();
        FakeQmp *server = test->fake;
        for (gsize j = 0; j < G_N_ELEMENTS(commands); j++) {
            if (g_str_equal(commands[j], "job-finalize")) {
                run_case_accept_flush(server);
            }
            gboolean is_lost = server == test->fake && g_str_equal(commands[j], cases[i].lost);
            if (is_lost) {
                run_case_disconnect(server, commands[j], FALSE);
                server = test->next;
                run_case_answer_jobs(server, cases[i].then, NULL);
                if (g_strcmp0(cases[i].then, "running") == 0) {
                    run_case_status(server, "waiting pending");
                }
            }
            if (!is_lost || cases[i].again) {
                run_case_accept(server, commands[j], NULL, states[j]);
            }
            if (g_str_equal(commands[j], "job-finalize")) {
                gboolean is_gone = is_lost && cases[i].then == NULL;
                run_case_answer_jobs(server, is_gone ? NULL : "concluded", NULL);
            }
        }
        run_case_succeed(test);
    }
}

/* QEMU may have waited for a server and then failed: that its reply was lost is no success. */
static void
a_node_that_is_refused_twice_does_not_exist(void **state)
{
    static const struct {
        const char *node;
        gboolean is_open;
    } cases[] = {{"limited", TRUE}, {"stranger", FALSE}}; /* a node of the recorded graph */
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        RunCase *test = run_case_new(QBLK_COMMIT_INNER);
        QblkStep *step = qblk_plan_step_new();
        step->purpose = g_strdup("open the image");
        step->command = g_strdup("blockdev-add");
        step->arguments = qblk_json_parse_printed("{\"driver\": \"null-co\"}");
        qblk_json_set_string(step->arguments, "node-name", cases[i].node);
        g_ptr_array_insert(test->plan->steps, 0, step);

        test->next = run_case_server();
        run_case_disconnect(test->fake, "blockdev-add", TRUE);
        run_case_answer_jobs(test->next, NULL, NULL);
        run_case_refuse(test->next, "blockdev-add");
        if (cases[i].is_open) {
            fake_qmp_answer_recorded(test->next);
            run_case_accept(test->next, "block-commit", NULL, "created running waiting pending");
            run_case_accept_end(test->next);
            run_case_succeed(test);
        } else {
            run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED, "cannot open the image: QEMU refused");
        }
    }
}

/* The bitmaps that it merges into were there before: that they are does not show that it was done,
 * and one of them may be in use by now. */
static void
a_merge_of_bitmaps_that_is_refused_was_not_done(void **state)
{
    static const gboolean is_lost[] = {FALSE, TRUE};
    for (gsize i = 0; i < G_N_ELEMENTS(is_lost); i++) {
        RunCase *test = run_case_new(QBLK_COMMIT_INNER);
        QblkStep *step = qblk_plan_step_new();
        step->purpose = g_strdup("carry the bitmaps over");
        step->command = g_strdup("transaction");
        step->arguments = qblk_json_new_object();
        qblk_json_set(step->arguments, "actions", qblk_json_new_array());
        step->may_be_done = TRUE;
        g_ptr_array_insert(test->plan->steps, 1, step);

        FakeQmp *server = test->fake;
        run_case_accept(server, "block-commit", "created running", "waiting pending");
        if (is_lost[i]) {
            test->next = run_case_server();
            run_case_disconnect(server, "transaction", FALSE);
            server = test->next;
            run_case_answer_jobs(server, "pending", NULL);
        }
        run_case_refuse(server, "transaction");
        run_case_accept_rollback(server, "pending");
        run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED,
                      "cannot carry the bitmaps over: QEMU refused");
    }
}

static void
a_connection_that_is_lost_while_waiting_is_opened_again(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    test->next = run_case_server();
    run_case_accept(test->fake, "block-commit", "created running", NULL);
    fake_qmp_close(test->fake);
    run_case_answer_jobs(test->next, "running", NULL);
    run_case_status(test->next, "waiting pending");
    run_case_accept_end(test->next);
    run_case_succeed(test);

    test = run_case_new(QBLK_COMMIT_INNER);
    test->next = run_case_server();
    run_case_accept(test->fake, "block-commit", "created running", NULL);
    fake_qmp_close(test->fake);
    run_case_answer_jobs(test->next, "running", NULL);
    fake_qmp_close(test->next);
    run_case_end(test, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "'job0' was not ended");
}

static void
a_job_that_has_failed_meanwhile_is_reported(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    test->next = run_case_server();
    run_case_accept(test->fake, "block-commit", "created running", NULL);
    fake_qmp_close(test->fake);
    run_case_answer_jobs(test->next, "concluded", "Input/output error");
    run_case_answer_jobs(test->next, "concluded", "Input/output error");
    run_case_answer_jobs(test->next, "concluded", "Input/output error");
    run_case_accept(test->next, "job-dismiss", NULL, NULL);
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED, "Input/output error; the chain");
}

static void
a_job_that_is_gone_meanwhile_is_reported(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    test->next = run_case_server();
    run_case_accept(test->fake, "block-commit", "created running", NULL);
    fake_qmp_close(test->fake);
    for (guint i = 0; i < 3; i++) {
        run_case_answer_jobs(test->next, NULL, NULL);
    }
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED,
                  "'job0' is gone, but should wait in state 'pending'");
}

static void
if_the_connection_stays_lost_the_last_known_state_is_reported(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    run_case_disconnect(test->fake, "block-commit", TRUE);
    run_case_end(test, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "job 'job0' may have been started");

    test = run_case_new(QBLK_COMMIT_PIVOT);
    run_case_accept(test->fake, "block-commit", "created running", NULL);
    fake_qmp_close(test->fake);
    run_case_end(test, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "job 'job0' was not ended");

    test = run_case_new(QBLK_COMMIT_PIVOT);
    run_case_accept(test->fake, "block-commit", "created running", "ready");
    run_case_disconnect(test->fake, "job-complete", TRUE);
    run_case_end(test, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED,
                 "the chain of 'vda' may have been changed");

    test = run_case_new(QBLK_COMMIT_INNER);
    run_case_accept(test->fake, "block-commit", "created running", "pending");
    run_case_accept_flush(test->fake);
    run_case_disconnect(test->fake, "job-finalize", TRUE);
    run_case_end(test, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED,
                 "the chain of 'vda' may have been changed");

    test = run_case_new(QBLK_COMMIT_INNER);
    run_case_accept(test->fake, "block-commit", "created running", "pending");
    run_case_accept_flush(test->fake);
    run_case_accept(test->fake, "job-finalize", NULL, "concluded");
    run_case_answer_jobs(test->fake, "concluded", NULL);
    run_case_disconnect(test->fake, "job-dismiss", TRUE);
    run_case_end(test, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED,
                 "the chain of 'vda' was changed as planned, but a later step failed");
}

/* The rest of an active commit, from the chain that is as planned. */
static void
accept_cleaning(FakeQmp *fake)
{
    fake_qmp_answer_recorded(fake);
    run_case_accept(fake, "job-dismiss", "null", NULL);
    for (guint i = 0; i < 4; i++) {
        run_case_accept(fake, "blockdev-del", NULL, NULL);
    }
}

/* A case whose job-complete must not be sent twice, and was lost. */
static RunCase *
case_of_once(void)
{
    RunCase *test = run_case_new(QBLK_COMMIT_PIVOT);
    QblkStep *complete = test->plan->steps->pdata[1];
    assert_string_equal(complete->command, "job-complete");
    complete->at_most_once = TRUE;
    /* Half of it is waited, and nothing else is asked for in that time. */
    test->options.heartbeat_ms = 600;
    test->next = run_case_server();
    run_case_accept(test->fake, "block-commit", "created running", "ready");
    run_case_disconnect(test->fake, "job-complete", TRUE);
    run_case_answer_jobs(test->next, "ready", NULL);
    return test;
}

static void
a_command_that_must_not_be_sent_twice_is_not(void **state)
{
    RunCase *test = case_of_once();
    run_case_status(test->next, "waiting pending concluded"); /* it was received */
    run_case_answer_jobs(test->next, "concluded", NULL);
    accept_cleaning(test->next);
    run_case_succeed(test);

    test = case_of_once(); /* it was not: the job does not change its state, and is rolled back */
    run_case_answer_jobs(test->next, "ready", NULL);
    run_case_answer_jobs(test->next, "ready", NULL);
    run_case_accept(test->next, "job-cancel", NULL, "aborting concluded");
    run_case_answer_jobs(test->next, "concluded",
                         "Operation canceled"); /* not changed, that means */
    run_case_accept(test->next, "job-dismiss", "null", NULL);
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED, "and sending it again could crash");
}

/* It ended the job without the guest going over, before our command came. */
static void
a_job_that_another_client_ended_is_not_a_pivot(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_PIVOT);
    test->next = run_case_server();
    run_case_accept(test->fake, "block-commit", "created running", "ready");
    run_case_disconnect(test->fake, "job-complete", FALSE);
    run_case_answer_jobs(test->next, "concluded", NULL);
    run_case_answer_jobs(test->next, "concluded", NULL);
    run_case_fail(
        test, QBLK_BLOCKJOB_ERROR_FAILED,
        "another client ended job 'job0' without a pivot; the chain of 'vda' is unchanged");
}

/* Of another client: the job is over when the command comes. */
static void
a_command_that_is_refused_because_it_was_done_is_done(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_PIVOT);
    run_case_accept(test->fake, "block-commit", "created running", "ready");
    run_case_refuse(test->fake, "job-complete");
    run_case_answer_jobs(test->fake, "concluded", NULL);
    accept_cleaning(test->fake);
    run_case_succeed(test);

    test = run_case_new(QBLK_COMMIT_PIVOT);
    run_case_accept(test->fake, "block-commit", "created running", "ready");
    run_case_refuse(test->fake, "job-complete");
    run_case_answer_jobs(test->fake, "concluded",
                         NULL); /* it was cancelled: the chain is as before */
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED, "is unchanged");
}

static void
assert_takes_event(QblkClient *client, const char *name)
{
    g_autoptr(QblkJson) event = qblk_client_take_event_json(client);
    assert_string_equal(qblk_json_get_string(event, "event"), name);
}

/* Those that came before, meanwhile, and on both connections. */
static void
a_client_and_its_events_stay_the_callers(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_ACTIVE);
    fake_qmp_event(test->fake, "FIRST", NULL);
    fake_qmp_expect(test->fake, "query-version", NULL);
    fake_qmp_reply(test->fake, "{}");
    fake_qmp_expect(test->fake, "block-commit", NULL);
    fake_qmp_event(test->fake, "SECOND", NULL);
    fake_qmp_close(test->fake);
    test->next = run_case_server();
    run_case_answer_jobs(test->next, "running", NULL);
    run_case_status(test->next, "ready");
    fake_qmp_event(test->next, "THIRD", NULL);
    g_autofree char *again = fake_qmp_start(test->next);
    QblkClient *client = fake_qmp_connect(test->fake);
    g_autofree char *version = qblk_client_execute(client, "query-version", NULL, 0, &test->error);
    assert_no_error(test->error);

    test->options.address = again;
    test->options.keeps_events = TRUE;
    assert_true(qblk_run_one(client, test->plan, &test->options, &test->error));
    assert_no_error(test->error);
    assert_null(qblk_client_get_error(client));
    assert_takes_event(client, "FIRST");
    assert_takes_event(client, "SECOND");
    assert_takes_event(client, "JOB_STATUS_CHANGE");
    g_autoptr(QblkJson) last = qblk_client_wait_event_json(client, -1, &test->error);
    assert_string_equal(qblk_json_get_string(last, "event"), "THIRD");
    qblk_client_unref(client);
    run_case_free(test);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_command_is_sent_again_if_it_was_not_received),
        cmocka_unit_test(a_node_that_is_refused_twice_does_not_exist),
        cmocka_unit_test(a_merge_of_bitmaps_that_is_refused_was_not_done),
        cmocka_unit_test(a_connection_that_is_lost_while_waiting_is_opened_again),
        cmocka_unit_test(a_job_that_has_failed_meanwhile_is_reported),
        cmocka_unit_test(a_job_that_is_gone_meanwhile_is_reported),
        cmocka_unit_test(a_command_that_must_not_be_sent_twice_is_not),
        cmocka_unit_test(a_job_that_another_client_ended_is_not_a_pivot),
        cmocka_unit_test(a_command_that_is_refused_because_it_was_done_is_done),
        cmocka_unit_test(if_the_connection_stays_lost_the_last_known_state_is_reported),
        cmocka_unit_test(a_client_and_its_events_stay_the_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
