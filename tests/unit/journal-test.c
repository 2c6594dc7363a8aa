/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/journal-case.h"

#include "plan/plan-json.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void
a_journal_is_read_as_it_was_written(void **state)
{
    const JournalCase *test = *state;
    QblkJournal *journal = journal_case_begin(test);
    journal_case_note(journal, QBLK_STAGE_STARTED);
    journal_case_note(journal, QBLK_STAGE_PIVOTING);
    qblk_journal_leave(journal);
    g_autoptr(GPtrArray) records = journal_case_list(test);
    assert_int_equal(records->len, 1);
    const QblkJournalRecord *record = records->pdata[0];
    assert_int_equal(record->stage, QBLK_STAGE_PIVOTING);
    assert_string_equal(record->vm.address, test->vm.address);
    assert_string_equal(record->vm.uuid, test->vm.uuid);
    assert_int_equal(record->vm.pid, 12);
    assert_int_equal(record->vm.start, 345);
    assert_int_equal(record->vm.thread, 13);
    g_autoptr(QblkJson) written = qblk_plan_json_new(test->plan);
    g_autoptr(QblkJson) found = qblk_plan_json_new(record->plan);
    assert_true(qblk_json_equal(written, found));
    g_autoptr(GError) error = NULL;
    journal = qblk_journal_resume(record, &error);
    assert_no_error(error);
    qblk_journal_end(journal);
}

