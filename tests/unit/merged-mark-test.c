/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/merged-mark.h"

#include "lib/mark-case.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static void
a_mark_is_written_read_and_removed(void **state)
{
    const MarkCase *test = *state;
    assert_null(qblk_merged_mark_read(test->image, NULL));
    for (int is_done = FALSE; is_done <= TRUE; is_done++) {
        mark_case_write(test, test->image, is_done);
        g_autoptr(QblkMergedMark) mark = qblk_merged_mark_read(test->image, NULL);
        assert_non_null(mark);
        assert_string_equal(mark->place, test->beside);
        assert_string_equal(mark->image, test->image);
        assert_string_equal(mark->into, test->base);
        assert_int_equal(mark->is_done, is_done);
        assert_int_equal(qblk_merged_mark_is_final(mark), is_done);
    }
    qblk_merged_mark_remove(test->image, NULL);
    assert_null(qblk_merged_mark_read(test->image, NULL));
    mark_case_assert_tidy(test);
}

static void
a_mark_that_cannot_be_parsed_is_a_mark(void **state)
{
    const MarkCase *test = *state;
    assert_true(g_file_set_contents(test->beside, "{\"half", 6, NULL));
    g_autoptr(QblkMergedMark) mark = qblk_merged_mark_read(test->image, NULL);
    assert_non_null(mark);
    assert_null(mark->into);
    assert_false(mark->is_done);
    qblk_merged_mark_remove(test->image, NULL);
    mark_case_assert_tidy(test);
}

/* OpenNebula gives QEMU a link; libvirt's XML and QEMU's working directory have other names. */
static void
a_mark_is_found_by_every_name_of_the_file(void **state)
{
    const MarkCase *test = *state;
    g_autofree char *link_name = g_build_filename(test->directory, "disk.0", NULL);
    g_autofree char *link_to_link = g_build_filename(test->directory, "disk.1", NULL);
    g_autofree char *hard = g_build_filename(test->state_dir, "hard.qcow2", NULL);
    assert_int_equal(symlink("top.qcow2", link_name), 0);
    assert_int_equal(symlink(link_name, link_to_link), 0);
    assert_int_equal(link(test->image, hard), 0);
    mark_case_write(test, link_to_link, TRUE);
    assert_true(g_file_test(test->beside, G_FILE_TEST_IS_REGULAR));
    const char *const names[] = {test->image, link_name, link_to_link, hard};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(QblkMergedMark) mark = qblk_merged_mark_read(names[i], test->state_dir);
        assert_non_null(mark);
        assert_string_equal(mark->image, test->image);
    }
    assert_int_equal(g_unlink(link_name), 0);
    assert_int_equal(symlink("base.qcow2", link_name), 0); /* as OpenNebula does afterwards */
    assert_null(qblk_merged_mark_read(link_to_link, test->state_dir));
    assert_int_equal(g_unlink(link_name), 0);
    assert_int_equal(g_unlink(link_to_link), 0);
    qblk_merged_mark_remove(hard, test->state_dir);
    assert_null(qblk_merged_mark_read(hard, test->state_dir));
    assert_int_equal(g_unlink(hard), 0);
    qblk_merged_mark_remove(test->image, NULL);
    mark_case_assert_tidy(test);
}

/* A snapshot that got the name of one that was merged, and deleted or renamed; or a copy. */
static void
a_new_file_of_that_name_is_not_the_marked_one(void **state)
{
    const MarkCase *test = *state;
    g_autofree char *moved = g_build_filename(test->directory, "moved", NULL);
    mark_case_write(test, test->image, TRUE);
    assert_int_equal(mark_case_tidy_beside(test), 0);
    assert_int_equal(g_rename(test->image, moved), 0); /* so that nothing gets its number */
    assert_null(qblk_merged_mark_read(test->image, NULL));
    assert_true(g_file_set_contents(test->image, "x", 1, NULL));
    assert_null(qblk_merged_mark_read(test->image, NULL));
    assert_true(g_file_test(test->beside, G_FILE_TEST_EXISTS)); /* reading does not remove it */
    assert_int_equal(mark_case_tidy_beside(test), 1);
    assert_int_equal(g_unlink(moved), 0);
    mark_case_assert_tidy(test);
}

static void
a_file_that_got_the_inode_of_the_marked_one_has_another_birth(void **state)
{
    const MarkCase *test = *state;
    g_autofree char *text = NULL;
    mark_case_write(test, test->image, TRUE);
    assert_true(g_file_get_contents(test->beside, &text, NULL, NULL));
    const char *born = strstr(text, "\"born\": 1");
    assert_non_null(born);
    text[born - text + (gssize)strlen("\"born\": ")] = '2';
    assert_true(g_file_set_contents(test->beside, text, -1, NULL));
    assert_null(qblk_merged_mark_read(test->image, NULL));
    assert_int_equal(mark_case_tidy_beside(test), 1);
    mark_case_assert_tidy(test);
}

