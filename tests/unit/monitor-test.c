/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/monitor.h"

#include "lib/check.h"
#include "lib/fake-qmp.h"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#define MINUTE (60 * 1000)

typedef struct {
    FakeQmp *fake;
    QblkClient *client;
    QblkMonitor monitor;
} Case;

/* @timeout_ms is what each answer may take; the greeting has the default. */
static void
begin(Case *test, int timeout_ms, int heartbeat_ms)
{
    test->client = fake_qmp_connect(test->fake);
    qblk_monitor_init(&test->monitor, test->client, NULL, timeout_ms, heartbeat_ms, NULL);
    (void)qblk_monitor_job(&test->monitor, "job0");
}

static void
end(Case *test)
{
    qblk_monitor_clear(&test->monitor);
    qblk_client_unref(test->client);
    fake_qmp_finish(test->fake);
}

static const char *
state_of(Case *test)
{
    return qblk_monitor_job(&test->monitor, "job0")->state;
}

static void
answer_jobs(FakeQmp *fake, const char *state)
{
    g_autofree char *text = g_strdup_printf("[{\"id\": \"job0\", \"status\": \"%s\"}]", state);
    fake_qmp_expect(fake, "query-jobs", NULL);
    fake_qmp_reply(fake, text);
}

static void
tell(FakeQmp *fake, const char *state)
{
    g_autofree char *data = g_strdup_printf("{\"id\": \"job0\", \"status\": \"%s\"}", state);
    fake_qmp_event(fake, "JOB_STATUS_CHANGE", data);
}

/* ---- events ---- */

static void
earlier_events_are_ignored(void **state)
{
    Case test = {.fake = fake_qmp_new("7.2")};
    tell(test.fake, "running");
    tell(test.fake, "concluded");
    for (guint i = 0; i < 2; i++) {
        fake_qmp_expect(test.fake, "query-version", NULL);
        fake_qmp_reply(test.fake, "{}");
    }
    GError *error = NULL;
    test.client = fake_qmp_connect(test.fake);
    g_free(qblk_client_execute(test.client, "query-version", NULL, 0, &error)); /* it has come */
    assert_no_error(error);
    qblk_monitor_init(&test.monitor, test.client, NULL, 0, 0, NULL);
    (void)qblk_monitor_job(&test.monitor, "job0");
    qblk_json_unref(qblk_monitor_call(&test.monitor, "query-version", NULL, &error));
    assert_no_error(error);
    assert_null(state_of(&test));
    end(&test);
}

/* ---- waiting ---- */

static void
the_first_of_deadline_and_overdue_answer_ends_the_waiting(void **state)
{
    static const struct {
        int command_ms;
        gint64 deadline_ms;
    } cases[] = {{100, MINUTE}, {MINUTE, 100}};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Case test = {.fake = fake_qmp_new("7.2")};
        fake_qmp_expect(test.fake, "query-version", NULL);
        begin(&test, MINUTE, MINUTE);
        gint64 now = g_get_monotonic_time();
        guint64 id =
            qblk_client_submit_json(test.client, "query-version", NULL, cases[i].command_ms);
        GError *error = NULL;
        gint64 deadline = now + cases[i].deadline_ms * 1000;
        assert_true(qblk_monitor_wait(&test.monitor, deadline, &error)); /* it is sent */
        assert_true(qblk_monitor_wait(&test.monitor, deadline, &error));
        assert_no_error(error);
        assert_true(g_get_monotonic_time() - now < 20 * G_USEC_PER_SEC);
        qblk_client_abandon(test.client, id);
        end(&test);
    }
}

static void
ignore_signal(int number)
{
}

static void
a_signal_is_not_a_failure(void **state)
{
    struct sigaction before, action = {.sa_handler = ignore_signal};
    const struct itimerval every_ms = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    Case test = {.fake = fake_qmp_new("7.2")};
    GError *error = NULL;
    begin(&test, MINUTE, MINUTE);
    sigaction(SIGALRM, &action, &before);
    setitimer(ITIMER_REAL, &every_ms, NULL);
    gint64 deadline = g_get_monotonic_time() + 20 * 1000;
    while (g_get_monotonic_time() < deadline) {
        assert_true(qblk_monitor_wait(&test.monitor, deadline, &error));
    }
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
    end(&test);
}

/* ---- what the caller wants ---- */

static void
a_monitor_whose_caller_is_gone_is_lost(void **state)
{
    QblkRunControl control = {.stops = 0};
    Case test = {.fake = fake_qmp_new("7.2")};
    begin(&test, MINUTE, MINUTE);
    assert_int_equal(qblk_monitor_get_stops(&test.monitor), 0);
    test.monitor.control = &control;
    control.stops = 2;
    assert_int_equal(qblk_monitor_get_stops(&test.monitor), 2);
    assert_false(qblk_monitor_is_lost(&test.monitor));
    control.is_abandoned = TRUE;
    assert_true(qblk_monitor_is_lost(&test.monitor));
    assert_false(qblk_monitor_has_ended(&test.monitor));
    end(&test);
}

/* ---- a QEMU that does not respond ---- */

