/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bridge/worker.h"

#include "lib/fake-qmp.h"
#include "lib/operation-case.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- a loop ---- */

typedef struct {
    QblkWorkers *workers;
    GArray *items;
    int next_fd; /* what the next client gets; -1: it cannot connect */
    guint changes;
} Loop;

static int
open_client(QblkAccess access, gpointer user_data)
{
    Loop *loop = user_data;
    int fd = loop->next_fd;
    loop->next_fd = -1;
    errno = ENFILE;
    return fd;
}

static void
note_change(gpointer user_data)
{
    Loop *loop = user_data;
    loop->changes++;
}

static Loop *
loop_new(void)
{
    Loop *loop = g_new0(Loop, 1);
    const QblkWorkerLoop functions = {open_client, note_change, loop};
    loop->workers = qblk_workers_new(NULL, &functions);
    loop->items = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
    loop->next_fd = -1;
    return loop;
}

static void
loop_free(Loop *loop)
{
    qblk_workers_free(loop->workers);
    g_array_unref(loop->items);
    g_free(loop);
}

/* Wait once, as a loop does that has a descriptor of its own before those of the workers. */
static void
loop_turn(Loop *loop)
{
    const struct pollfd own = {.fd = -1};
    g_array_set_size(loop->items, 0);
    g_array_append_val(loop->items, own);
    gint64 deadline = qblk_workers_prepare(loop->workers, loop->items);
    gint64 left = MAX((deadline - g_get_monotonic_time() + 999) / 1000, 0);
    struct pollfd *items = (struct pollfd *)(void *)loop->items->data;
    assert_true(poll(items, loop->items->len, deadline < 0 ? -1 : (int)left) >= 0);
    qblk_workers_dispatch(loop->workers, loop->items, g_get_monotonic_time());
}

static void
loop_run(Loop *loop)
{
    while (qblk_workers_count(loop->workers) > 0) {
        loop_turn(loop);
    }
}

/* ---- what workers do ---- */

typedef struct {
    QblkWorker *worker;
    GString *log; /* borrowed, or NULL */
    int fd;       /* to wait for */
    int timeout_ms;
    int result;
    gboolean is_awake, is_destroyed;
    OperationCase *operation;
    GError *error;
} Job;

static void
destroy_job(gpointer user_data)
{
    Job *job = user_data;
    job->is_destroyed = TRUE;
}

static void
start(Loop *loop, QblkWorkerFunc func, Job *job)
{
    qblk_workers_start(loop->workers, func, job, destroy_job);
}

static void
wait_for_fd(QblkWorker *worker, gpointer user_data)
{
    Job *job = user_data;
    struct pollfd item = {.fd = job->fd, .events = POLLIN};
    g_autofree char *owned = g_strdup("lost if the function is not left by its end");
    job->result = qblk_waiter_poll(qblk_worker_waiter(worker), &item, job->timeout_ms);
    assert_non_null(owned);
}

static void
sleep_once(QblkWorker *worker, gpointer user_data)
{
    Job *job = user_data;
    job->worker = worker;
    gint64 deadline =
        job->timeout_ms < 0 ? -1 : g_get_monotonic_time() + (gint64)job->timeout_ms * 1000;
    job->is_awake = qblk_worker_sleep(worker, deadline);
}

