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

/* The files of the plan, empty images in the directory of the test. */
static void
set_file(const JournalCase *test, char **filename)
{
    g_autofree char *name = g_path_get_basename(*filename);
    g_free(*filename);
    *filename = g_build_filename(test->directory, name, NULL);
    assert_true(g_file_set_contents(*filename, "", 0, NULL));
}

static void
set_files(const JournalCase *test, const GPtrArray *layers)
{
    for (guint i = 0; i < layers->len; i++) {
        QblkExpectation *layer = layers->pdata[i];
        set_file(test, &layer->filename);
        g_free(layer->path);
        layer->path = g_strdup(layer->filename);
    }
}

static int
set_up(void **state)
{
    (void)journal_case_set_up(state);
    const JournalCase *test = *state;
    set_files(test, test->plan->before);
    set_files(test, test->plan->after);
    return 0;
}

static int
tear_down(void **state)
{
    const JournalCase *test = *state;
    const GPtrArray *chains[] = {test->plan->before, test->plan->after};
    for (gsize i = 0; i < G_N_ELEMENTS(chains); i++) {
        for (guint j = 0; j < chains[i]->len; j++) {
            (void)unlink(((const QblkExpectation *)chains[i]->pdata[j])->filename);
        }
    }
    return journal_case_tear_down(state);
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

/* The images of the plan are empty, so that they cannot be compared. */
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
    const QblkMergedImages images = {.image = image, .into = into};
    if (!g_file_test(image, G_FILE_TEST_EXISTS)) {
        assert_true(g_file_set_contents(image, "x", 1, NULL));
    }
    gboolean done = qblk_merged_mark_write(&images, NULL, is_done, &error);
    assert_no_error(error);
    assert_true(done);
}

static void
clear(const char *image)
{
    qblk_merged_mark_remove(image, NULL);
    (void)unlink(image);
}

static void
a_final_mark_names_the_image_with_the_data(void **state)
{
    const JournalCase *test = *state;
    const char *base = file_of(test->plan->after);
    g_autofree char *image = g_build_filename(test->directory, "old.qcow2", NULL);
    mark_into(image, base, FALSE);
    assert_no_verdict(test, image, QBLK_BLOCKJOB_ERROR_RESULT, "may have been merged");
    mark_into(image, base, TRUE);
    assert_boots(test, image, base);
    clear(image);
}

static void
the_image_with_the_data_has_to_be_the_one_that_was_recorded(void **state)
{
    const JournalCase *test = *state;
    const char *base = file_of(test->plan->after);
    g_autofree char *image = g_build_filename(test->directory, "old.qcow2", NULL);
    g_autofree char *new = g_build_filename(test->directory, "new", NULL);
    mark_into(image, base, TRUE);
    assert_true(g_file_set_contents(new, "x", 1, NULL));
    assert_int_equal(rename(new, base), 0);
    assert_no_verdict(test, image, QBLK_BLOCKJOB_ERROR_RESULT, "which another file has now");
    assert_int_equal(unlink(base), 0);
    assert_no_verdict(test, image, QBLK_BLOCKJOB_ERROR_RESULT, "cannot be opened: No such file");
    clear(image);

    const char *before = file_of(test->plan->before);
    QblkExpectation *top = test->plan->before->pdata[0];
    top->file = (QblkFileIdentity){1, 2};
    qblk_journal_leave(begin_at(test, QBLK_STAGE_STARTED));
    assert_no_verdict(test, before, QBLK_BLOCKJOB_ERROR_RESULT, "another file has this name now");
    assert_int_equal(unlink(before), 0);
    assert_no_verdict(test, before, QBLK_BLOCKJOB_ERROR_RESULT, "cannot be opened: No such file");
    end_left(test);
}

/* It may have been merged since into one that was merged as well. */
static void
marks_are_followed_to_the_image_that_has_all_data(void **state)
{
    const JournalCase *test = *state;
    const char *base = file_of(test->plan->after);
    g_autofree char *upper = g_build_filename(test->directory, "upper.qcow2", NULL);
    g_autofree char *lower = g_build_filename(test->directory, "lower.qcow2", NULL);
    mark_into(lower, base, TRUE);
    mark_into(upper, lower, TRUE);
    assert_boots(test, upper, base);
    g_autoptr(QblkImageVerdict) verdict = look(test, upper, NULL);
    assert_int_equal(verdict->unused->len, 2);
    assert_string_equal(verdict->unused->pdata[0], upper);
    assert_string_equal(verdict->unused->pdata[1], lower);
    mark_into(lower, base, FALSE);
    assert_no_verdict(test, upper, QBLK_BLOCKJOB_ERROR_RESULT, "may have been merged");
    mark_into(lower, upper, TRUE);
    assert_no_verdict(test, upper, QBLK_BLOCKJOB_ERROR_RESULT, "cycle");
    clear(upper);
    clear(lower);
}

/* The verdict of qblk_recover_image(). */
static QblkImageVerdict *
settle(const JournalCase *test, const char *image)
{
    g_autoptr(GError) error = NULL;
    QblkImageVerdict *verdict = qblk_recover_image(test->directory, image, &error);
    assert_no_error(error);
    return verdict;
}

