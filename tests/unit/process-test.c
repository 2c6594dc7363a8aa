/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/process.h"

#include "lib/check.h"

#include <fcntl.h>
#include <qblk/error.h>
#include <sys/socket.h>
#include <unistd.h>

#define NONE G_MAXINT32 /* no process has this number: it exceeds the kernel's limit */

static void
the_peer_of_a_local_socket_is_known(void **state)
{
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(qblk_process_behind(pair[0]), getpid());
    close(pair[0]);
    close(pair[1]);
    int network = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(qblk_process_behind(network), 0);
    close(network);
    assert_int_equal(qblk_process_behind(-1), 0);
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

static gboolean
has_open(int fd)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) files = qblk_process_files(getpid(), &error);
    struct stat status;

    assert_no_error(error);
    assert_int_equal(fstat(fd, &status), 0);
    const QblkFileIdentity file = qblk_file_identity(&status);
    return qblk_process_has(files, &file);
}

static void
what_a_process_has_open_is_found_by_the_file_and_not_its_name(void **state)
{
    int kept = open(g_get_tmp_dir(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600); /* it has no name */
    assert_true(kept >= 0);
    int other = dup(kept);

    assert_true(has_open(kept));
    close(kept);
    assert_true(has_open(other));
    struct stat status;
    assert_int_equal(fstat(other, &status), 0);
    close(other);
    g_autoptr(GArray) files = qblk_process_files(getpid(), NULL);
    const QblkFileIdentity file = qblk_file_identity(&status);
    assert_false(qblk_process_has(files, &file));
}

static void
a_process_that_may_not_be_inspected_is_an_error(void **state)
{
    GError *error = NULL;

    assert_null(qblk_process_files(NONE, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "cannot list the open files of process 2147483647: No such file");
    assert_null(qblk_process_files(0, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "is not known");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_peer_of_a_local_socket_is_known),
        cmocka_unit_test(a_process_is_described_by_its_number_and_name),
        cmocka_unit_test(what_a_process_has_open_is_found_by_the_file_and_not_its_name),
        cmocka_unit_test(a_process_that_may_not_be_inspected_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
