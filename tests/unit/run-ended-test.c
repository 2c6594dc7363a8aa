/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-ended.h"

#include "base/limits.h"
#include "image/process.h"
#include "lib/run-case.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A run whose connection has failed, on a process that has ended unless @is_alive. */
typedef struct {
    RunCase *test;
    QblkClient *client;
    QblkRun run;
    QblkRunTask *task;
    QblkWaiter waiter; /* lets time pass at once */
    int waited_ms;
} Ended;

static int
let_time_pass(struct pollfd *item, int timeout_ms, gpointer user_data)
{
    int *waited_ms = user_data;
    assert_int_equal(item->fd, -1);
    *waited_ms += timeout_ms;
    return 0;
}

static pid_t
end_process(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return pid;
}

static void
begin(Ended *ended, QblkCommitEnd end, gboolean is_alive)
{
    *ended = (Ended){.test = run_case_new(end)};
    run_case_disconnect(ended->test->fake, "query-jobs", FALSE);
    ended->client = fake_qmp_connect(ended->test->fake);
    ended->run = (QblkRun){
        .options = &ended->test->options,
        .tasks = g_ptr_array_new(),
        .clock = g_get_monotonic_time,
        .is_qemu = TRUE,
    };
    qblk_monitor_init(&ended->run.monitor, ended->client, NULL, 0, 0, NULL);
    assert_false(qblk_monitor_query_jobs(&ended->run.monitor, NULL));
    ended->waiter = (QblkWaiter){.poll = let_time_pass, .user_data = &ended->waited_ms};
    qblk_client_set_waiter(ended->client, &ended->waiter);
    ended->run.monitor.pid = is_alive ? getpid() : end_process();
    ended->run.monitor.start = is_alive ? qblk_process_start(getpid()) : 1;
    ended->task = qblk_run_task_new(&ended->run, ended->test->plan, NULL);
    g_ptr_array_add(ended->run.tasks, ended->task);
}

/* Set the error of the run. */
static void
replace(Ended *ended, GError **error)
{
    g_set_error_literal(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "closed");
    qblk_run_ended_replace_error(&ended->run, error);
}

static void
clear(Ended *ended)
{
    qblk_run_task_free(ended->task);
    g_ptr_array_unref(ended->run.tasks);
    qblk_monitor_clear(&ended->run.monitor);
    qblk_client_unref(ended->client);
    run_case_free(ended->test);
}

static void
the_error_shows_how_far_the_job_was(void **state)
{
    static const struct {
        QblkRunState state, failed_in;
        QblkCommitEnd end;
        const char *job; /* its state */
        const char *text;
    } cases[] = {
        {QBLK_RUN_UNKNOWN, QBLK_RUN_STARTING, QBLK_COMMIT_INNER, NULL,
         "QEMU has ended, and job 'job0' had not started"},
        {QBLK_RUN_UNKNOWN, QBLK_RUN_RUNNING, QBLK_COMMIT_INNER, "running",
         "QEMU has ended, and job 'job0' with it"},
        {QBLK_RUN_UNKNOWN, QBLK_RUN_COMMITTING, QBLK_COMMIT_INNER, "pending",
         "QEMU has ended while it changed the chain of 'vda'"},
        {QBLK_RUN_UNKNOWN, QBLK_RUN_UNANSWERED, QBLK_COMMIT_PIVOT, "ready",
         "QEMU has ended while it changed the chain of 'vda'"},
        {QBLK_RUN_UNKNOWN, QBLK_RUN_COMMITTING, QBLK_COMMIT_KEEP_OVERLAY, "ready",
         "QEMU has ended, and job 'job0' with it"},
        {QBLK_RUN_CHANGED, QBLK_RUN_CLEANING, QBLK_COMMIT_PIVOT, "concluded",
         "QEMU has ended after it had changed the chain of 'vda' as planned"},
        {QBLK_RUN_COMPLETED, QBLK_RUN_CLEANING, QBLK_COMMIT_PIVOT, "null",
         "QEMU has ended after it had changed the chain of 'vda' as planned"},
        {QBLK_RUN_CHANGED, QBLK_RUN_CLEANING, QBLK_COMMIT_KEEP_OVERLAY, "concluded",
         "QEMU has ended after job 'job0' had ended"},
        {QBLK_RUN_NOT_ROLLED_BACK, QBLK_RUN_ROLLING_BACK, QBLK_COMMIT_INNER, "running",
         "QEMU has ended, and job 'job0' with it"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Ended ended;
        GError *error = NULL;
        begin(&ended, cases[i].end, FALSE);
        ended.task->state = cases[i].state;
        ended.task->failed_in = cases[i].failed_in;
        ended.task->job->state = g_strdup(cases[i].job);
        replace(&ended, &error);
        assert_string_equal(error->message, cases[i].text);
        assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ENDED, "QEMU has ended");
        clear(&ended);
    }
}

