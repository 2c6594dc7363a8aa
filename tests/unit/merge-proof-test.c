/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of an old active image that may have been written after its guest had left it. */
#include "lib/verdict-case.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNKNOWN_OLD "it is not recorded if"
#define MAY_BE      "by QEMU when it closed the image, or by a guest"
#define WRITTEN     "both may have data that the other lacks"

/* What happens to the old image after the crash. */
typedef enum {
    NOTHING,
    WRITE,
    COPY, /* without its time, over the name */
} Change;

static void
change_file(const char *path, Change change)
{
    const struct timespec later[2] = {{.tv_nsec = UTIME_OMIT},
                                      {.tv_sec = G_GINT64_CONSTANT(1) << 32}};
    g_autofree char *other = g_strconcat(path, ".other", NULL);
    if (change == COPY) {
        assert_true(g_file_set_contents(other, "", 0, NULL));
        assert_int_equal(rename(other, path), 0);
    }
    if (change != NOTHING) {
        assert_int_equal(utimensat(AT_FDCWD, path, later, 0), 0);
    }
}

/* The verdict on @image is that the guest has to boot from @boot, and @not_known (nullable) is not
 * known. */
static void
assert_verdict(const JournalCase *test, const char *image, const char *boot, const char *not_known)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkImageVerdict) verdict = verdict_case_look(test, image, &error);
    assert_no_error(error);
    assert_string_equal(qblk_image_verdict_get_boot(verdict), boot);
    const char *const *found = qblk_image_verdict_get_not_known(verdict);
    g_autofree char *text = qblk_image_verdict_to_text(verdict);
    assert_true((found[0] != NULL) == (not_known != NULL));
    assert_true((strstr(text, "\nnot known: ") != NULL) == (not_known != NULL));
    if (not_known != NULL) {
        assert_non_null(strstr(found[0], not_known));
        assert_null(found[1]);
    }
}

/* @error_part: NULL if there is a verdict, with @not_known */
typedef struct {
    const char *what;
    gboolean is_recorded, is_closed;
    Change change;
    const char *error_part, *not_known;
} Row;

static const Row rows[] = {
    {"unchanged", TRUE, TRUE, NOTHING, NULL, NULL},
    {"written", TRUE, TRUE, WRITE, WRITTEN, NULL},
    {"copied", TRUE, TRUE, COPY, NULL, UNKNOWN_OLD},
    {"open and unchanged", TRUE, FALSE, NOTHING, NULL, NULL},
    {"open and written", TRUE, FALSE, WRITE, NULL, MAY_BE},
    {"not recorded", FALSE, FALSE, NOTHING, NULL, UNKNOWN_OLD},
    {"not recorded, and written", FALSE, FALSE, WRITE, NULL, UNKNOWN_OLD},
};

static void
a_journal_of_a_switched_guest_proves_what_it_has_recorded(void **state)
{
    const JournalCase *test = *state;
    const char *before = verdict_case_file(test->plan->before),
               *after = verdict_case_file(test->plan->after);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const Row *row = &rows[i];
        g_auto(QblkOldTop) old = {0};
        assert_true(qblk_old_top_read(&old, before, row->is_closed));
        QblkJournal *journal = verdict_case_begin(test, QBLK_STAGE_PIVOTING);
        assert_true(
            qblk_journal_note(journal, QBLK_STAGE_CLEANING, row->is_recorded ? &old : NULL, NULL));
        qblk_journal_leave(journal);
        change_file(before, row->change);

        if (row->error_part != NULL) {
            verdict_case_assert_none(test, before, QBLK_BLOCKJOB_ERROR_RESULT, row->error_part);
            verdict_case_assert_none(test, after, QBLK_BLOCKJOB_ERROR_RESULT, "2106-02-07");
        } else {
            assert_verdict(test, before, after, row->not_known);
            assert_verdict(test, after, after, row->not_known);
        }
        verdict_case_end(test);
        assert_true(g_file_set_contents(before, "", 0, NULL));
    }
}

static void
a_mark_proves_what_it_has_recorded(void **state)
{
    const JournalCase *test = *state;
    const char *base = verdict_case_file(test->plan->after);
    g_autofree char *image = g_build_filename(test->directory, "old.qcow2", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const Row *row = &rows[i];
        g_auto(QblkOldTop) old = {0};
        assert_true(g_file_set_contents(image, "x", 1, NULL));
        assert_true(qblk_old_top_read(&old, image, row->is_closed));
        const QblkMergedImages images = {
            .image = image, .into = base, .old = row->is_recorded ? &old : NULL};
        assert_true(qblk_merged_mark_write(&images, NULL, TRUE, NULL));
        if (row->change != COPY) { /* the mark is of no other file */
            change_file(image, row->change);
        }

        if (row->error_part != NULL) {
            verdict_case_assert_none(test, image, QBLK_BLOCKJOB_ERROR_RESULT, row->error_part);
            g_autoptr(QblkMergedMark) mark = qblk_merged_mark_read(image, NULL);
            g_autofree char *text = qblk_merged_mark_describe(mark, image);
            assert_non_null(strstr(text, "was written after it was merged into"));
        } else if (row->change != COPY) {
            assert_verdict(test, image, base, row->not_known);
        }
        verdict_case_clear(image);
    }
}