static void
the_mark_of_a_file_that_is_gone_is_removed(void **state)
{
    const MarkCase *test = *state;
    mark_case_write(test, test->image, TRUE);
    assert_int_equal(g_unlink(test->image), 0);
    assert_int_equal(mark_case_tidy_beside(test), 1);
    assert_true(g_file_set_contents(test->image, "x", 1, NULL));
    mark_case_assert_tidy(test);
}

static void
an_image_of_another_machine_gets_no_mark(void **state)
{
    g_autoptr(GError) error = NULL;
    const QblkMergedImages away = {.image = "/nonexistent/top.qcow2", .into = "/d/base"};
    const QblkMergedImages none = {.image = NULL, .into = "/d/base"};
    assert_true(qblk_merged_mark_write(&away, NULL, FALSE, &error));
    assert_true(qblk_merged_mark_write(&none, NULL, FALSE, &error));
    assert_true(qblk_merged_mark_find_place(&away, NULL, &error));
    assert_no_error(error);
    assert_null(qblk_merged_mark_read(NULL, NULL));
    qblk_merged_mark_remove(NULL, NULL);
}

/* ---- where nothing can be written beside the image ---- */

static void
a_mark_that_is_not_possible_beside_the_image_is_in_the_state_directory(void **state)
{
    const MarkCase *test = *state;
    g_autoptr(GError) error = NULL;
    const QblkMergedImages images = {.image = test->image, .into = test->base};
    g_autofree char *obstacle = mark_case_block_beside(test);
    for (int is_done = FALSE; is_done <= TRUE; is_done++) {
        assert_true(qblk_merged_mark_find_place(&images, test->state_dir, &error));
        assert_no_error(error);
        mark_case_write(test, test->image, is_done);
        g_autoptr(QblkMergedMark) mark = qblk_merged_mark_read(test->image, test->state_dir);
        assert_non_null(mark);
        assert_true(g_str_has_prefix(mark->place, test->state_dir));
        assert_int_equal(mark->is_done, is_done);
        assert_null(qblk_merged_mark_read(test->image, NULL));
    }
    assert_false(g_file_test(test->beside, G_FILE_TEST_EXISTS));
    assert_int_equal(mark_case_tidy_stored(test), 0);
    qblk_merged_mark_remove(test->image, test->state_dir);
    assert_null(qblk_merged_mark_read(test->image, test->state_dir));
    assert_int_equal(g_rmdir(obstacle), 0);
    mark_case_assert_tidy(test);
}

/* The disk became full between the first mark and the final one. */
static void
the_final_mark_counts_wherever_it_is(void **state)
{
    const MarkCase *test = *state;
    mark_case_write(test, test->image, FALSE);
    g_autofree char *obstacle = mark_case_block_beside(test);
    mark_case_write(test, test->image, TRUE);
    g_autoptr(QblkMergedMark) mark = qblk_merged_mark_read(test->image, test->state_dir);
    assert_true(qblk_merged_mark_is_final(mark));
    assert_int_equal(g_rmdir(obstacle), 0);
    mark_case_write(test, test->image, FALSE); /* no older final mark stays */
    g_autoptr(QblkMergedMark) again = qblk_merged_mark_read(test->image, test->state_dir);
    assert_false(again->is_done);
    qblk_merged_mark_remove(test->image, test->state_dir);
    mark_case_assert_tidy(test);
}

