/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/process.h"

#include "lib/check.h"
#include "lib/started-process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define NONE G_MAXINT32 /* no process has this number: it exceeds the kernel's limit */

static void
the_peer_of_a_local_socket_is_known(void **state)
{
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(qblk_process_behind(pair[0], NULL), getpid());
    close(pair[0]);
    close(pair[1]);
    int network = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(qblk_process_behind(network, NULL), 0);
    close(network);
    assert_int_equal(qblk_process_behind(-1, NULL), 0);
}

static void
a_process_is_described_by_its_number_and_name(void **state)
{
    g_autofree char *name = NULL;

    assert_true(g_file_get_contents("/proc/self/comm", &name, NULL, NULL));
    g_autofree char *expected = g_strdup_printf("process %d (%s)", getpid(), g_strchomp(name));
    g_autofree char *us = qblk_process_describe(getpid());
    assert_string_equal(us, expected);
    g_autofree char *gone = qblk_process_describe(NONE);
    assert_string_equal(gone, "process 2147483647");
}

/* Returns: the pid of a process with these arguments, which waits to be killed. */
static pid_t
start_process(char *const *arguments)
{
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFD, FD_CLOEXEC), 0);

    pid_t pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)execv("/bin/sh", arguments);
        _exit(1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 0); /* closed when the program is executed */
    close(ends[0]);
    started_process_wait(pid);
    return pid;
}

static void
the_arguments_of_a_process_are_listed(void **state)
{
    static const char *const arguments[] = {"sh", "-c", "kill -STOP $$", "", "two words", NULL};
    pid_t pid = start_process((char *const *)(gsize)arguments);
    g_auto(GStrv) found = qblk_process_arguments(pid);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);

    assert_non_null(found);
    assert_true(g_strv_equal((const char *const *)found, arguments));
    assert_null(qblk_process_arguments(NONE));
    assert_null(qblk_process_arguments(0));
}

/* A process that ended and was not waited for still has its number. */
static void
a_process_has_ended_when_it_is_killed(void **state)
{
    gint64 start = qblk_process_start(getpid());
    assert_true(start > 0);
    assert_int_equal(qblk_process_start(NONE), 0);
    assert_false(qblk_process_wait_end(getpid(), start, 0, NULL));
    assert_true(
        qblk_process_wait_end(getpid(), start + 1, 0, NULL)); /* an earlier one of that number */
    assert_false(qblk_process_wait_end(getpid(), 0, 0, NULL));
    assert_false(qblk_process_wait_end(0, start, 0, NULL));

    pid_t pid = fork();
    if (pid == 0) {
        _exit(pause());
    }
    assert_true(qblk_process_is_below(pid, getpid()));
    assert_true(qblk_process_is_below(pid, pid));
    assert_false(qblk_process_is_below(getpid(), pid));
    assert_false(qblk_process_is_below(pid, 0));
    assert_false(qblk_process_is_below(NONE, getpid()));
    start = qblk_process_start(pid);
    assert_false(qblk_process_wait_end(pid, start, 10, NULL));
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_true(qblk_process_wait_end(pid, start, 60000, NULL));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_true(qblk_process_wait_end(pid, start, 0, NULL));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_has_ended_when_it_is_killed),
        cmocka_unit_test(the_peer_of_a_local_socket_is_known),
        cmocka_unit_test(a_process_is_described_by_its_number_and_name),
        cmocka_unit_test(the_arguments_of_a_process_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