static void
a_silent_QEMU_is_queried(void **state)
{
    Case test = {.fake = fake_qmp_new("7.2")};
    answer_jobs(test.fake, "ready");
    GError *error = NULL;
    begin(&test, MINUTE, 1);
    while (state_of(&test) == NULL) {
        assert_true(qblk_monitor_wait(&test.monitor, 0, &error));
    }
    assert_string_equal(state_of(&test), "ready");
    end(&test);
}

static void
events_do_not_delay_the_query(void **state)
{
    Case test = {.fake = fake_qmp_new("7.2")};
    GError *error = NULL;
    for (guint i = 0; i < 100; i++) {
        fake_qmp_event(test.fake, "STOP", NULL);
    }
    answer_jobs(test.fake, "ready");
    begin(&test, MINUTE, 1);
    test.monitor.query_at = g_get_monotonic_time();
    assert_true(qblk_monitor_wait(&test.monitor, 0, &error));
    assert_string_equal(state_of(&test), "ready");
    end(&test);
}

static void
a_QEMU_that_does_not_answer_is_lost(void **state)
{
    Case test = {.fake = fake_qmp_new("7.2")};
    GError *error = NULL;
    for (guint i = 0; i < 3; i++) {
        fake_qmp_expect(test.fake, "query-jobs", NULL);
    }
    begin(&test, 1, 1);
    test.monitor.address = "unix:/nowhere";
    test.monitor.patience = 3;
    guint turns = 0;
    while (qblk_monitor_wait(&test.monitor, 0, &error)) {
        assert_false(qblk_monitor_is_lost(&test.monitor));
        assert_true(++turns < 1000);
    }
    assert_true(qblk_monitor_is_lost(&test.monitor));
    /* Its monitor is not free, and would not greet. */
    assert_false(qblk_monitor_reconnect(&test.monitor, &error));
    assert_false(test.monitor.has_reconnected);
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT,
                 "QEMU does not respond: 'query-jobs': no reply within 1 ms");
    end(&test);
}

static void
a_QEMU_that_is_busy_for_a_while_is_not_lost(void **state)
{
    Case test = {.fake = fake_qmp_new("7.2")};
    GError *error = NULL;
    fake_qmp_expect(test.fake, "query-jobs", NULL);
    fake_qmp_forget(test.fake);
    answer_jobs(test.fake, "ready");
    begin(&test, 1, 1);
    test.monitor.patience = 2;
    assert_true(qblk_monitor_poll(&test.monitor, &error));
    assert_int_equal(test.monitor.unanswered, 1);
    test.monitor.timeout_ms = MINUTE;
    assert_true(qblk_monitor_poll(&test.monitor, &error));
    assert_int_equal(test.monitor.unanswered, 0);
    end(&test);
}

static void
a_reply_that_is_not_a_list_of_jobs_is_an_error(void **state)
{
    Case test = {.fake = fake_qmp_new("7.2")};
    GError *error = NULL;
    fake_qmp_expect(test.fake, "query-jobs", NULL);
    fake_qmp_reply(test.fake, "[{\"id\": \"job0\"}]");
    begin(&test, MINUTE, 1);
    gboolean done;
    do {
        done = qblk_monitor_wait(&test.monitor, 0, &error);
    } while (done);
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_PROTOCOL, "not a list of jobs");
    assert_false(qblk_monitor_is_lost(&test.monitor));
    end(&test);
}

/* ---- connecting again ---- */

static void
a_connection_is_opened_again_only_once(void **state)
{
    Case test = {.fake = fake_qmp_new("7.2")};
    FakeQmp *next = fake_qmp_new("7.2"), *third = fake_qmp_new("7.2");
    GError *error = NULL;
    fake_qmp_expect(test.fake, "query-version", NULL);
    fake_qmp_close(test.fake);
    answer_jobs(next, "running");
    fake_qmp_close(next);
    begin(&test, MINUTE, MINUTE);
    g_autofree char *address = fake_qmp_start(next);
    g_autofree char *another = fake_qmp_start(third);
    test.monitor.address = address;
    assert_null(qblk_monitor_call(&test.monitor, "query-version", NULL, &error));
    assert_true(qblk_monitor_reconnect(&test.monitor, &error));
    assert_null(error);
    assert_string_equal(state_of(&test), "running");
    test.monitor.address = another;
    while (qblk_monitor_wait(&test.monitor, 0, &error)) {
    }
    assert_false(qblk_monitor_reconnect(&test.monitor, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "");
    end(&test);
    fake_qmp_finish(next);
    fake_qmp_finish(third);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(earlier_events_are_ignored),
        cmocka_unit_test(the_first_of_deadline_and_overdue_answer_ends_the_waiting),
        cmocka_unit_test(a_signal_is_not_a_failure),
        cmocka_unit_test(a_monitor_whose_caller_is_gone_is_lost),
        cmocka_unit_test(a_silent_QEMU_is_queried),
        cmocka_unit_test(events_do_not_delay_the_query),
        cmocka_unit_test(a_QEMU_that_does_not_answer_is_lost),
        cmocka_unit_test(a_QEMU_that_is_busy_for_a_while_is_not_lost),
        cmocka_unit_test(a_reply_that_is_not_a_list_of_jobs_is_an_error),
        cmocka_unit_test(a_connection_is_opened_again_only_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