/* QEMU has closed the image, and the mark shows that; the journal is from before. */
static void
the_later_of_two_records_counts(void **state)
{
    const JournalCase *test = *state;
    const char *before = verdict_case_file(test->plan->before),
               *after = verdict_case_file(test->plan->after);
    g_auto(QblkOldTop) open = {0}, closed = {0};
    g_free(test->plan->merged);
    g_free(test->plan->merged_path);
    test->plan->merged = g_strdup(before);
    test->plan->merged_path = g_strdup(before);
    assert_true(qblk_old_top_read(&open, before, FALSE));
    QblkJournal *journal = verdict_case_begin(test, QBLK_STAGE_PIVOTING);
    assert_true(qblk_journal_note(journal, QBLK_STAGE_CLEANING, &open, NULL));
    qblk_journal_leave(journal);
    assert_int_equal(truncate(before, 7), 0); /* by QEMU */
    assert_true(qblk_old_top_read(&closed, before, TRUE));
    const QblkMergedImages images = {.image = before, .into = after, .old = &closed};
    assert_true(qblk_merged_mark_write(&images, NULL, TRUE, NULL));
    assert_verdict(test, before, after, NULL);
    change_file(before, WRITE);
    verdict_case_assert_none(test, before, QBLK_BLOCKJOB_ERROR_RESULT, WRITTEN);
    verdict_case_end(test);
    qblk_merged_mark_remove(before, NULL);
}

/* The mark gets what the journal has recorded. */
static void
a_mark_keeps_the_proof_of_the_journal(void **state)
{
    const JournalCase *test = *state;
    const char *before = verdict_case_file(test->plan->before);
    for (guint is_recorded = 0; is_recorded <= 1; is_recorded++) {
        g_auto(QblkOldTop) old = {0};
        assert_true(qblk_old_top_read(&old, before, TRUE));
        QblkJournal *journal = verdict_case_begin(test, QBLK_STAGE_PIVOTING);
        assert_true(
            qblk_journal_note(journal, QBLK_STAGE_CLEANING, is_recorded ? &old : NULL, NULL));
        qblk_journal_leave(journal);
        g_autoptr(QblkImageVerdict) verdict = verdict_case_settle(test, before);
        assert_int_equal(verdict->not_known->len, is_recorded ? 0 : 1);
        g_autoptr(QblkMergedMark) mark = qblk_merged_mark_read(before, NULL);
        assert_non_null(mark);
        assert_int_equal(qblk_old_top_is_known(&mark->old), is_recorded);
        qblk_merged_mark_remove(before, NULL);
    }
}

/* Of a later version, or damaged. */
static void
unknown_fields_of_a_record_are_no_error(void **state)
{
    const char *const lines[] = {
        "{\"stage\": \"cleaning\", \"old-top\": {\"written\": 5, \"later\": 1}, \"later\": {}}",
        "{\"stage\": \"cleaning\", \"old-top\": []}",
        "{\"stage\": \"cleaning\", \"old-top\": {\"written\": \"x\", \"closed\": 3}}",
    };
    const JournalCase *test = *state;
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        qblk_journal_leave(verdict_case_begin(test, QBLK_STAGE_PIVOTING));
        g_autoptr(GPtrArray) records = journal_case_list(test);
        const QblkJournalRecord *record = records->pdata[0];
        g_autofree char *text = g_strconcat(record->text, lines[i], "\n", NULL);
        g_autoptr(QblkJournalRecord) found = qblk_journal_parse(text, strlen(text), NULL);
        assert_non_null(found);
        assert_int_equal(found->stage, QBLK_STAGE_CLEANING);
        assert_false(qblk_old_top_is_known(&found->old));
        verdict_case_end(test);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        VERDICT_TEST(a_journal_of_a_switched_guest_proves_what_it_has_recorded),
        VERDICT_TEST(a_mark_proves_what_it_has_recorded),
        VERDICT_TEST(the_later_of_two_records_counts),
        VERDICT_TEST(a_mark_keeps_the_proof_of_the_journal),
        VERDICT_TEST(unknown_fields_of_a_record_are_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
