/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/journal-lock.h"

#include "lib/check.h"
#include "lib/cli-check.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

typedef struct {
    char *directory, *path;
} Case;

static int
set_up(void **state)
{
    Case *test = g_new0(Case, 1);
    test->directory = cli_check_directory();
    test->path = g_build_filename(test->directory, "journal", NULL);
    *state = test;
    return 0;
}

static int
tear_down(void **state)
{
    Case *test = *state;
    cli_check_remove(test->directory);
    g_free(test->path);
    g_free(test);
    return 0;
}

static int
take(const Case *test)
{
    g_autoptr(GError) error = NULL;
    int fd = qblk_journal_lock_open(test->path, O_CREAT, &error);
    assert_no_error(error);
    return fd;
}

static int
open_to_read(const Case *test)
{
    int fd = open(test->path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void
testing_the_lock_does_not_block_other_processes(void **state)
{
    const Case *test = *state;
    close(take(test));
    int reader = open_to_read(test);
    assert_false(qblk_journal_lock_is_taken(reader));
    int fd = take(test);
    assert_true(qblk_journal_lock_is_taken(reader));
    close(fd);
    assert_false(qblk_journal_lock_is_taken(reader));
    close(reader);
}

static void
a_second_lock_is_refused_in_the_same_process(void **state)
{
    const Case *test = *state;
    GError *error = NULL;
    int fd = take(test);
    close(open_to_read(test)); /* would end a lock of the process */
    assert_int_equal(qblk_journal_lock_open(test->path, 0, &error), -1);
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "another qblk process is working on");
    close(fd);
    close(take(test));
}

static void
a_line_that_was_added_is_locked_as_well(void **state)
{
    const Case *test = *state;
    int fd = take(test), reader = open_to_read(test);
    assert_int_equal(write(fd, "line\n", 5), 5);
    assert_true(qblk_journal_lock_is_taken(reader));
    close(reader);
    close(fd);
}

/* A program that was started meanwhile, and that closes nothing. */
static void
a_child_does_not_keep_it(void **state)
{
    const Case *test = *state;
    char program[] = "cat";
    char *arguments[] = {program, NULL};
    g_autoptr(GError) error = NULL;
    GPid child;
    int input, fd = take(test), reader = open_to_read(test);
    g_spawn_async_with_pipes(NULL, arguments, NULL,
                             G_SPAWN_SEARCH_PATH | G_SPAWN_LEAVE_DESCRIPTORS_OPEN, NULL, NULL,
                             &child, &input, NULL, NULL, &error);
    assert_no_error(error);
    assert_true(qblk_journal_lock_is_taken(reader));
    close(fd);
    assert_false(qblk_journal_lock_is_taken(reader));
    close(input);
    close(reader);
}

static void
a_file_that_was_replaced_is_not_the_locked_one(void **state)
{
    const Case *test = *state;
    int fd = take(test);
    assert_true(qblk_journal_lock_is_current(fd, test->path));
    assert_int_equal(g_unlink(test->path), 0);
    assert_false(qblk_journal_lock_is_current(fd, test->path));
    int second = take(test);
    assert_true(qblk_journal_lock_is_current(second, test->path));
    assert_false(qblk_journal_lock_is_current(fd, test->path));
    close(second);
    close(fd);
}

static void
a_link_is_not_followed(void **state)
{
    const Case *test = *state;
    GError *error = NULL;
    assert_int_equal(symlink("elsewhere", test->path), 0);
    assert_int_equal(qblk_journal_lock_open(test->path, O_CREAT, &error), -1);
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_STATE, "--state-dir");
}

static void
an_unknown_lock_counts_as_held(void **state)
{
    assert_true(qblk_journal_lock_is_taken(-1));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(testing_the_lock_does_not_block_other_processes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_second_lock_is_refused_in_the_same_process, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_line_that_was_added_is_locked_as_well, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_child_does_not_keep_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_was_replaced_is_not_the_locked_one, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_link_is_not_followed, set_up, tear_down),
        cmocka_unit_test(an_unknown_lock_counts_as_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
