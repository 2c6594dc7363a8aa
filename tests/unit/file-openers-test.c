/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/file-openers.h"

#include "image/process.h"
#include "lib/check.h"
#include "lib/test-directory.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void
a_process_without_a_lock_is_found(void **state)
{
    g_autofree char *path = test_directory_path("image");
    g_autofree char *link = test_directory_path("link");
    assert_true(g_file_set_contents(path, "x", 1, NULL));
    assert_int_equal(symlink("image", link), 0);
    assert_null(qblk_file_openers_describe(path, 0));

    int fd = open(path, O_RDONLY | O_CLOEXEC);
    pid_t pid = fork(); /* it has the file open as well */
    if (pid == 0) {
        _exit(pause());
    }
    g_autofree char *expected = qblk_process_describe(pid);
    g_autofree char *found = qblk_file_openers_describe(link, 0);
    g_autofree char *without = qblk_file_openers_describe(path, pid);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);

    assert_string_equal(found, expected);
    assert_null(without);
    assert_null(qblk_file_openers_describe(path, 0)); /* this process does not count */
    assert_null(qblk_file_openers_describe("/nonexistent", 0));
    close(fd);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_without_a_lock_is_found),
    };
    return cmocka_run_group_tests(tests, test_directory_set_up, test_directory_tear_down);
}
