/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Journals as they are listed, whatever is in their directory. */
#include "lib/journal-case.h"

#include "base/limits.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Another process may begin with that file at this moment. */
static void
an_empty_journal_is_not_listed_and_can_be_begun(void **state)
{
    const JournalCase *test = *state;
    static const char *const texts[] = {"", "{\"qblk-journal\":2,"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        qblk_journal_leave(journal_case_begin(test));
        g_autoptr(GPtrArray) whole = journal_case_list(test);
        const char *path = ((const QblkJournalRecord *)whole->pdata[0])->path;
        assert_int_equal(truncate(path, (off_t)strlen(texts[i])), 0);
        g_autoptr(GPtrArray) none = journal_case_list(test);
        assert_int_equal(none->len, 0);
        assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
        qblk_journal_leave(journal_case_begin(test));
        g_autoptr(GPtrArray) records = journal_case_list(test);
        assert_int_equal(records->len, 1);
        const QblkJournalRecord *record = records->pdata[0];
        assert_null(record->error);
        qblk_journal_end(qblk_journal_resume(record, NULL));
    }
}

static void
journals_are_listed_in_order_one_for_each_disk(void **state)
{
    const JournalCase *test = *state;
    QblkJournal *journals[8];
    for (guint i = 0; i < G_N_ELEMENTS(journals); i++) {
        g_free(test->plan->target);
        test->plan->target = g_strdup_printf("vd%c", (char)('h' - i));
        journals[i] = journal_case_begin(test);
    }
    g_autoptr(GPtrArray) records = journal_case_list(test);
    assert_int_equal(records->len, G_N_ELEMENTS(journals));
    for (guint i = 0; i < records->len; i++) {
        const QblkJournalRecord *record = records->pdata[i];
        const char expected[] = {'v', 'd', (char)('a' + i), '\0'};
        assert_string_equal(record->plan->target, expected);
        assert_true(record->is_busy);
        qblk_journal_end(journals[i]);
    }
}

static void
a_name_with_the_same_beginning_is_of_another_vm(void **state)
{
    const JournalCase *test = *state;
    g_autofree char *key = qblk_journal_vm_key(&test->vm);
    g_autofree char *own = g_strconcat("/x/", key, "-vda.journal", NULL);
    g_autofree char *other = g_strconcat("/x/", key, "0-vda.journal", NULL);
    assert_true(qblk_journal_is_named_for(own, &test->vm));
    assert_false(qblk_journal_is_named_for(other, &test->vm));
}

static void
a_file_that_is_too_big_is_not_read(void **state)
{
    const JournalCase *test = *state;
    g_autofree char *path = g_build_filename(test->directory, "big.journal", NULL);
    assert_true(g_file_set_contents(path, "", 0, NULL));
    assert_int_equal(truncate(path, QBLK_LIMIT_JOURNAL_BYTES + 1), 0);
    g_autoptr(GPtrArray) records = journal_case_list(test);
    assert_int_equal(records->len, 1);
    const QblkJournalRecord *record = records->pdata[0];
    assert_non_null(record->error);
    assert_non_null(strstr(record->error->message, "QBLK_LIMIT_JOURNAL_BYTES"));
    assert_int_equal(g_unlink(path), 0);
}

/* One that cannot be read, or is no journal, is in the way of no other. */
static void
an_unreadable_journal_is_listed_as_unreadable(void **state)
{
    const JournalCase *test = *state;
    static const char *const names[] = {"a.journal", "b.journal", "c.journal"};
    g_autofree char *garbage = g_build_filename(test->directory, names[0], NULL);
    g_autofree char *link = g_build_filename(test->directory, names[1], NULL);
    g_autofree char *fifo = g_build_filename(test->directory, names[2], NULL);
    assert_true(g_file_set_contents(garbage, "nonsense\n", -1, NULL));
    assert_int_equal(symlink(names[0], link), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    QblkJournal *journal = journal_case_begin(test);
    g_autoptr(GPtrArray) records = journal_case_list(test);
    assert_int_equal(records->len, 4);
    guint unread = 0, wrong = 0;
    for (guint i = 0; i < records->len; i++) {
        const QblkJournalRecord *record = records->pdata[i];
        gboolean cannot =
            g_error_matches(record->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT);
        unread += cannot;
        wrong += record->error != NULL && !cannot;
        assert_true(record->error == NULL || strstr(record->error->message, record->path) != NULL);
        assert_true((record->error == NULL) == (record->plan != NULL));
        assert_int_equal(qblk_journal_is_named_for(record->path, &test->vm), record->plan != NULL);
    }
    assert_int_equal(unread, 1);
    assert_int_equal(wrong, 2);
    qblk_journal_end(journal);
    assert_int_equal(g_unlink(garbage), 0);
    assert_int_equal(g_unlink(link), 0);
    assert_int_equal(g_unlink(fifo), 0);
}

static void
an_unreadable_directory_is_not_empty(void **state)
{
    GError *error = NULL;
    assert_null(qblk_journal_list("/proc/self/stat", &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                 "cannot read the directory for journals '/proc/self/stat'");
}

/* Two processes resume the same operation: the first has gone on when the second has the lock. */
static void
a_record_that_another_process_has_continued_is_not_resumed(void **state)
{
    const JournalCase *test = *state;
    GError *error = NULL;
    qblk_journal_leave(journal_case_begin(test));
    g_autoptr(GPtrArray) records = journal_case_list(test);
    const QblkJournalRecord *record = records->pdata[0];
    QblkJournal *journal = qblk_journal_resume(record, NULL);
    assert_non_null(journal);
    journal_case_note(journal, QBLK_STAGE_STARTED);
    qblk_journal_leave(journal);
    assert_null(qblk_journal_resume(record, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "meanwhile");
    g_autoptr(GPtrArray) again = journal_case_list(test);
    const QblkJournalRecord *now = again->pdata[0];
    assert_int_equal(now->stage, QBLK_STAGE_STARTED);
    journal = qblk_journal_resume(now, NULL);
    assert_non_null(journal);
    qblk_journal_end(journal);
    assert_null(qblk_journal_resume(now, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "meanwhile");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_journal_is_not_listed_and_can_be_begun,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(journals_are_listed_in_order_one_for_each_disk,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(a_name_with_the_same_beginning_is_of_another_vm,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_too_big_is_not_read, journal_case_set_up,
                                        journal_case_tear_down),
        cmocka_unit_test_setup_teardown(an_unreadable_journal_is_listed_as_unreadable,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(a_record_that_another_process_has_continued_is_not_resumed,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test(an_unreadable_directory_is_not_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
