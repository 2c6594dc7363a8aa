/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* That names come to the disk is tested by faults/crash-power. */
#include "blockjob/sync-folder.h"

#include "lib/check.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

static int
make_home(void **state)
{
    *state = g_dir_make_tmp("qblk-test-XXXXXX", NULL);
    return *state == NULL;
}

static int
remove_home(void **state)
{
    static const char *const names[] = {"a/b/c", "a/b", "a", "file", "."};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(*state, names[i], NULL);
        (void)g_remove(path);
    }
    (void)g_rmdir(*state);
    g_free(*state);
    return 0;
}

static void
all_that_is_missing_is_made_for_its_owner_alone(void **state)
{
    g_autofree char *path = g_build_filename(*state, "a", "b", "c", NULL);
    struct stat status;
    assert_true(qblk_sync_folder_make(path));
    for (guint i = 0; i < 3; i++) {
        assert_return_code(stat(path, &status), errno);
        assert_int_equal(status.st_mode, S_IFDIR | 0700);
        *strrchr(path, '/') = '\0';
    }
}

static void
one_that_is_there_stays_as_it_is(void **state)
{
    struct stat status;
    assert_return_code(chmod(*state, 0755), errno);
    assert_true(qblk_sync_folder_make(*state));
    assert_return_code(stat(*state, &status), errno);
    assert_int_equal(status.st_mode, S_IFDIR | 0755);
}

static void
a_file_is_no_folder(void **state)
{
    g_autofree char *file = g_build_filename(*state, "file", NULL);
    g_autofree char *below = g_build_filename(file, "below", NULL);
    assert_true(g_file_set_contents(file, "", 0, NULL));
    assert_false(qblk_sync_folder_make(file));
    assert_int_equal(errno, ENOTDIR);
    assert_false(qblk_sync_folder_make(below));
    assert_int_equal(errno, ENOTDIR);
    assert_false(qblk_sync_folder(file));
    assert_int_equal(errno, ENOTDIR);
}

static void
what_has_no_name_cannot_be_made(void **state)
{
    assert_false(qblk_sync_folder_make(""));
    assert_int_equal(errno, ENOENT);
    assert_false(qblk_sync_folder_make("/proc/nobody/has/this"));
    assert_int_equal(errno, ENOENT);
}

static void
the_name_of_a_file_is_in_its_folder(void **state)
{
    g_autofree char *file = g_build_filename(*state, "file", NULL);
    g_autofree char *nowhere = g_build_filename(*state, "missing", "file", NULL);
    assert_true(qblk_sync_folder_of(file));
    assert_false(qblk_sync_folder_of(nowhere));
    assert_int_equal(errno, ENOENT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_that_is_missing_is_made_for_its_owner_alone, make_home,
                                        remove_home),
        cmocka_unit_test_setup_teardown(one_that_is_there_stays_as_it_is, make_home, remove_home),
        cmocka_unit_test_setup_teardown(a_file_is_no_folder, make_home, remove_home),
        cmocka_unit_test(what_has_no_name_cannot_be_made),
        cmocka_unit_test_setup_teardown(the_name_of_a_file_is_in_its_folder, make_home,
                                        remove_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