static void
why_the_job_was_to_be_rolled_back_is_kept(void **state)
{
    Ended ended;
    GError *error = NULL;
    begin(&ended, QBLK_COMMIT_INNER, FALSE);
    ended.task->state = QBLK_RUN_NOT_ROLLED_BACK;
    ended.task->job->state = g_strdup("running");
    ended.task->error =
        g_error_new_literal(QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED, "interrupted");
    replace(&ended, &error);
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ENDED,
                 "QEMU has ended, and job 'job0' with it; before that: interrupted");
    clear(&ended);
}

/* It lost the connection, or the process is a relay, or the run has ended before. */
static void
without_proof_the_error_stays(void **state)
{
    static const struct {
        QblkRunState state;
        gboolean is_alive, is_qemu;
    } cases[] = {
        {QBLK_RUN_UNKNOWN, TRUE, TRUE},
        {QBLK_RUN_UNKNOWN, FALSE, FALSE},
        {QBLK_RUN_ROLLED_BACK, FALSE, TRUE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Ended ended;
        GError *error = NULL;
        begin(&ended, QBLK_COMMIT_INNER, cases[i].is_alive);
        ended.run.is_qemu = cases[i].is_qemu;
        ended.task->state = cases[i].state;
        replace(&ended, &error);
        assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "closed");
        assert_int_equal(ended.waited_ms, cases[i].is_alive ? QBLK_LIMIT_PROCESS_END_MS : 0);
        clear(&ended);
    }
}

static void
a_process_that_has_the_active_image_open_is_qemu(void **state)
{
    static const struct {
        gboolean has_file, has_path, is_open, is_qemu;
    } cases[] = {
        {TRUE, FALSE, TRUE, TRUE},   {FALSE, TRUE, TRUE, TRUE},   {TRUE, TRUE, FALSE, FALSE},
        {FALSE, TRUE, FALSE, FALSE}, {FALSE, FALSE, TRUE, FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Ended ended;
        g_autofree char *path = NULL;
        struct stat status;
        int fd = g_file_open_tmp("qblk-XXXXXX", &path, NULL);
        assert_int_equal(fstat(fd, &status), 0);
        begin(&ended, QBLK_COMMIT_INNER, TRUE);
        QblkExpectation *top = ended.test->plan->before->pdata[0];
        g_clear_pointer(&top->path, g_free);
        top->path = cases[i].has_path ? g_strdup(path) : NULL;
        top->file = cases[i].has_file ? qblk_file_identity(&status) : (QblkFileIdentity){0};
        g_ptr_array_set_size(ended.test->plan->after, 0);
        if (!cases[i].is_open) {
            close(fd);
        }
        assert_int_equal(qblk_run_ended_is_qemu(&ended.run), cases[i].is_qemu);
        if (cases[i].is_open) {
            close(fd);
        }
        assert_int_equal(unlink(path), 0);
        clear(&ended);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_error_shows_how_far_the_job_was),
        cmocka_unit_test(why_the_job_was_to_be_rolled_back_is_kept),
        cmocka_unit_test(without_proof_the_error_stays),
        cmocka_unit_test(a_process_that_has_the_active_image_open_is_qemu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
