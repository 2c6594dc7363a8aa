/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/merged-mark-place.h"

#include "lib/check.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char *directory;
    char *image;
} Place;

static int
set_up(void **state)
{
    Place *test = g_new0(Place, 1);
    g_autofree char *made = g_dir_make_tmp("qblk-place-XXXXXX", NULL);
    char *real = realpath(made, NULL);
    test->directory = g_strdup(real);
    free(real);
    test->image = g_build_filename(test->directory, "image", NULL);
    *state = test;
    return 0;
}

static int
tear_down(void **state)
{
    Place *test = *state;
    (void)g_unlink(test->image);
    assert_int_equal(g_rmdir(test->directory), 0);
    g_free(test->directory);
    g_free(test->image);
    g_free(test);
    return 0;
}

static void
assert_real(const char *path, const char *wanted)
{
    g_autofree char *real = qblk_merged_mark_place_real(path);
    assert_string_equal(real, wanted);
}

/* Also after the file was deleted, for its mark to be removed. */
static void
links_are_resolved_if_the_file_exists_or_not(void **state)
{
    const Place *test = *state;
    g_autofree char *link_name = g_build_filename(test->directory, "link", NULL);
    g_autofree char *directory_link = g_build_filename(test->directory, "here", NULL);
    g_autofree char *through = g_build_filename(directory_link, "here", "link", NULL);
    assert_int_equal(symlink("image", link_name), 0);
    assert_int_equal(symlink(".", directory_link), 0);
    for (int exists = TRUE; exists >= FALSE; exists--) {
        if (exists) {
            assert_true(g_file_set_contents(test->image, "x", 1, NULL));
        } else {
            assert_int_equal(g_unlink(test->image), 0);
        }
        assert_real(test->image, test->image);
        assert_real(link_name, test->image);
        assert_real(through, test->image);
    }
    assert_int_equal(g_unlink(link_name), 0);
    assert_int_equal(g_unlink(directory_link), 0);
}

static void
links_in_a_cycle_and_missing_directories_have_a_name(void **state)
{
    const Place *test = *state;
    g_autofree char *link_name = g_build_filename(test->directory, "link", NULL);
    assert_int_equal(symlink("link", link_name), 0);
    assert_real(link_name, link_name);
    assert_real("/nonexistent/image", "/nonexistent/image");
    assert_int_equal(g_unlink(link_name), 0);
}

/* The links in /proc/PID/root show paths in its mount namespace. */
static void
a_path_in_another_root_stays_there(void **state)
{
    const Place *test = *state;
    g_autofree char *path = g_strconcat("/proc/self/root", test->image, NULL);
    assert_true(g_file_set_contents(test->image, "x", 1, NULL));
    assert_real(path, test->image); /* the same root */
}

static void
each_image_has_a_name_of_its_own_in_the_state_directory(void **state)
{
    g_autofree char *one = qblk_merged_mark_place_stored("/state", "one");
    g_autofree char *again = qblk_merged_mark_place_stored("/state", "one");
    g_autofree char *other = qblk_merged_mark_place_stored("/state", "other");
    assert_true(g_str_has_prefix(one, "/state/merged/"));
    assert_true(qblk_merged_mark_place_is_name(one));
    assert_false(qblk_merged_mark_place_is_name("x.journal"));
    assert_string_equal(one, again);
    assert_string_not_equal(one, other);
}

static void
nothing_is_left_behind(void **state)
{
    const Place *test = *state;
    g_autofree char *place = qblk_merged_mark_place_beside(test->image);
    assert_true(qblk_merged_mark_place_try(place, "text"));
    assert_false(qblk_merged_mark_place_remove(place));
    assert_true(qblk_merged_mark_place_write(place, "text"));
    g_autofree char *killed = g_strconcat(place, ".new", NULL);
    assert_true(g_file_set_contents(killed, "te", -1, NULL));
    qblk_merged_mark_place_tidy(place);
    assert_false(g_file_test(killed, G_FILE_TEST_EXISTS));
    assert_true(g_file_test(place, G_FILE_TEST_EXISTS));
    assert_true(qblk_merged_mark_place_remove(place));
    assert_int_equal(g_mkdir(place, 0700), 0); /* it cannot be replaced */
    assert_false(qblk_merged_mark_place_write(place, "text"));
    assert_int_equal(errno, EISDIR);
    assert_int_equal(g_rmdir(place), 0);
    assert_false(qblk_merged_mark_place_try("/nonexistent/mark", "text"));
    assert_int_equal(errno, ENOENT);
} /* tear_down() finds an empty directory */

#define PLACE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(links_are_resolved_if_the_file_exists_or_not),
        PLACE_TEST(links_in_a_cycle_and_missing_directories_have_a_name),
        PLACE_TEST(a_path_in_another_root_stays_there),
        PLACE_TEST(each_image_has_a_name_of_its_own_in_the_state_directory),
        PLACE_TEST(nothing_is_left_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
