/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/merged-mark-plan.h"

#include "lib/mark-case.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static QblkExpectation *
expect(QblkPlan *plan, const char *filename, const char *path)
{
    QblkExpectation *layer = qblk_plan_expectation_new(NULL, "qcow2", filename);
    g_free(layer->path);
    layer->path = g_strdup(path);
    g_ptr_array_add(plan->before, layer);
    return layer;
}

static void
the_path_of_a_file_is_used_and_not_its_name(void **state)
{
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
    const QblkExpectation *relative = expect(plan, "sub/x.qcow2", "/vm/sub/x.qcow2");
    assert_string_equal(qblk_merged_mark_path(relative), "/vm/sub/x.qcow2");
    const QblkExpectation *not_known = expect(plan, "/vm/x.qcow2", NULL);
    assert_string_equal(qblk_merged_mark_path(not_known), "/vm/x.qcow2");
    assert_null(qblk_merged_mark_path(expect(plan, "x.qcow2", NULL)));
    assert_null(qblk_merged_mark_path(expect(plan, NULL, NULL)));
    QblkExpectation *deleted = expect(plan, "/vm/x.qcow2", NULL);
    deleted->file = (QblkFileIdentity){8, 12};
    assert_null(qblk_merged_mark_path(deleted)); /* another file may have the name */
}

static void
a_plan_marks_the_path_of_its_image(void **state)
{
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
    const QblkMergedImages none = qblk_merged_mark_of_plan(plan);
    assert_null(none.image);
    plan->merged = g_strdup("top.qcow2");
    plan->merged_into = g_strdup("base.qcow2");
    const QblkMergedImages nameless = qblk_merged_mark_of_plan(plan);
    assert_null(nameless.image);
    assert_string_equal(nameless.into, "base.qcow2");
    plan->merged_path = g_strdup("/vm/top.qcow2");
    plan->merged_into_path = g_strdup("/vm/base.qcow2");
    const QblkMergedImages both = qblk_merged_mark_of_plan(plan);
    assert_string_equal(both.image, "/vm/top.qcow2");
    assert_string_equal(both.into, "/vm/base.qcow2");
}

static void
a_plan_for_a_merged_image_is_refused(void **state)
{
    const MarkCase *test = *state;
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
    (void)expect(plan, "nbd://host/disk", NULL);
    (void)expect(plan, "top.qcow2", test->image);
    for (int is_done = FALSE; is_done <= TRUE; is_done++) {
        GError *error = NULL;
        mark_case_write(test, test->image, is_done);
        g_autoptr(QblkMergedMarks) marks = qblk_merged_marks_load(test->state_dir);
        assert_false(qblk_merged_mark_check(plan, marks, &error));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                     is_done ? "it was merged into" : "it may have been merged into");
    }
    qblk_merged_mark_remove(test->image, test->state_dir);
    g_autoptr(QblkMergedMarks) marks = qblk_merged_marks_load(test->state_dir);
    assert_true(qblk_merged_mark_check(plan, marks, NULL));
    mark_case_assert_tidy(test);
}