static void
a_busy_disk_is_refused_and_listed_as_busy(void **state)
{
    const JournalCase *test = *state;
    GError *error = NULL;
    QblkJournal *journal = journal_case_begin(test);
    assert_null(qblk_journal_begin(test->directory, &test->vm, test->plan, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "another qblk process is working on");
    g_autoptr(GPtrArray) records = journal_case_list(test);
    assert_int_equal(records->len, 1);
    const QblkJournalRecord *record = records->pdata[0];
    assert_true(record->is_busy);
    assert_string_equal(record->plan->target, test->plan->target);
    qblk_journal_leave(journal);
    g_autoptr(GPtrArray) again = journal_case_list(test);
    record = again->pdata[0];
    assert_false(record->is_busy);
    qblk_journal_end(qblk_journal_resume(record, NULL));
}

static void
an_interrupted_operation_is_refused_until_it_is_resumed(void **state)
{
    const JournalCase *test = *state;
    GError *error = NULL;
    qblk_journal_leave(journal_case_begin(test));
    assert_null(qblk_journal_begin(test->directory, &test->vm, test->plan, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "'qblk recover' first");
    g_autoptr(GPtrArray) records = journal_case_list(test);
    QblkJournal *journal = qblk_journal_resume(records->pdata[0], NULL);
    assert_non_null(journal);
    qblk_journal_end(journal);
    qblk_journal_end(journal_case_begin(test));
}

static void
another_vm_has_a_journal_of_its_own(void **state)
{
    const JournalCase *test = *state;
    g_autoptr(GError) error = NULL;
    char uuid[] = "00000000-0000-4000-8000-000000004711";
    QblkJournalVm other = test->vm;
    other.uuid = uuid;
    QblkJournal *journal = journal_case_begin(test);
    QblkJournal *second = qblk_journal_begin(test->directory, &other, test->plan, &error);
    assert_no_error(error);
    qblk_journal_end(second);
    qblk_journal_end(journal);
}

/* By a way on which its process is not seen, or a later run of it. */
static void
one_vm_has_one_journal_for_a_disk(void **state)
{
    const JournalCase *test = *state;
    GError *error = NULL;
    char address[] = "tcp:host:1";
    QblkJournalVm other = test->vm;
    other.address = address;
    other.pid = other.start = 0;
    QblkJournal *journal = journal_case_begin(test);
    assert_null(qblk_journal_begin(test->directory, &other, test->plan, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "another qblk process is working on");
    qblk_journal_end(journal);
}

/* At each byte at which a crash could have ended it. */
static void
an_incomplete_line_is_ignored(void **state)
{
    const JournalCase *test = *state;
    QblkJournal *journal = journal_case_begin(test);
    journal_case_note(journal, QBLK_STAGE_STARTED);
    journal_case_note(journal, QBLK_STAGE_CLEANING);
    qblk_journal_leave(journal);
    g_autoptr(GPtrArray) records = journal_case_list(test);
    const QblkJournalRecord *written = records->pdata[0];
    g_autofree char *text = NULL;
    gsize length = 0;
    assert_true(g_file_get_contents(written->path, &text, &length, NULL));
    gsize first = (gsize)(strchr(text, '\n') + 1 - text);
    gsize second = (gsize)(strchr(text + first, '\n') + 1 - text);
    for (gsize cut = 0; cut <= length; cut++) {
        GError *error = NULL;
        g_autoptr(QblkJournalRecord) record = qblk_journal_parse(text, cut, &error);
        assert_int_equal(record != NULL, cut >= first);
        assert_int_equal(error == NULL, cut >= first);
        g_clear_error(&error);
        QblkStage stage = cut >= length   ? QBLK_STAGE_CLEANING
                          : cut >= second ? QBLK_STAGE_STARTED
                                          : QBLK_STAGE_PLANNED;
        assert_true(record == NULL || record->stage == stage);
    }
    qblk_journal_end(qblk_journal_resume(written, NULL));
}

/* The text of a journal of the stage `cleaning`. */
static char *
text_of_one(const JournalCase *test)
{
    QblkJournal *journal = journal_case_begin(test);
    journal_case_note(journal, QBLK_STAGE_CLEANING);
    qblk_journal_leave(journal);
    g_autoptr(GPtrArray) records = journal_case_list(test);
    const QblkJournalRecord *written = records->pdata[0];
    char *text = NULL;
    assert_true(g_file_get_contents(written->path, &text, NULL, NULL));
    qblk_journal_end(qblk_journal_resume(written, NULL));
    return text;
}

static void
lines_after_a_broken_one_are_ignored(void **state)
{
    const JournalCase *test = *state;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = text_of_one(test);
    *(strchr(text, '\n') + 1) = 'x';
    g_autoptr(QblkJournalRecord) record = qblk_journal_parse(text, strlen(text), &error);
    assert_no_error(error);
    assert_int_equal(record->stage, QBLK_STAGE_PLANNED);
}

static void
a_journal_of_another_version_is_not_read(void **state)
{
    const JournalCase *test = *state;
    GError *error = NULL;
    g_autofree char *text = text_of_one(test);
    const char mark[] = "\"qblk-journal\":";
    *(strstr(text, mark) + strlen(mark)) = '1'; /* its plan had other words */
    assert_null(qblk_journal_parse(text, strlen(text), &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED, "another version");
}

static void
a_created_directory_is_for_its_owner_only(void **state)
{
    const JournalCase *test = *state;
    struct stat status;
    g_autofree char *directory = g_build_filename(test->directory, "made", NULL);
    g_autoptr(GError) error = NULL;
    QblkJournal *journal = qblk_journal_begin(directory, &test->vm, test->plan, &error);
    assert_no_error(error);
    assert_int_equal(stat(directory, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    qblk_journal_end(journal);
    assert_int_equal(g_rmdir(directory), 0);
}

static void
a_journal_that_cannot_be_written_is_removed(void **state)
{
    const JournalCase *test = *state;
    GError *error = NULL;
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    QblkJournal *journal = qblk_journal_begin(test->directory, &test->vm, test->plan, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, handler);
    assert_null(journal);
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_STATE, "cannot write");
}

/* The earlier journal stays if the new one cannot be written. */
static void
a_journal_replaces_that_of_the_same_disk(void **state)
{
    const JournalCase *test = *state;
    GError *error = NULL;
    QblkJournal *earlier = journal_case_begin(test);
    journal_case_note(earlier, QBLK_STAGE_STARTED);
    assert_true(qblk_journal_is_of(earlier, &test->vm, test->plan));

    g_autoptr(GPtrArray) before = journal_case_list(test);
    g_autofree char *path = g_strdup(((QblkJournalRecord *)before->pdata[0])->path);
    g_autofree char *taken = g_strconcat(path, ".new", NULL);
    assert_int_equal(g_mkdir(taken, 0700), 0);
    assert_null(qblk_journal_replace(earlier, &test->vm, test->plan, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_STATE, taken);
    assert_int_equal(g_rmdir(taken), 0);
    g_autoptr(GPtrArray) same = journal_case_list(test);
    assert_int_equal(((QblkJournalRecord *)same->pdata[0])->stage, QBLK_STAGE_STARTED);

    g_autoptr(GError) none = NULL;
    QblkJournal *journal = qblk_journal_replace(earlier, &test->vm, test->plan, &none);
    assert_no_error(none);
    g_autoptr(GPtrArray) after = journal_case_list(test);
    assert_int_equal(after->len, 1);
    const QblkJournalRecord *record = after->pdata[0];
    assert_string_equal(record->path, path);
    assert_int_equal(record->stage, QBLK_STAGE_PLANNED);
    assert_true(record->is_busy);
    journal_case_note(journal, QBLK_STAGE_PIVOTING);
    qblk_journal_end(journal);
    g_autoptr(GPtrArray) gone = journal_case_list(test);
    assert_int_equal(gone->len, 0);
}

static void
a_file_that_is_not_a_journal_is_an_error(void **state)
{
    static const char *const texts[] = {"",
                                        "\n",
                                        "{}\n",
                                        "nonsense\n",
                                        "{\"qblk-journal\":3}\n",
                                        "{\"qblk-journal\":2,\"vm\":{\"address\":\"a\"}}\n"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(qblk_journal_parse(texts[i], strlen(texts[i]), &error));
        assert_non_null(error);
    }
}

static void
a_directory_that_cannot_be_written_begins_nothing(void **state)
{
    const JournalCase *test = *state;
    GError *error = NULL;
    assert_null(qblk_journal_begin("/proc/qblk", &test->vm, test->plan, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_STATE, "--state-dir");
    g_autoptr(GPtrArray) none = qblk_journal_list("/nonexistent", NULL);
    assert_int_equal(none->len, 0);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_journal_is_read_as_it_was_written, journal_case_set_up,
                                        journal_case_tear_down),
        cmocka_unit_test_setup_teardown(a_busy_disk_is_refused_and_listed_as_busy,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(an_interrupted_operation_is_refused_until_it_is_resumed,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(another_vm_has_a_journal_of_its_own, journal_case_set_up,
                                        journal_case_tear_down),
        cmocka_unit_test_setup_teardown(one_vm_has_one_journal_for_a_disk, journal_case_set_up,
                                        journal_case_tear_down),
        cmocka_unit_test_setup_teardown(an_incomplete_line_is_ignored, journal_case_set_up,
                                        journal_case_tear_down),
        cmocka_unit_test_setup_teardown(lines_after_a_broken_one_are_ignored, journal_case_set_up,
                                        journal_case_tear_down),
        cmocka_unit_test_setup_teardown(a_journal_of_another_version_is_not_read,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(a_created_directory_is_for_its_owner_only,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(a_journal_that_cannot_be_written_is_removed,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(a_journal_replaces_that_of_the_same_disk,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test(a_file_that_is_not_a_journal_is_an_error),
        cmocka_unit_test_setup_teardown(a_directory_that_cannot_be_written_begins_nothing,
                                        journal_case_set_up, journal_case_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
