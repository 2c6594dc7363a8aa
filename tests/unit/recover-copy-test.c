/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verdict on an image after a crash during a copy. */
#include "lib/verdict-case.h"

#include <stdio.h>
#include <unistd.h>

/* Make the plan one of a copy to "copy.qcow2", which the guest switches to with @pivots. */
static char *
make_copy(const JournalCase *test, gboolean pivots)
{
    QblkPlan *plan = test->plan;
    char *copy = g_build_filename(test->directory, "copy.qcow2", NULL);
    assert_true(g_file_set_contents(copy, "x", 1, NULL));
    g_clear_pointer(&plan->merged, g_free);
    g_clear_pointer(&plan->merged_path, g_free);
    g_free(plan->partial);
    plan->partial = g_strdup(copy);
    g_ptr_array_set_size(plan->after, 0);
    g_ptr_array_add(plan->after,
                    qblk_plan_expectation_new("copy", "qcow2",
                                              pivots ? copy : verdict_case_file(plan->before)));
    return copy;
}

static void
an_incomplete_copy_is_recognized_from_both_ends(void **state)
{
    const JournalCase *test = *state;
    const char *source = verdict_case_file(test->plan->before);
    for (int pivots = FALSE; pivots <= TRUE; pivots++) {
        g_autofree char *copy = make_copy(test, pivots);
        g_autofree char *link_name = g_build_filename(test->directory, "link", NULL);
        assert_int_equal(symlink("copy.qcow2", link_name), 0);
        const char *const names[] = {source, copy, link_name};
        for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
            qblk_journal_leave(verdict_case_begin(test, QBLK_STAGE_STARTED));
            g_autoptr(QblkImageVerdict) verdict = verdict_case_settle(test, names[i]);
            assert_string_equal(verdict->boot, source);
            assert_string_equal(verdict->incomplete, copy);
            assert_int_equal(verdict->unused->len, 0);
        }
        assert_int_equal(unlink(link_name), 0);
        verdict_case_clear(copy);
    }
}

static void
an_incomplete_copy_stays_known_as_one(void **state)
{
    const JournalCase *test = *state;
    const char *source = verdict_case_file(test->plan->before);
    for (int pivots = FALSE; pivots <= TRUE; pivots++) {
        g_autofree char *copy = make_copy(test, pivots);
        qblk_journal_leave(verdict_case_begin(test, QBLK_STAGE_STARTED));
        for (int runs = 0; runs < 3; runs++) {
            g_autoptr(QblkImageVerdict) verdict =
                verdict_case_settle(test, runs == 0 ? source : copy);
            assert_string_equal(verdict->boot, source);
            assert_string_equal(verdict->incomplete, copy);
            assert_int_equal(verdict->unused->len, 0);
            if (runs > 0) {
                assert_int_equal(verdict->reason, QBLK_VERDICT_JOB_NOT_FINISHED);
            }
        }
        g_autoptr(QblkImageVerdict) of_source = verdict_case_settle(test, source);
        assert_null(of_source->boot);
        verdict_case_clear(copy);
    }
}

/* A journal from before the start of the job: only a file that QEMU may have created is a copy. */
static void
an_image_that_a_copy_has_not_touched_is_not_marked(void **state)
{
    const JournalCase *test = *state;
    g_autofree char *copy = make_copy(test, TRUE);
    for (int creates = FALSE; creates <= TRUE; creates++) {
        if (creates) {
            QblkStep *step = qblk_plan_step_new();
            step->purpose = g_strdup("create");
            step->command = g_strdup("blockdev-create");
            step->arguments = qblk_json_new_object();
            g_ptr_array_insert(test->plan->steps, 0, step);
        }
        qblk_journal_leave(verdict_case_begin(test, QBLK_STAGE_PLANNED));
        g_autoptr(QblkImageVerdict) verdict = verdict_case_settle(test, copy);
        assert_string_equal(verdict->boot, verdict_case_file(test->plan->before));
        assert_true((verdict->incomplete != NULL) == creates);
        g_autoptr(QblkMergedMark) mark = qblk_merged_mark_read(copy, test->directory);
        assert_true((mark != NULL) == creates);
    }
    verdict_case_clear(copy);
}

