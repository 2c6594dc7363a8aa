/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-rollback.h"

#include "lib/cli-check.h"
#include "lib/run-case.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* As QEMU does it: a lock of an open file, not of a process, on one byte. */
static int
lock(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct flock range = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 201, .l_len = 1};
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &range), 0);
    return fd;
}

/* Start another process that has a lock on @path; this one is behind the monitor of the fake. */
static pid_t
start_holder(const char *path)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)lock(path);
        _exit(write(ready[1], "x", 1) == 1 ? pause() : 1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void
end_holder(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static char *
save(const char *directory, const char *name)
{
    char *path = g_build_filename(directory, name, NULL);
    assert_true(g_file_set_contents(path, "image", -1, NULL));
    return path;
}

/* The error of a run that fails with @cause before its first step, while a process has a lock on
 * the image that its job would write. */
static GError *
fail_with(RunCase *test, const GError *cause)
{
    GError *error = NULL;
    QblkClient *client = fake_qmp_connect(test->fake);
    test->options.is_local = TRUE;
    QblkRun run = {
        .options = &test->options,
        .tasks = g_ptr_array_new(),
        .clock = g_get_monotonic_time,
    };
    qblk_monitor_init(&run.monitor, client, NULL, 0, 0, NULL);

    QblkRunTask *task = qblk_run_task_new(&run, test->plan, NULL);
    g_ptr_array_add(run.tasks, task);
    task->error = g_error_copy(cause);
    qblk_run_task_apply(task, QBLK_RUN_STOPPED);
    qblk_run_rollback_end(&run, task, &error);
    assert_int_equal(task->state, QBLK_RUN_ROLLED_BACK);

    qblk_run_task_free(task);
    g_ptr_array_unref(run.tasks);
    qblk_monitor_clear(&run.monitor);
    qblk_client_unref(client);
    return error;
}

/* The error of a job on @top that was to write @written. */
static GError *
fail_to_write(const char *written, const char *top, GQuark domain, int code)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    QblkExpectation *active = test->plan->before->pdata[0];
    g_free(test->plan->writes);
    test->plan->writes = g_strdup(written);
    g_free(active->filename);
    active->filename = g_strdup(top);

    g_autoptr(GError) cause = g_error_new_literal(domain, code, "cause");
    GError *error = fail_with(test, cause);
    run_case_free(test);
    return error;
}

/* Errors of other domains have the same number. */
static void
only_a_failed_job_names_the_holders_of_locks(void **state)
{
    const struct {
        GQuark domain;
        int code;
        gboolean is_named;
    } cases[] = {
        {QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED, TRUE},
        {QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED, FALSE},
        {QBLK_QMP_ERROR, QBLK_BLOCKJOB_ERROR_FAILED, FALSE},
        {QBLK_GRAPH_ERROR, QBLK_BLOCKJOB_ERROR_FAILED, FALSE},
    };
    char *directory = cli_check_directory();
    g_autofree char *written = save(directory, "written");
    g_autofree char *top = save(directory, "top");
    pid_t holder = start_holder(written);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = fail_to_write(written, top, cases[i].domain, cases[i].code);
        gboolean is_named = strstr(error->message, "holds a lock on '") != NULL;
        assert_int_equal(is_named, cases[i].is_named);
        assert_error(error, cases[i].domain, cases[i].code, "cause");
    }
    end_holder(holder);
    cli_check_remove(directory);
}

/* The lock is that of the process behind the monitor. */
static void
a_failed_job_does_not_name_qemu_itself(void **state)
{
    char *directory = cli_check_directory();
    g_autofree char *written = save(directory, "written");
    g_autofree char *top = save(directory, "top");
    int fd = lock(written);
    g_autoptr(GError) error =
        fail_to_write(written, top, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED);
    assert_null(strstr(error->message, "holds a lock on"));
    close(fd);
    cli_check_remove(directory);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_failed_job_names_the_holders_of_locks),
        cmocka_unit_test(a_failed_job_does_not_name_qemu_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
