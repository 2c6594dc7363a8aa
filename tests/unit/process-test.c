/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/process.h"

#include "lib/check.h"

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

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_peer_of_a_local_socket_is_known),
        cmocka_unit_test(a_process_is_described_by_its_number_and_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
