/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/memory-file.h"

#include "lib/check.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void
a_file_is_read_from_its_start(void **state)
{
    gsize length = 1 << 20;
    g_autofree char *bytes = g_malloc(length);
    g_autofree char *again = g_malloc(length);
    memset(bytes, 'x', length);
    int fd = qblk_memory_file_new("test", bytes, length);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, again, length), length);
    assert_memory_equal(again, bytes, length);
    assert_int_equal(read(fd, again, 1), 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
}

static void
a_file_may_be_empty(void **state)
{
    char byte;
    int fd = qblk_memory_file_new("test", NULL, 0);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, &byte, 1), 0);
    close(fd);
}

static void
a_failure_sets_errno(void **state)
{
    g_autofree char *name = g_strnfill(1000, 'x');
    assert_int_equal(qblk_memory_file_new(name, NULL, 0), -1);
    assert_int_equal(errno, EINVAL);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_from_its_start),
        cmocka_unit_test(a_file_may_be_empty),
        cmocka_unit_test(a_failure_sets_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
