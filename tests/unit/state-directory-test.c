/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state directory of a user, and the marks in one. */
#include "blockjob/merged-mark.h"

#include "lib/journal-case.h"

#include <glib/gstdio.h>
#include <qblk/state-directory.h>
#include <string.h>

static void
xdg_state_home_selects_the_directory(void **state)
{
    g_autofree char *before = g_strdup(g_getenv("XDG_STATE_HOME"));
    assert_true(g_setenv("XDG_STATE_HOME", "/somewhere", TRUE));
    g_autofree char *directory = qblk_state_directory_default();
    assert_string_equal(directory, "/somewhere/qblk");

    assert_true(g_setenv("XDG_STATE_HOME", "relative", TRUE));
    g_autofree char *own = qblk_state_directory_default();
    assert_true(g_path_is_absolute(own));
    assert_null(strstr(own, "relative"));
    if (before == NULL) {
        g_unsetenv("XDG_STATE_HOME");
    } else {
        assert_true(g_setenv("XDG_STATE_HOME", before, TRUE));
    }
}

static void
only_a_directory_can_be_read(void **state)
{
    const JournalCase *test = *state;
    g_autofree char *missing = g_build_filename(test->directory, "missing", NULL);
    assert_true(qblk_state_directory_check(test->directory, NULL));
    assert_true(qblk_state_directory_check(missing, NULL));
    GError *error = NULL;
    assert_false(qblk_state_directory_check("/proc/self/stat", &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, "/proc/self/stat");
}

/* The mark stays as long as the file that it is of. */
static void
the_mark_of_a_deleted_image_is_removed(void **state)
{
    const JournalCase *test = *state;
    g_autofree char *image = g_build_filename(test->directory, "image", NULL);
    assert_true(g_file_set_contents(image, "x", 1, NULL));
    const QblkMergedImages images = {.image = image, .into = "/base"};
    assert_true(qblk_merged_mark_write(&images, test->directory, TRUE, NULL));
    g_auto(GStrv) none = qblk_state_directory_tidy_marks(test->directory, image);
    assert_int_equal(g_strv_length(none), 0);

    assert_int_equal(g_unlink(image), 0);
    g_auto(GStrv) removed = qblk_state_directory_tidy_marks(test->directory, image);
    assert_int_equal(g_strv_length(removed), 1);
    assert_non_null(strstr(removed[0], image));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xdg_state_home_selects_the_directory),
        cmocka_unit_test_setup_teardown(only_a_directory_can_be_read, journal_case_set_up,
                                        journal_case_tear_down),
        cmocka_unit_test_setup_teardown(the_mark_of_a_deleted_image_is_removed, journal_case_set_up,
                                        journal_case_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
