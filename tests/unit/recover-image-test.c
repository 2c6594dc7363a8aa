/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verdict on an image after a crash, from its journal or mark alone. */
#include "lib/verdict-case.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* The images of the plan are empty, so that they cannot be compared. */
static void
the_image_to_boot_from_depends_on_the_stage(void **state)
{
    const JournalCase *test = *state;
    const char *before = verdict_case_file(test->plan->before),
               *after = verdict_case_file(test->plan->after);
    const struct {
        QblkStage stage;
        const char *boot;
    } rows[] = {{QBLK_STAGE_PLANNED, before},
                {QBLK_STAGE_STARTED, before},
                {QBLK_STAGE_PIVOTING, NULL},
                {QBLK_STAGE_CLEANING, after}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        qblk_journal_leave(verdict_case_begin(test, rows[i].stage));
        if (rows[i].boot == NULL) {
            verdict_case_assert_none(test, before, QBLK_BLOCKJOB_ERROR_RESULT, "is not known");
        } else {
            verdict_case_assert_boots(test, before, rows[i].boot);
        }
        verdict_case_end(test);
    }
}

static void
an_image_that_another_process_works_on_is_refused(void **state)
{
    const JournalCase *test = *state;
    QblkJournal *journal = verdict_case_begin(test, QBLK_STAGE_STARTED);
    verdict_case_assert_none(test, verdict_case_file(test->plan->before),
                             QBLK_BLOCKJOB_ERROR_REFUSED, "another qblk process is working on it");
    qblk_journal_end(journal);
}

static void
a_final_mark_names_the_image_with_the_data(void **state)
{
    const JournalCase *test = *state;
    const char *base = verdict_case_file(test->plan->after);
    g_autofree char *image = g_build_filename(test->directory, "old.qcow2", NULL);
    verdict_case_mark(image, base, FALSE);
    verdict_case_assert_none(test, image, QBLK_BLOCKJOB_ERROR_RESULT, "may have been merged");
    verdict_case_mark(image, base, TRUE);
    verdict_case_assert_boots(test, image, base);
    verdict_case_clear(image);
}

static void
the_image_with_the_data_has_to_be_the_one_that_was_recorded(void **state)
{
    const JournalCase *test = *state;
    const char *base = verdict_case_file(test->plan->after);
    g_autofree char *image = g_build_filename(test->directory, "old.qcow2", NULL);
    g_autofree char *new = g_build_filename(test->directory, "new", NULL);
    verdict_case_mark(image, base, TRUE);
    assert_true(g_file_set_contents(new, "x", 1, NULL));
    assert_int_equal(rename(new, base), 0);
    verdict_case_assert_none(test, image, QBLK_BLOCKJOB_ERROR_RESULT, "which another file has now");
    assert_int_equal(unlink(base), 0);
    verdict_case_assert_none(test, image, QBLK_BLOCKJOB_ERROR_RESULT,
                             "cannot be opened: No such file");

    /* An image that was moved together with its mark. */
    g_autofree char *moved = g_build_filename(test->directory, "moved.qcow2", NULL);
    g_autofree char *mark = g_strconcat(image, ".qblk-merged", NULL);
    g_autofree char *moved_mark = g_strconcat(moved, ".qblk-merged", NULL);
    g_autofree char *message = g_strdup_printf("'%s' was merged into", moved);
    assert_int_equal(rename(image, moved), 0);
    assert_int_equal(rename(mark, moved_mark), 0);
    verdict_case_assert_none(test, moved, QBLK_BLOCKJOB_ERROR_RESULT, message);
    verdict_case_clear(moved);

    const char *before = verdict_case_file(test->plan->before);
    QblkExpectation *top = test->plan->before->pdata[0];
    top->file = (QblkFileIdentity){1, 2};
    qblk_journal_leave(verdict_case_begin(test, QBLK_STAGE_STARTED));
    verdict_case_assert_none(test, before, QBLK_BLOCKJOB_ERROR_RESULT,
                             "another file has this name now");
    assert_int_equal(unlink(before), 0);
    verdict_case_assert_none(test, before, QBLK_BLOCKJOB_ERROR_RESULT,
                             "cannot be opened: No such file");
    verdict_case_end(test);
}

/* It may have been merged since into one that was merged as well. */
static void
marks_are_followed_to_the_image_that_has_all_data(void **state)
{
    const JournalCase *test = *state;
    const char *base = verdict_case_file(test->plan->after);
    g_autofree char *upper = g_build_filename(test->directory, "upper.qcow2", NULL);
    g_autofree char *lower = g_build_filename(test->directory, "lower.qcow2", NULL);
    verdict_case_mark(lower, base, TRUE);
    verdict_case_mark(upper, lower, TRUE);
    verdict_case_assert_boots(test, upper, base);
    g_autoptr(QblkImageVerdict) verdict = verdict_case_look(test, upper, NULL);
    assert_int_equal(verdict->unused->len, 2);
    assert_string_equal(verdict->unused->pdata[0], upper);
    assert_string_equal(verdict->unused->pdata[1], lower);
    const char *const *unused = qblk_image_verdict_get_unused(verdict);
    assert_string_equal(unused[0], upper);
    assert_string_equal(unused[1], lower);
    assert_null(unused[2]);
    assert_null(qblk_image_verdict_get_warnings(verdict)[0]);
    verdict_case_mark(lower, base, FALSE);
    verdict_case_assert_none(test, upper, QBLK_BLOCKJOB_ERROR_RESULT, "may have been merged");
    verdict_case_mark(lower, upper, TRUE);
    verdict_case_assert_none(test, upper, QBLK_BLOCKJOB_ERROR_RESULT, "cycle");
    verdict_case_clear(upper);
    verdict_case_clear(lower);
}