static void
a_merged_image_does_not_become_the_active_one(void **state)
{
    const MarkCase *test = *state;
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
    QblkExpectation *overlay = qblk_plan_expectation_new("new", "qcow2", test->image);
    GError *error = NULL;
    g_ptr_array_add(plan->after, overlay);
    mark_case_write(test, test->image, TRUE);
    g_autoptr(QblkMergedMarks) marks = qblk_merged_marks_load(test->state_dir);
    assert_false(qblk_merged_mark_check(plan, marks, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "it was merged into");

    qblk_plan_add_created(plan, test->image, "qcow2", 65536, NULL);
    assert_true(qblk_merged_mark_check(plan, marks, NULL));
    qblk_merged_mark_remove(test->image, test->state_dir);
    mark_case_assert_tidy(test);
}

/* The copy has a name that leads to another file later, or the same one. */
static void
an_incomplete_copy_is_marked(void **state)
{
    const MarkCase *test = *state;
    g_autoptr(QblkPlan) copying = qblk_plan_new_empty();
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
    g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_free);
    GError *error = NULL;
    (void)expect(copying, test->base, test->base);
    (void)expect(plan, test->image, test->image);
    copying->partial = g_strdup(test->base);
    assert_true(
        qblk_merged_mark_write_partial(copying, test->state_dir, NULL)); /* not onto itself */
    assert_null(qblk_merged_mark_read(test->base, test->state_dir));
    g_free(copying->partial);
    copying->partial = g_strdup(test->image);
    assert_true(qblk_merged_mark_write_partial(copying, test->state_dir, NULL));

    g_autoptr(QblkMergedMarks) marks = qblk_merged_marks_load(test->state_dir);
    g_autoptr(QblkMergedMark) mark = qblk_merged_marks_find(marks, test->image);
    assert_true(mark->is_copy && !mark->is_done && qblk_merged_mark_is_final(mark));
    assert_string_equal(mark->into, test->base);
    assert_false(qblk_merged_mark_check(plan, marks, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "is an incomplete copy of");
    qblk_merged_mark_tidy_plan(copying, removed);
    assert_int_equal(removed->len, 0);

    g_autofree char *new = g_build_filename(test->directory, "new", NULL);
    assert_true(g_file_set_contents(new, "x", 1, NULL));
    assert_int_equal(g_rename(new, test->image), 0);
    assert_true(qblk_merged_mark_check(plan, marks, NULL));
    qblk_merged_mark_tidy_plan(copying, removed);
    assert_int_equal(removed->len, 1);
    assert_non_null(strstr(removed->pdata[0], "which was an incomplete copy of"));
    mark_case_assert_tidy(test);
}

/* `copy --finish`, or the end of a copy with `job --pivot`, have no partial file. */
static void
the_file_of_a_copy_is_known_of_all_plans_that_end_one(void **state)
{
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
    (void)expect(plan, "/vm/top", "/vm/top");
    assert_null(qblk_merged_mark_copy_of_plan(plan));
    plan->copy = g_strdup("/vm/copy");
    assert_string_equal(qblk_merged_mark_copy_of_plan(plan), "/vm/copy");
    g_clear_pointer(&plan->copy, g_free);
    g_ptr_array_add(plan->after, qblk_plan_expectation_new(NULL, "qcow2", "/vm/new"));
    assert_null(qblk_merged_mark_copy_of_plan(plan)); /* a new overlay */
    plan->existing_job = TRUE;
    assert_string_equal(qblk_merged_mark_copy_of_plan(plan), "/vm/new");
    plan->merged = g_strdup("/vm/top");
    assert_null(qblk_merged_mark_copy_of_plan(plan));
}

static void
the_mark_of_an_earlier_file_is_no_obstacle(void **state)
{
    const MarkCase *test = *state;
    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
    g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(QblkMergedMarks) marks = qblk_merged_marks_load(test->state_dir);
    g_autofree char *new = g_build_filename(test->directory, "new", NULL);
    (void)expect(plan, "top.qcow2", test->image);
    mark_case_write(test, test->image, TRUE);
    qblk_merged_mark_tidy_plan(plan, removed);
    assert_int_equal(removed->len, 0);
    assert_true(g_file_set_contents(new, "x", 1, NULL));
    assert_int_equal(g_rename(new, test->image), 0);
    assert_true(qblk_merged_mark_check(plan, marks, NULL));
    qblk_merged_mark_tidy_plan(plan, removed);
    assert_int_equal(removed->len, 1);
    assert_false(g_file_test(test->beside, G_FILE_TEST_EXISTS));
    mark_case_assert_tidy(test);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_path_of_a_file_is_used_and_not_its_name),
        cmocka_unit_test(a_plan_marks_the_path_of_its_image),
        cmocka_unit_test(the_file_of_a_copy_is_known_of_all_plans_that_end_one),
        MARK_TEST(a_plan_for_a_merged_image_is_refused),
        MARK_TEST(a_merged_image_does_not_become_the_active_one),
        MARK_TEST(an_incomplete_copy_is_marked),
        MARK_TEST(the_mark_of_an_earlier_file_is_no_obstacle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