static void
connected_pair(int fds[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
}

/* ---- waits ---- */

static void
a_worker_waits_for_a_descriptor_in_the_loop(void **state)
{
    Loop *loop = loop_new();
    int fds[2];
    connected_pair(fds);
    Job job = {.fd = fds[0], .timeout_ms = -1, .result = 77}, late = job;
    late.timeout_ms = 1;
    start(loop, wait_for_fd, &job);
    start(loop, wait_for_fd, &late);
    assert_int_equal(qblk_workers_count(loop->workers), 2);
    while (!late.is_destroyed) {
        loop_turn(loop);
    }
    assert_int_equal(late.result, 0);
    assert_int_equal(job.result, 77);

    assert_int_equal(write(fds[1], "x", 1), 1);
    loop_turn(loop);
    assert_int_equal(job.result, 1);
    assert_true(job.is_destroyed);
    assert_int_equal(qblk_workers_count(loop->workers), 0);
    close(fds[0]);
    close(fds[1]);
    loop_free(loop);
}

static void
a_wait_without_time_looks_at_once(void **state)
{
    Loop *loop = loop_new();
    int fds[2];
    connected_pair(fds);
    Job job = {.fd = fds[0], .timeout_ms = 0, .result = 77};
    start(loop, wait_for_fd, &job);
    assert_true(job.is_destroyed);
    assert_int_equal(job.result, 0);
    close(fds[0]);
    close(fds[1]);
    loop_free(loop);
}

static void
a_sleeping_worker_is_woken(void **state)
{
    Loop *loop = loop_new();
    Job woken = {.timeout_ms = -1}, late = {.timeout_ms = 1, .is_awake = TRUE};
    start(loop, sleep_once, &woken);
    start(loop, sleep_once, &late);
    guint changes = loop->changes;
    qblk_worker_wake(woken.worker);
    assert_false(woken.is_destroyed); /* it continues in the loop */
    assert_true(loop->changes > changes);
    loop_turn(loop);
    assert_true(woken.is_awake);
    assert_true(woken.is_destroyed);
    loop_run(loop);
    assert_false(late.is_awake);
    loop_free(loop);
}

static void
wake_then_sleep(QblkWorker *worker, gpointer user_data)
{
    qblk_worker_wake(worker);
    qblk_worker_wake(worker);
    sleep_once(worker, user_data);
    Job *job = user_data;
    assert_true(job->is_awake);
    sleep_once(worker, user_data);
}

static void
a_wake_before_the_sleep_is_not_lost(void **state)
{
    Loop *loop = loop_new();
    Job job = {.timeout_ms = 1};
    start(loop, wake_then_sleep, &job);
    loop_run(loop);
    assert_false(job.is_awake); /* the second sleep */
    loop_free(loop);
}

static void
start_another(QblkWorker *worker, gpointer user_data)
{
    Loop *loop = user_data;
    Job job = {.timeout_ms = 1, .is_awake = TRUE};
    start(loop, sleep_once, &job);
    assert_false(job.is_destroyed);
    struct pollfd nothing = {.fd = -1};
    while (!job.is_destroyed) {
        assert_int_equal(qblk_waiter_poll(qblk_worker_waiter(worker), &nothing, 1), 0);
    }
}

static void
a_worker_can_start_another(void **state)
{
    Loop *loop = loop_new();
    qblk_workers_start(loop->workers, start_another, loop, NULL);
    assert_int_equal(qblk_workers_count(loop->workers), 2);
    loop_run(loop);
    loop_free(loop);
}

/* ---- the end of all ---- */

static void
each_wait_fails_when_workers_are_to_end(void **state)
{
    Loop *loop = loop_new();
    int fds[2];
    connected_pair(fds);
    Job reading = {.fd = fds[0], .timeout_ms = -1}, sleeping = {.timeout_ms = -1};
    start(loop, wait_for_fd, &reading);
    start(loop, sleep_once, &sleeping);
    qblk_workers_cancel(loop->workers);
    assert_int_equal(qblk_workers_count(loop->workers), 0);
    assert_int_equal(reading.result, -ECANCELED);
    assert_true(reading.is_destroyed);
    assert_true(sleeping.is_destroyed);
    assert_false(sleeping.is_awake);

    /* A request that comes now is answered, too. */
    Job late = {.fd = fds[0], .timeout_ms = 0}, last = {.timeout_ms = -1, .is_awake = TRUE};
    start(loop, wait_for_fd, &late);
    start(loop, sleep_once, &last);
    assert_int_equal(late.result, -ECANCELED);
    assert_true(late.is_destroyed);
    assert_false(last.is_awake);
    close(fds[0]);
    close(fds[1]);
    loop_free(loop);
}

static void
query_version(QblkWorker *worker, gpointer user_data)
{
    Job *job = user_data;
    QblkClient *client = qblk_worker_client(worker, &job->error);
    if (client == NULL) {
        return;
    }
    assert_ptr_equal(qblk_worker_client(worker, NULL), client);
    g_autofree char *reply = qblk_client_execute(client, "query-status", NULL, 0, &job->error);
    if (reply != NULL && job->log != NULL) {
        g_string_append(job->log, reply);
    }
}

static void
workers_are_freed_in_the_middle(void **state)
{
    Loop *loop = loop_new();
    Job job = {0};
    int fds[2];
    connected_pair(fds);
    loop->next_fd = fds[0];
    start(loop, query_version, &job);
    loop_free(loop);
    assert_true(job.is_destroyed);
    assert_error(job.error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "");
    g_clear_error(&job.error);
    char byte;
    assert_int_equal(read(fds[1], &byte, 1), 0); /* the connection was closed */
    close(fds[1]);
}

/* ---- clients ---- */

static int
take_fd(char *address)
{
    g_autofree char *owned = address;
    assert_true(g_str_has_prefix(owned, "fd:"));
    guint64 fd;
    assert_true(g_ascii_string_to_unsigned(owned + strlen("fd:"), 10, 0, G_MAXINT, &fd, NULL));
    return (int)fd;
}

static void
blocking_calls_of_many_workers_run_in_one_loop(void **state)
{
    Loop *loop = loop_new();
    FakeQmp *fakes[3];
    g_autoptr(GString) log = g_string_new(NULL);
    Job jobs[3] = {{.log = log}, {.log = log}, {.log = log}};
    for (guint i = 0; i < 3; i++) {
        fakes[i] = fake_qmp_new("7.2");
        fake_qmp_expect(fakes[i], "query-status", "{}");
        fake_qmp_reply(fakes[i], "1");
        loop->next_fd = take_fd(fake_qmp_start(fakes[i]));
        start(loop, query_version, &jobs[i]);
    }
    assert_int_equal(qblk_workers_count(loop->workers), 3);
    loop_run(loop);
    assert_string_equal(log->str, "111");
    for (guint i = 0; i < 3; i++) {
        fake_qmp_finish(fakes[i]);
    }
    loop_free(loop);
}

static void
a_client_that_cannot_connect_is_an_error(void **state)
{
    Loop *loop = loop_new();
    Job job = {0};
    start(loop, query_version, &job);
    assert_true(job.is_destroyed);
    assert_error(job.error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, "Too many open files");
    g_clear_error(&job.error);
    loop_free(loop);
}

/* ---- operations, which are coroutines themselves ---- */

static void
note_state(QblkOperation *operation, const char *target, QblkPlanState plan_state,
           gpointer user_data)
{
    Job *job = user_data;
    g_string_append_printf(job->operation->states, "%s ", qblk_plan_state_name(plan_state));
}

static void
run_operation(QblkWorker *worker, gpointer user_data)
{
    Job *job = user_data;
    OperationCase *test = job->operation;
    job->worker = worker;
    QblkClient *client = qblk_worker_client(worker, &job->error);
    test->operation = client == NULL
                          ? NULL
                          : qblk_operation_start(client, test->plans, test->options, &job->error);
    assert_no_error(job->error);
    qblk_operation_set_state_changed(test->operation, note_state, job, NULL);
    if (qblk_worker_run(worker, test->operation, &job->error)) {
        /* The client waits in the loop again. */
        assert_ptr_equal(qblk_client_get_waiter(client), qblk_worker_waiter(worker));
    }
    g_clear_pointer(&test->operation, qblk_operation_unref);
}

static void
an_operation_runs_in_a_worker(void **state)
{
    Loop *loop = loop_new();
    Job job = {.operation = operation_case_new()};
    operation_case_script(job.operation);
    loop->next_fd = take_fd(fake_qmp_start(job.operation->run->fake));
    start(loop, run_operation, &job);
    guint turns = 0;
    while (qblk_workers_count(loop->workers) > 0) {
        loop_turn(loop);
        turns++;
    }
    assert_no_error(job.error);
    assert_true(turns > 10);
    assert_string_equal(job.operation->states->str,
                        "starting running waiting changing cleaning completed ");
    assert_int_equal(operation_case_count_journals(job.operation), 0);
    operation_case_free(job.operation);
    loop_free(loop);
}

static void
an_operation_is_cancelled_by_another_worker(void **state)
{
    Loop *loop = loop_new();
    Job job = {.operation = operation_case_new()};
    operation_case_script_start(job.operation);
    run_case_accept_rollback(job.operation->run->fake, "running");
    /* Only the wake ends its wait. */
    qblk_operation_options_set_progress_interval(job.operation->options, G_MAXINT);
    loop->next_fd = take_fd(fake_qmp_start(job.operation->run->fake));
    start(loop, run_operation, &job);
    while (strstr(job.operation->states->str, "running") == NULL) {
        loop_turn(loop);
    }
    qblk_operation_cancel(job.operation->operation);
    qblk_worker_wake(job.worker);
    loop_run(loop);
    assert_error(job.error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED, "");
    g_clear_error(&job.error);
    assert_int_equal(operation_case_count_journals(job.operation), 0);
    operation_case_free(job.operation);
    loop_free(loop);
}

static void
a_journal_stays_if_workers_end_in_an_operation(void **state)
{
    Loop *loop = loop_new();
    Job job = {.operation = operation_case_new()};
    operation_case_script_start(job.operation);
    loop->next_fd = take_fd(fake_qmp_start(job.operation->run->fake));
    start(loop, run_operation, &job);
    while (strstr(job.operation->states->str, "running") == NULL) {
        loop_turn(loop);
    }
    qblk_workers_cancel(loop->workers);
    assert_true(job.is_destroyed);
    assert_error(job.error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RUNNING, "has not ended");
    g_clear_error(&job.error);
    assert_int_equal(operation_case_count_journals(job.operation), 1);
    operation_case_free(job.operation);
    loop_free(loop);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_waits_for_a_descriptor_in_the_loop),
        cmocka_unit_test(a_wait_without_time_looks_at_once),
        cmocka_unit_test(a_sleeping_worker_is_woken),
        cmocka_unit_test(a_wake_before_the_sleep_is_not_lost),
        cmocka_unit_test(a_worker_can_start_another),
        cmocka_unit_test(each_wait_fails_when_workers_are_to_end),
        cmocka_unit_test(workers_are_freed_in_the_middle),
        cmocka_unit_test(blocking_calls_of_many_workers_run_in_one_loop),
        cmocka_unit_test(a_client_that_cannot_connect_is_an_error),
        cmocka_unit_test(an_operation_runs_in_a_worker),
        cmocka_unit_test(an_operation_is_cancelled_by_another_worker),
        cmocka_unit_test(a_journal_stays_if_workers_end_in_an_operation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