/* The guest was merged into its base since; the source has to be the one that was recorded. */
static void
the_source_of_an_incomplete_copy_is_followed(void **state)
{
    const JournalCase *test = *state;
    const char *source = verdict_case_file(test->plan->before);
    g_autofree char *copy = make_copy(test, TRUE);
    g_autofree char *newer = g_build_filename(test->directory, "newer.qcow2", NULL);
    g_autofree char *moved = g_build_filename(test->directory, "moved", NULL);
    qblk_journal_leave(verdict_case_begin(test, QBLK_STAGE_STARTED));
    g_autoptr(QblkImageVerdict) first = verdict_case_settle(test, copy);
    assert_string_equal(first->boot, source);
    assert_true(g_file_set_contents(newer, "x", 1, NULL));
    verdict_case_mark(source, newer, TRUE);
    g_autoptr(QblkImageVerdict) verdict = verdict_case_look(test, copy, NULL);
    assert_string_equal(verdict->boot, newer);
    assert_string_equal(verdict->incomplete, copy);
    assert_int_equal(verdict->unused->len, 1);
    assert_int_equal(verdict->reason, QBLK_VERDICT_HAS_ALL_DATA);
    qblk_merged_mark_remove(source, NULL);

    assert_int_equal(rename(source, moved), 0);
    verdict_case_assert_none(test, copy, QBLK_BLOCKJOB_ERROR_RESULT, "is an incomplete copy of");
    assert_true(g_file_set_contents(source, "", 0, NULL));
    verdict_case_assert_none(test, copy, QBLK_BLOCKJOB_ERROR_RESULT, "which another file has now");
    assert_int_equal(unlink(moved), 0);
    assert_int_equal(unlink(newer), 0);
    verdict_case_clear(copy);
}

static void
a_complete_copy_is_not_called_incomplete(void **state)
{
    const JournalCase *test = *state;
    g_autofree char *copy = make_copy(test, TRUE);
    qblk_journal_leave(verdict_case_begin(test, QBLK_STAGE_CLEANING));
    g_autoptr(QblkImageVerdict) verdict = verdict_case_look(test, copy, NULL);
    assert_string_equal(verdict->boot, copy);
    assert_null(verdict->incomplete);
    verdict_case_end(test);
    assert_int_equal(unlink(copy), 0);
}

/* `copy --reuse-external` into an image that was merged before. */
static void
an_image_that_was_overwritten_with_a_copy_loses_its_mark(void **state)
{
    const JournalCase *test = *state;
    const char *source = verdict_case_file(test->plan->before);
    g_autofree char *copy = make_copy(test, TRUE);
    verdict_case_mark(copy, source, TRUE);
    qblk_journal_leave(verdict_case_begin(test, QBLK_STAGE_CLEANING));
    g_autoptr(QblkImageVerdict) verdict = verdict_case_settle(test, copy);
    assert_string_equal(verdict->boot, copy);
    assert_null(qblk_merged_mark_read(copy, NULL));
    qblk_merged_mark_remove(source, NULL);
    assert_int_equal(unlink(copy), 0);
}

/* `copy --finish --reuse-external` into an incomplete copy. */
static void
a_copy_that_became_complete_loses_its_mark(void **state)
{
    const JournalCase *test = *state;
    g_autofree char *copy = make_copy(test, FALSE);
    qblk_journal_leave(verdict_case_begin(test, QBLK_STAGE_STARTED));
    g_autoptr(QblkImageVerdict) verdict = verdict_case_settle(test, copy);
    assert_string_equal(verdict->incomplete, copy);
    QblkExpectation *top = test->plan->before->pdata[0];
    g_free(top->format);
    top->format = g_strdup("raw"); /* the image is empty */
    while (test->plan->before->len > 1) {
        const QblkExpectation *lower = test->plan->before->pdata[1];
        (void)unlink(lower->filename);
        g_ptr_array_remove_index(test->plan->before, 1);
    }
    g_free(test->plan->copy);
    test->plan->copy = g_strdup(copy);
    qblk_journal_leave(verdict_case_begin(test, QBLK_STAGE_CLEANING));
    g_autoptr(QblkImageVerdict) ended = verdict_case_settle(test, copy);
    assert_null(ended->incomplete);
    assert_null(qblk_merged_mark_read(copy, test->directory));
    assert_int_equal(unlink(copy), 0);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        VERDICT_TEST(an_incomplete_copy_is_recognized_from_both_ends),
        VERDICT_TEST(an_incomplete_copy_stays_known_as_one),
        VERDICT_TEST(an_image_that_a_copy_has_not_touched_is_not_marked),
        VERDICT_TEST(the_source_of_an_incomplete_copy_is_followed),
        VERDICT_TEST(a_complete_copy_is_not_called_incomplete),
        VERDICT_TEST(an_image_that_was_overwritten_with_a_copy_loses_its_mark),
        VERDICT_TEST(a_copy_that_became_complete_loses_its_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