static void
nothing_is_known_of_an_image_without_journal_and_mark(void **state)
{
    const JournalCase *test = *state;
    g_autofree char *image = g_build_filename(test->directory, "new.qcow2", NULL);
    g_autofree char *moved = g_build_filename(test->directory, "moved", NULL);
    mark_into(image, file_of(test->plan->after), TRUE);
    assert_int_equal(rename(image, moved), 0);
    assert_true(g_file_set_contents(image, "x", 1, NULL)); /* the mark is of an earlier file */
    g_autoptr(QblkImageVerdict) verdict = settle(test, image);
    assert_null(verdict->boot);
    assert_int_equal(verdict->reason, QBLK_VERDICT_NO_OPERATION);
    assert_string_equal(verdict->image, image);
    clear(image);
    assert_int_equal(unlink(moved), 0);
}

static void
what_is_not_an_image_has_no_verdict(void **state)
{
    const JournalCase *test = *state;
    const char *const paths[] = {"/nonexistent", "/dev/null", test->directory};
    const char *const parts[] = {"cannot open the image '/nonexistent': No such file",
                                 "'/dev/null' is not an image", "is not an image"};
    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        GError *error = NULL;
        assert_null(qblk_recover_image(test->directory, paths[i], &error));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, parts[i]);
    }
}

/* ---- copies ---- */

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
    g_ptr_array_add(plan->after, qblk_plan_expectation_new("copy", "qcow2",
                                                           pivots ? copy : file_of(plan->before)));
    return copy;
}

static void
an_incomplete_copy_is_recognized_from_both_ends(void **state)
{
    const JournalCase *test = *state;
    const char *source = file_of(test->plan->before);
    for (int pivots = FALSE; pivots <= TRUE; pivots++) {
        g_autofree char *copy = make_copy(test, pivots);
        g_autofree char *link_name = g_build_filename(test->directory, "link", NULL);
        assert_int_equal(symlink("copy.qcow2", link_name), 0);
        const char *const names[] = {source, copy, link_name};
        for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
            qblk_journal_leave(begin_at(test, QBLK_STAGE_STARTED));
            g_autoptr(QblkImageVerdict) verdict = settle(test, names[i]);
            assert_string_equal(verdict->boot, source);
            assert_string_equal(verdict->incomplete, copy);
            assert_int_equal(verdict->unused->len, 0);
        }
        assert_int_equal(unlink(link_name), 0);
        assert_int_equal(unlink(copy), 0);
    }
}

static void
a_complete_copy_is_not_called_incomplete(void **state)
{
    const JournalCase *test = *state;
    g_autofree char *copy = make_copy(test, TRUE);
    qblk_journal_leave(begin_at(test, QBLK_STAGE_CLEANING));
    g_autoptr(QblkImageVerdict) verdict = look(test, copy, NULL);
    assert_string_equal(verdict->boot, copy);
    assert_null(verdict->incomplete);
    end_left(test);
    assert_int_equal(unlink(copy), 0);
}

/* `copy --reuse-external` into an image that was merged before. */
static void
an_image_that_was_overwritten_with_a_copy_loses_its_mark(void **state)
{
    const JournalCase *test = *state;
    const char *source = file_of(test->plan->before);
    g_autofree char *copy = make_copy(test, TRUE);
    mark_into(copy, source, TRUE);
    qblk_journal_leave(begin_at(test, QBLK_STAGE_CLEANING));
    g_autoptr(QblkImageVerdict) verdict = settle(test, copy);
    assert_string_equal(verdict->boot, copy);
    assert_null(qblk_merged_mark_read(copy, NULL));
    qblk_merged_mark_remove(source, NULL);
    assert_int_equal(unlink(copy), 0);
}

/* The mark is made final before the journal records that, and it is older than any new journal. */
static void
a_final_mark_overrules_the_journal(void **state)
{
    JournalCase *test = *state;
    g_autofree char *image = g_build_filename(test->directory, "old.qcow2", NULL);
    const char *after = file_of(test->plan->after);
    g_free(test->plan->merged_path);
    g_free(test->plan->merged_into_path);
    test->plan->merged_path = g_strdup(image);
    test->plan->merged_into_path = g_strdup(after);
    mark_into(image, after, TRUE);
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
    mark_into(image, "/base", TRUE);
    int fd = open(image, O_RDWR | O_CLOEXEC);
    struct flock range = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 201, .l_len = 1};
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &range), 0);
    assert_no_verdict(test, image, QBLK_BLOCKJOB_ERROR_REFUSED, "is in use by");
    close(fd);
    clear(image);
}

#define IMAGE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        IMAGE_TEST(the_image_to_boot_from_depends_on_the_stage),
        IMAGE_TEST(an_image_that_another_process_works_on_is_refused),
        IMAGE_TEST(a_final_mark_names_the_image_with_the_data),
        IMAGE_TEST(the_image_with_the_data_has_to_be_the_one_that_was_recorded),
        IMAGE_TEST(marks_are_followed_to_the_image_that_has_all_data),
        IMAGE_TEST(nothing_is_known_of_an_image_without_journal_and_mark),
        IMAGE_TEST(what_is_not_an_image_has_no_verdict),
        IMAGE_TEST(an_incomplete_copy_is_recognized_from_both_ends),
        IMAGE_TEST(a_complete_copy_is_not_called_incomplete),
        IMAGE_TEST(an_image_that_was_overwritten_with_a_copy_loses_its_mark),
        IMAGE_TEST(a_final_mark_overrules_the_journal),
        IMAGE_TEST(two_journals_of_one_image_are_an_error),
        IMAGE_TEST(an_image_that_is_in_use_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
