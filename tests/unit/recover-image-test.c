/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verdict on an image after a crash, from its journal or mark alone. */
#include "recover/recover-image.h"

#include "blockjob/merged-mark.h"
#include "lib/journal-case.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* The verdict on @image, of which a journal or a mark tells; NULL with an error. */
static QblkImageVerdict *
look(const JournalCase *test, const char *image, GError **error)
{
    QblkImageVerdict *verdict = NULL;
    gboolean done = qblk_recover_image_check(test->directory, image, &verdict, error);
    assert_true(done == (verdict != NULL));
    return verdict;
}

static void
assert_boots(const JournalCase *test, const char *image, const char *boot)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkImageVerdict) verdict = look(test, image, &error);
    assert_no_error(error);
    assert_string_equal(verdict->boot, boot);
}

/* It is an error of the code @code that has @part in its message. */
static void
assert_no_verdict(const JournalCase *test, const char *image, QblkBlockjobError code,
                  const char *part)
{
    GError *error = NULL;
    assert_null(look(test, image, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, (int)code, part);
}

static const char *
file_of(const GPtrArray *layers)
{
    return ((const QblkExpectation *)layers->pdata[0])->filename;
}

static QblkJournal *
begin_at(const JournalCase *test, QblkStage stage)
{
    QblkJournal *journal = journal_case_begin(test);
    journal_case_note(journal, stage);
    return journal;
}

static void
end_left(const JournalCase *test)
{
    g_autoptr(GPtrArray) records = journal_case_list(test);
    qblk_journal_end(qblk_journal_resume(records->pdata[0], NULL));
}

/* The images of the plan are not there, so that they cannot be compared. */
static void
the_image_to_boot_from_depends_on_the_stage(void **state)
{
    const JournalCase *test = *state;
    const char *before = file_of(test->plan->before), *after = file_of(test->plan->after);
    const struct {
        QblkStage stage;
        const char *boot;
    } rows[] = {{QBLK_STAGE_PLANNED, before},
                {QBLK_STAGE_STARTED, before},
                {QBLK_STAGE_PIVOTING, NULL},
                {QBLK_STAGE_CLEANING, after}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        qblk_journal_leave(begin_at(test, rows[i].stage));
        if (rows[i].boot == NULL) {
            assert_no_verdict(test, before, QBLK_BLOCKJOB_ERROR_RESULT, "is not known");
        } else {
            assert_boots(test, before, rows[i].boot);
        }
        end_left(test);
    }
}

static void
an_image_that_another_process_works_on_is_refused(void **state)
{
    const JournalCase *test = *state;
    QblkJournal *journal = begin_at(test, QBLK_STAGE_STARTED);
    assert_no_verdict(test, file_of(test->plan->before), QBLK_BLOCKJOB_ERROR_REFUSED,
                      "another qblk process is working on it");
    qblk_journal_end(journal);
}

static void
mark_into(const char *image, const char *into, gboolean is_done)
{
    g_autoptr(GError) error = NULL;
    if (!g_file_test(image, G_FILE_TEST_EXISTS)) {
        assert_true(g_file_set_contents(image, "x", 1, NULL));
    }
    if (!qblk_merged_mark_write(image, into, is_done, &error)) {
        assert_no_error(error);
    }
}

static void
mark(const char *image, gboolean is_done)
{
    mark_into(image, "/base", is_done);
}

static void
clear(const char *image)
{
    qblk_merged_mark_remove(image);
    assert_int_equal(unlink(image), 0);
}

static void
a_final_mark_names_the_image_with_the_data(void **state)
{
    const JournalCase *test = *state;
    g_autofree char *image = g_build_filename(test->directory, "old.qcow2", NULL);
    mark(image, FALSE);
    assert_no_verdict(test, image, QBLK_BLOCKJOB_ERROR_RESULT, "may have been merged");
    mark(image, TRUE);
    assert_boots(test, image, "/base");
    clear(image);
}

/* It may have been merged since into one that was merged as well. */
static void
marks_are_followed_to_the_image_that_has_all_data(void **state)
{
    const JournalCase *test = *state;
    g_autofree char *upper = g_build_filename(test->directory, "upper.qcow2", NULL);
    g_autofree char *lower = g_build_filename(test->directory, "lower.qcow2", NULL);
    mark_into(upper, lower, TRUE);
    mark_into(lower, "/base", TRUE);
    assert_boots(test, upper, "/base");
    g_autoptr(QblkImageVerdict) verdict = look(test, upper, NULL);
    assert_int_equal(verdict->unused->len, 2);
    assert_string_equal(verdict->unused->pdata[0], upper);
    assert_string_equal(verdict->unused->pdata[1], lower);
    mark_into(lower, "/base", FALSE);
    assert_no_verdict(test, upper, QBLK_BLOCKJOB_ERROR_RESULT, "may have been merged");
    mark_into(lower, upper, TRUE);
    assert_no_verdict(test, upper, QBLK_BLOCKJOB_ERROR_RESULT, "cycle");
    clear(upper);
    clear(lower);
}

static void
a_mark_of_another_file_of_that_name_is_an_error(void **state)
{
    const JournalCase *test = *state;
    g_autofree char *image = g_build_filename(test->directory, "old.qcow2", NULL);
    g_autofree char *moved = g_build_filename(test->directory, "moved", NULL);
    mark(image, TRUE);
    assert_int_equal(rename(image, moved), 0);
    assert_true(g_file_set_contents(image, "x", 1, NULL));
    assert_no_verdict(test, image, QBLK_BLOCKJOB_ERROR_RESULT, "created later");
    clear(image);
    assert_int_equal(unlink(moved), 0);
}

/* The mark is made final before the journal records that, and it is older than any new journal. */
static void
a_final_mark_overrules_the_journal(void **state)
{
    JournalCase *test = *state;
    g_autofree char *image = g_build_filename(test->directory, "old.qcow2", NULL);
    const char *after = file_of(test->plan->after);
    g_free(test->plan->merged);
    g_free(test->plan->merged_into);
    test->plan->merged = g_strdup(image);
    test->plan->merged_into = g_strdup(after);
    mark(image, TRUE);
    qblk_journal_leave(begin_at(test, QBLK_STAGE_PIVOTING));
    assert_boots(test, file_of(test->plan->before), after);
    end_left(test);
    qblk_journal_leave(begin_at(test, QBLK_STAGE_STARTED));
    assert_no_verdict(test, file_of(test->plan->before), QBLK_BLOCKJOB_ERROR_RESULT,
                      "one of them is out of date");
    end_left(test);
    clear(image);
}

/* As of a VM without a uuid that was started again at another address. */
static void
two_journals_of_one_image_are_an_error(void **state)
{
    const JournalCase *test = *state;
    JournalCase other = *test;
    other.vm.address = g_strdup("/other.sock");
    other.vm.uuid = NULL;
    qblk_journal_leave(begin_at(test, QBLK_STAGE_STARTED));
    qblk_journal_leave(begin_at(&other, QBLK_STAGE_CLEANING));
    assert_no_verdict(test, file_of(test->plan->before), QBLK_BLOCKJOB_ERROR_RESULT,
                      "is named by two journals");
    end_left(test);
    end_left(test);
    g_free(other.vm.address);
}

static void
an_image_that_is_in_use_is_refused(void **state)
{
    const JournalCase *test = *state;
    g_autofree char *image = g_build_filename(test->directory, "old.qcow2", NULL);
    mark(image, TRUE);
    int fd = open(image, O_RDWR | O_CLOEXEC);
    struct flock range = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 201, .l_len = 1};
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &range), 0);
    assert_no_verdict(test, image, QBLK_BLOCKJOB_ERROR_REFUSED, "is in use by");
    close(fd);
    clear(image);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_image_to_boot_from_depends_on_the_stage,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(an_image_that_another_process_works_on_is_refused,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(a_final_mark_names_the_image_with_the_data,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(marks_are_followed_to_the_image_that_has_all_data,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(a_mark_of_another_file_of_that_name_is_an_error,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(a_final_mark_overrules_the_journal, journal_case_set_up,
                                        journal_case_tear_down),
        cmocka_unit_test_setup_teardown(two_journals_of_one_image_are_an_error, journal_case_set_up,
                                        journal_case_tear_down),
        cmocka_unit_test_setup_teardown(an_image_that_is_in_use_is_refused, journal_case_set_up,
                                        journal_case_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
