/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/mark-case.h"

#include <glib/gstdio.h>
#include <string.h>

int
mark_case_set_up(void **state)
{
    MarkCase *test = g_new0(MarkCase, 1);
    test->directory = g_dir_make_tmp("qblk-mark-XXXXXX", NULL);
    test->state_dir = g_dir_make_tmp("qblk-state-XXXXXX", NULL);
    test->image = g_build_filename(test->directory, "top.qcow2", NULL);
    test->base = g_build_filename(test->directory, "base.qcow2", NULL);
    test->beside = g_strconcat(test->image, ".qblk-merged", NULL);
    assert_true(g_file_set_contents(test->image, "x", 1, NULL));
    assert_true(g_file_set_contents(test->base, "x", 1, NULL));
    *state = test;
    return 0;
}

int
mark_case_tear_down(void **state)
{
    MarkCase *test = *state;
    g_free(test->directory);
    g_free(test->state_dir);
    g_free(test->image);
    g_free(test->base);
    g_free(test->beside);
    g_free(test);
    return 0;
}

void
mark_case_write(const MarkCase *test, const char *image, gboolean is_done)
{
    g_autoptr(GError) error = NULL;
    const QblkMergedImages images = {.image = image, .into = test->base};
    gboolean done = qblk_merged_mark_write(&images, test->state_dir, is_done, &error);
    assert_no_error(error);
    assert_true(done);
}

char *
mark_case_block_beside(const MarkCase *test)
{
    char *path = g_strconcat(test->beside, ".new", NULL);
    assert_int_equal(g_mkdir(path, 0700), 0);
    return path;
}

static guint
count(const MarkCase *test, const GPtrArray *removed)
{
    for (guint i = 0; i < removed->len; i++) {
        assert_true(g_str_has_prefix(removed->pdata[i], "removed '"));
        assert_non_null(strstr(removed->pdata[i], test->base));
    }
    return removed->len;
}

guint
mark_case_tidy_beside(const MarkCase *test)
{
    g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_free);
    qblk_merged_mark_tidy_beside(test->image, removed);
    return count(test, removed);
}

guint
mark_case_tidy_stored(const MarkCase *test)
{
    g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(QblkMergedMarks) marks = qblk_merged_marks_load(test->state_dir);
    qblk_merged_marks_tidy(marks, removed);
    return count(test, removed);
}

void
mark_case_assert_tidy(const MarkCase *test)
{
    g_autofree char *merged = g_build_filename(test->state_dir, "merged", NULL);
    assert_int_equal(g_unlink(test->image), 0);
    assert_int_equal(g_unlink(test->base), 0);
    (void)g_rmdir(merged); /* it exists once it was needed, and is empty */
    assert_int_equal(g_rmdir(test->state_dir), 0);
    assert_int_equal(g_rmdir(test->directory), 0);
}
