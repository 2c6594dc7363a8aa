/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-rollback.h"

#include "lib/cli-check.h"
#include "lib/run-case.h"

#include <fcntl.h>
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
    qblk_monitor_init(&run.monitor, client, NULL, 0, 0, -1);

    QblkRunTask *task = qblk_run_task_new(&run, test->plan, NULL);
    g_ptr_array_add(run.tasks, task);
    task->error = g_error_copy(cause);
    qblk_run_task_apply(task, QBLK_RUN_STOPPED);
    qblk_run_rollback_end(&run, task, &error);
    assert_int_equal(task->state, QBLK_RUN_ROLLED_BACK);

    qblk_run_task_free(task);
    g_ptr_array_unref(run.tasks);
    qblk_monitor_clear(&run.monitor);
    qblk_client_free(client);
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
    int fd = lock(written);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        RunCase *test = run_case_new(QBLK_COMMIT_INNER);
        QblkExpectation *active = test->plan->before->pdata[0];
        g_free(test->plan->writes);
        test->plan->writes = g_strdup(written);
        g_free(active->filename);
        active->filename = g_strdup(top);

        g_autoptr(GError) cause = g_error_new_literal(cases[i].domain, cases[i].code, "cause");
        GError *error = fail_with(test, cause);
        gboolean is_named = strstr(error->message, "holds a lock on '") != NULL;
        assert_int_equal(is_named, cases[i].is_named);
        assert_error(error, cases[i].domain, cases[i].code, "cause");
        run_case_free(test);
    }
    close(fd);
    cli_check_remove(directory);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_failed_job_names_the_holders_of_locks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
