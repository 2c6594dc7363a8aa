/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/merged-mark.h"

#include "lib/check.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static void
a_mark_is_written_read_and_removed(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = g_dir_make_tmp("qblk-mark-XXXXXX", NULL);
    g_autofree char *image = g_build_filename(directory, "top.qcow2", NULL);
    assert_true(g_file_set_contents(image, "x", 1, NULL));
    assert_null(qblk_merged_mark_read(image));
    for (int is_done = FALSE; is_done <= TRUE; is_done++) {
        assert_true(qblk_merged_mark_write(image, "/d/base.qcow2", is_done, &error));
        assert_no_error(error);
        g_autoptr(QblkMergedMark) mark = qblk_merged_mark_read(image);
        assert_non_null(mark);
        assert_string_equal(mark->image, image);
        assert_string_equal(mark->into, "/d/base.qcow2");
        assert_int_equal(mark->is_done, is_done);
    }
    qblk_merged_mark_remove(image);
    assert_null(qblk_merged_mark_read(image));
    assert_int_equal(g_unlink(image), 0);
    assert_int_equal(g_rmdir(directory), 0); /* nothing else is there */
}

static void
a_mark_that_cannot_be_parsed_is_a_mark(void **state)
{
    g_autofree char *directory = g_dir_make_tmp("qblk-mark-XXXXXX", NULL);
    g_autofree char *image = g_build_filename(directory, "top.qcow2", NULL);
    g_autofree char *path = g_strconcat(image, ".qblk-merged", NULL);
    assert_true(g_file_set_contents(path, "{\"half", 6, NULL));
    g_autoptr(QblkMergedMark) mark = qblk_merged_mark_read(image);
    assert_non_null(mark);
    assert_null(mark->into);
    assert_false(mark->is_done);
    qblk_merged_mark_remove(image);
    assert_int_equal(g_rmdir(directory), 0);
}

/* A snapshot that got the name of one that was merged, and deleted. */
static void
a_new_image_of_that_name_is_not_the_marked_one(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = g_dir_make_tmp("qblk-mark-XXXXXX", NULL);
    g_autofree char *image = g_build_filename(directory, "top.qcow2", NULL);
    g_autofree char *moved = g_build_filename(directory, "moved", NULL);
    assert_true(g_file_set_contents(image, "x", 1, NULL));
    assert_true(qblk_merged_mark_write(image, "/d/base.qcow2", TRUE, &error));
    g_autoptr(QblkMergedMark) same = qblk_merged_mark_read(image);
    assert_false(same->is_of_another);
    assert_int_equal(g_rename(image, moved), 0); /* so that nothing gets its number */
    g_autoptr(QblkMergedMark) gone = qblk_merged_mark_read(image);
    assert_false(gone->is_of_another);
    assert_true(g_file_set_contents(image, "x", 1, NULL));
    g_autoptr(QblkMergedMark) other = qblk_merged_mark_read(image);
    assert_true(other->is_of_another);
    g_autofree char *text = qblk_merged_mark_describe_other(other);
    assert_non_null(strstr(text, "/d/base.qcow2"));
    assert_non_null(strstr(text, "top.qcow2.qblk-merged' if"));
    qblk_merged_mark_remove(image);
    assert_int_equal(g_unlink(image), 0);
    assert_int_equal(g_unlink(moved), 0);
    assert_int_equal(g_rmdir(directory), 0);
}

static void
an_image_of_another_machine_gets_no_mark(void **state)
{
    g_autoptr(GError) error = NULL;
    assert_true(qblk_merged_mark_write("/nonexistent/top.qcow2", "/d/base", FALSE, &error));
    assert_no_error(error);
    GError *fault = NULL;
    assert_false(qblk_merged_mark_write("/proc/self/stat", "/d/base", FALSE, &fault));
    assert_error(fault, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED, "cannot mark");
}

/* The directory may be that of a QEMU that its guest has taken over. */
static void
nothing_but_the_mark_is_written(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = g_dir_make_tmp("qblk-mark-XXXXXX", NULL);
    g_autofree char *image = g_build_filename(directory, "top.qcow2", NULL);
    g_autofree char *new = g_strconcat(image, ".qblk-merged.new", NULL);
    g_autofree char *victim = g_build_filename(directory, "victim", NULL);
    assert_true(g_file_set_contents(image, "x", 1, NULL));
    assert_true(g_file_set_contents(victim, "precious", -1, NULL));
    for (int is_link = FALSE; is_link <= TRUE; is_link++) {
        assert_int_equal(is_link ? symlink(victim, new) : link(victim, new), 0);
        assert_true(qblk_merged_mark_write(image, "/d/base.qcow2", FALSE, &error));
        assert_no_error(error);
        g_autofree char *text = NULL;
        assert_true(g_file_get_contents(victim, &text, NULL, NULL));
        assert_string_equal(text, "precious");
        g_autoptr(QblkMergedMark) mark = qblk_merged_mark_read(image);
        assert_string_equal(mark->into, "/d/base.qcow2");
        qblk_merged_mark_remove(image);
    }
    assert_int_equal(g_unlink(image), 0);
    assert_int_equal(g_unlink(victim), 0);
    assert_int_equal(g_rmdir(directory), 0);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_is_written_read_and_removed),
        cmocka_unit_test(a_mark_that_cannot_be_parsed_is_a_mark),
        cmocka_unit_test(a_new_image_of_that_name_is_not_the_marked_one),
        cmocka_unit_test(an_image_of_another_machine_gets_no_mark),
        cmocka_unit_test(nothing_but_the_mark_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