static void
nothing_is_known_of_an_image_without_journal_and_mark(void **state)
{
    const JournalCase *test = *state;
    g_autofree char *image = g_build_filename(test->directory, "new.qcow2", NULL);
    g_autofree char *moved = g_build_filename(test->directory, "moved", NULL);
    verdict_case_mark(image, verdict_case_file(test->plan->after), TRUE);
    assert_int_equal(rename(image, moved), 0);
    assert_true(g_file_set_contents(image, "x", 1, NULL)); /* the mark is of an earlier file */
    g_autoptr(QblkImageVerdict) verdict = verdict_case_settle(test, image);
    assert_null(verdict->boot);
    assert_int_equal(verdict->reason, QBLK_VERDICT_NO_OPERATION);
    assert_string_equal(verdict->image, image);
    verdict_case_clear(image);
    assert_int_equal(unlink(moved), 0);
}

static void
what_is_not_an_image_has_no_verdict(void **state)
{
    const JournalCase *test = *state;
    const char *const paths[] = {"/nonexistent", "/dev/null", test->directory};
    const char *const parts[] = {"cannot open the image '/nonexistent': No such file",
                                 "'/dev/null' is not an image", "is not an image"};
    g_autoptr(QblkRecoverOptions) options = qblk_recover_options_new();
    qblk_recover_options_set_state_directory(options, test->directory);
    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        GError *error = NULL;
        assert_null(qblk_recover_image(paths[i], options, &error));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, parts[i]);
    }
}

/* The mark is made final before the journal records that, and it is older than any new journal. */
static void
a_final_mark_overrules_the_journal(void **state)
{
    JournalCase *test = *state;
    g_autofree char *image = g_build_filename(test->directory, "old.qcow2", NULL);
    const char *after = verdict_case_file(test->plan->after);
    g_free(test->plan->merged_path);
    g_free(test->plan->merged_into_path);
    test->plan->merged_path = g_strdup(image);
    test->plan->merged_into_path = g_strdup(after);
    verdict_case_mark(image, after, TRUE);
    qblk_journal_leave(verdict_case_begin(test, QBLK_STAGE_PIVOTING));
    verdict_case_assert_boots(test, verdict_case_file(test->plan->before), after);
    verdict_case_end(test);
    qblk_journal_leave(verdict_case_begin(test, QBLK_STAGE_STARTED));
    verdict_case_assert_none(test, verdict_case_file(test->plan->before),
                             QBLK_BLOCKJOB_ERROR_RESULT, "one of them is out of date");
    verdict_case_end(test);
    verdict_case_clear(image);
}

/* As of a VM without a uuid that was started again at another address. */
static void
two_journals_of_one_image_are_an_error(void **state)
{
    const JournalCase *test = *state;
    JournalCase other = *test;
    other.vm.address = g_strdup("/other.sock");
    other.vm.uuid = NULL;
    qblk_journal_leave(verdict_case_begin(test, QBLK_STAGE_STARTED));
    qblk_journal_leave(verdict_case_begin(&other, QBLK_STAGE_CLEANING));
    verdict_case_assert_none(test, verdict_case_file(test->plan->before),
                             QBLK_BLOCKJOB_ERROR_RESULT, "is named by two journals");
    verdict_case_end(test);
    verdict_case_end(test);
    g_free(other.vm.address);
}

static void
an_image_that_is_in_use_is_refused(void **state)
{
    const JournalCase *test = *state;
    g_autofree char *image = g_build_filename(test->directory, "old.qcow2", NULL);
    verdict_case_mark(image, "/base", TRUE);
    int fd = open(image, O_RDWR | O_CLOEXEC);
    struct flock range = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 201, .l_len = 1};
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &range), 0);
    verdict_case_assert_none(test, image, QBLK_BLOCKJOB_ERROR_REFUSED, "is in use by");
    close(fd);
    verdict_case_clear(image);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        VERDICT_TEST(the_image_to_boot_from_depends_on_the_stage),
        VERDICT_TEST(an_image_that_another_process_works_on_is_refused),
        VERDICT_TEST(a_final_mark_names_the_image_with_the_data),
        VERDICT_TEST(the_image_with_the_data_has_to_be_the_one_that_was_recorded),
        VERDICT_TEST(marks_are_followed_to_the_image_that_has_all_data),
        VERDICT_TEST(nothing_is_known_of_an_image_without_journal_and_mark),
        VERDICT_TEST(what_is_not_an_image_has_no_verdict),
        VERDICT_TEST(a_final_mark_overrules_the_journal),
        VERDICT_TEST(two_journals_of_one_image_are_an_error),
        VERDICT_TEST(an_image_that_is_in_use_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