static void
without_any_place_the_reasons_are_named(void **state)
{
    const MarkCase *test = *state;
    const QblkMergedImages images = {.image = test->image, .into = test->base};
    GError *error = NULL, *no_state = NULL, *at_pivot = NULL;
    g_autofree char *obstacle = mark_case_block_beside(test);
    assert_false(qblk_merged_mark_find_place(&images, "/proc/qblk", &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "top.qcow2.qblk-merged' (File exists) or '/proc/qblk/merged/");
    assert_false(qblk_merged_mark_find_place(&images, NULL, &no_state));
    assert_error(no_state, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "File exists");
    assert_false(qblk_merged_mark_write(&images, "/proc/qblk", FALSE, &at_pivot));
    assert_error(at_pivot, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED, "use --state-dir");
    assert_int_equal(g_rmdir(obstacle), 0);
    mark_case_assert_tidy(test);
}

/* A file system that is not mounted does not show its files. */
static void
a_stored_mark_is_removed_only_if_its_file_is_known_to_be_gone(void **state)
{
    const MarkCase *test = *state;
    g_autofree char *elsewhere = g_strconcat(test->directory, "-elsewhere", NULL);
    g_autofree char *obstacle = mark_case_block_beside(test);
    mark_case_write(test, test->image, TRUE);
    assert_int_equal(g_rmdir(obstacle), 0);

    assert_int_equal(g_rename(test->directory, elsewhere), 0);
    assert_int_equal(mark_case_tidy_stored(test), 0); /* no directory */
    assert_int_equal(g_mkdir(test->directory, 0700), 0);
    assert_int_equal(mark_case_tidy_stored(test), 0); /* another directory */
    assert_int_equal(g_rmdir(test->directory), 0);
    assert_int_equal(g_rename(elsewhere, test->directory), 0);
    assert_int_equal(mark_case_tidy_stored(test), 0); /* it is there again */

    assert_int_equal(g_unlink(test->image), 0);
    assert_int_equal(mark_case_tidy_stored(test), 1);
    assert_true(g_file_set_contents(test->image, "x", 1, NULL));
    mark_case_assert_tidy(test);
}

static void
a_stored_mark_of_a_replaced_file_is_removed(void **state)
{
    const MarkCase *test = *state;
    g_autofree char *new = g_build_filename(test->directory, "new", NULL);
    g_autofree char *obstacle = mark_case_block_beside(test);
    mark_case_write(test, test->image, TRUE);
    assert_int_equal(g_rmdir(obstacle), 0);
    assert_true(g_file_set_contents(new, "x", 1, NULL));
    assert_int_equal(g_rename(new, test->image), 0);
    assert_null(qblk_merged_mark_read(test->image, test->state_dir));
    assert_int_equal(mark_case_tidy_stored(test), 1);
    mark_case_assert_tidy(test);
}

/* After the image was deleted. */
static void
the_marks_of_a_deleted_image_can_be_removed(void **state)
{
    const MarkCase *test = *state;
    mark_case_write(test, test->image, FALSE);
    g_autofree char *obstacle = mark_case_block_beside(test);
    mark_case_write(test, test->image, TRUE);
    assert_int_equal(g_rmdir(obstacle), 0);
    assert_int_equal(g_unlink(test->image), 0);
    qblk_merged_mark_remove(test->image, test->state_dir);
    assert_true(g_file_set_contents(test->image, "x", 1, NULL));
    mark_case_assert_tidy(test);
}

/* The directory may be that of a QEMU that its guest has taken over. */
static void
nothing_but_the_mark_is_written(void **state)
{
    const MarkCase *test = *state;
    g_autofree char *new = g_strconcat(test->beside, ".new", NULL);
    g_autofree char *victim = g_build_filename(test->directory, "victim", NULL);
    assert_true(g_file_set_contents(victim, "precious", -1, NULL));
    for (int is_link = FALSE; is_link <= TRUE; is_link++) {
        assert_int_equal(is_link ? symlink(victim, new) : link(victim, new), 0);
        mark_case_write(test, test->image, FALSE);
        g_autofree char *text = NULL;
        assert_true(g_file_get_contents(victim, &text, NULL, NULL));
        assert_string_equal(text, "precious");
        g_autoptr(QblkMergedMark) mark = qblk_merged_mark_read(test->image, NULL);
        assert_string_equal(mark->into, test->base);
        qblk_merged_mark_remove(test->image, NULL);
    }
    assert_int_equal(g_unlink(victim), 0);
    mark_case_assert_tidy(test);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        MARK_TEST(a_mark_is_written_read_and_removed),
        MARK_TEST(a_mark_that_cannot_be_parsed_is_a_mark),
        MARK_TEST(a_mark_is_found_by_every_name_of_the_file),
        MARK_TEST(a_new_file_of_that_name_is_not_the_marked_one),
        MARK_TEST(a_file_that_got_the_inode_of_the_marked_one_has_another_birth),
        MARK_TEST(the_mark_of_a_file_that_is_gone_is_removed),
        cmocka_unit_test(an_image_of_another_machine_gets_no_mark),
        MARK_TEST(a_mark_that_is_not_possible_beside_the_image_is_in_the_state_directory),
        MARK_TEST(the_final_mark_counts_wherever_it_is),
        MARK_TEST(without_any_place_the_reasons_are_named),
        MARK_TEST(a_stored_mark_is_removed_only_if_its_file_is_known_to_be_gone),
        MARK_TEST(a_stored_mark_of_a_replaced_file_is_removed),
        MARK_TEST(the_marks_of_a_deleted_image_can_be_removed),
        MARK_TEST(nothing_but_the_mark_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
