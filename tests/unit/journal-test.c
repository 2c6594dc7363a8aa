/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/journal.h"

#include "blockjob/plan-commit.h"
#include "blockjob/plan-json.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char *folder;
    QblkReplies *replies;
    QblkSnapshot *snapshot;
    QblkPlan *plan;
    QblkJournalVm vm;
} Case;

static int
set_up(void **state)
{
    Case *test = g_new0(Case, 1);
    g_autoptr(GError) error = NULL;
    test->folder = g_dir_make_tmp("qblk-journal-XXXXXX", &error);
    test->replies = graph_fixture_load("throttle-blockdev");
    test->snapshot = graph_fixture_snapshot(test->replies);
    const QblkPlanContext context = {.snapshot = test->snapshot, .target = "vda"};
    const QblkCommitOptions options = {.end = QBLK_COMMIT_PIVOT};
    test->plan = qblk_plan_commit(&context, &options, &error);
    assert_no_error(error);
    test->vm.address = g_strdup("/run/vm.qmp");
    test->vm.uuid = g_strdup("00000000-0000-4000-8000-0000000071e5");
    test->vm.pid = 12;
    test->vm.start = 345;
    test->vm.thread = 13;
    *state = test;
    return 0;
}

static int
tear_down(void **state)
{
    Case *test = *state;
    qblk_plan_free(test->plan);
    qblk_snapshot_free(test->snapshot);
    qblk_replies_free(test->replies);
    qblk_journal_vm_clear(&test->vm);
    assert_int_equal(g_rmdir(test->folder), 0); /* no file is left in it */
    g_free(test->folder);
    g_free(test);
    return 0;
}

static QblkJournal *
begin(const Case *test)
{
    g_autoptr(GError) error = NULL;
    QblkJournal *journal = qblk_journal_begin(test->folder, &test->vm, test->plan, &error);
    assert_no_error(error);
    return journal;
}

static void
note(QblkJournal *journal, QblkStage stage)
{
    g_autoptr(GError) error = NULL;
    assert_true(qblk_journal_note(journal, stage, &error));
    assert_no_error(error);
}

static GPtrArray *
list(const Case *test)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *records = qblk_journal_list(test->folder, &error);
    assert_no_error(error);
    return records;
}

static void
what_was_left_is_found_as_it_was_written(void **state)
{
    const Case *test = *state;
    QblkJournal *journal = begin(test);
    note(journal, QBLK_STAGE_STARTED);
    note(journal, QBLK_STAGE_PIVOTING);
    qblk_journal_leave(journal);
    g_autoptr(GPtrArray) records = list(test);
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
a_disk_that_somebody_works_on_is_refused_and_listed_as_that(void **state)
{
    const Case *test = *state;
    GError *error = NULL;
    QblkJournal *journal = begin(test);
    assert_null(qblk_journal_begin(test->folder, &test->vm, test->plan, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "another qblk works on");
    g_autoptr(GPtrArray) records = list(test);
    assert_int_equal(records->len, 1);
    const QblkJournalRecord *record = records->pdata[0];
    assert_true(record->is_busy);
    assert_string_equal(record->plan->target, test->plan->target);
    qblk_journal_leave(journal);
    g_autoptr(GPtrArray) again = list(test);
    record = again->pdata[0];
    assert_false(record->is_busy);
    qblk_journal_end(qblk_journal_resume(record, NULL));
}

static void
an_operation_that_was_left_is_refused_until_it_was_taken_up(void **state)
{
    const Case *test = *state;
    GError *error = NULL;
    qblk_journal_leave(begin(test));
    assert_null(qblk_journal_begin(test->folder, &test->vm, test->plan, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "'qblk recover' first");
    g_autoptr(GPtrArray) records = list(test);
    QblkJournal *journal = qblk_journal_resume(records->pdata[0], NULL);
    assert_non_null(journal);
    qblk_journal_end(journal);
    qblk_journal_end(begin(test));
}

static void
another_vm_has_a_journal_of_its_own(void **state)
{
    const Case *test = *state;
    g_autoptr(GError) error = NULL;
    char uuid[] = "00000000-0000-4000-8000-000000004711";
    QblkJournalVm other = test->vm;
    other.uuid = uuid;
    QblkJournal *journal = begin(test);
    QblkJournal *second = qblk_journal_begin(test->folder, &other, test->plan, &error);
    assert_no_error(error);
    qblk_journal_end(second);
    qblk_journal_end(journal);
}

/* By a way on which its process is not seen, or a later run of it. */
static void
one_vm_has_one_journal_for_a_disk(void **state)
{
    const Case *test = *state;
    GError *error = NULL;
    char address[] = "tcp:host:1";
    QblkJournalVm other = test->vm;
    other.address = address;
    other.pid = other.start = 0;
    QblkJournal *journal = begin(test);
    assert_null(qblk_journal_begin(test->folder, &other, test->plan, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "another qblk works on");
    qblk_journal_end(journal);
}

/* At each byte at which a crash could have ended it. */
static void
a_line_that_was_torn_is_not_there(void **state)
{
    const Case *test = *state;
    QblkJournal *journal = begin(test);
    note(journal, QBLK_STAGE_STARTED);
    note(journal, QBLK_STAGE_CLEANING);
    qblk_journal_leave(journal);
    g_autoptr(GPtrArray) records = list(test);
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

/* Whoever lists cannot know that nobody begins with that file at this moment. */
static void
what_had_not_begun_is_left_by_who_lists_and_begun_anew(void **state)
{
    const Case *test = *state;
    static const char *const texts[] = {"", "{\"qblk-journal\":1,"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        qblk_journal_leave(begin(test));
        g_autoptr(GPtrArray) whole = list(test);
        const char *path = ((const QblkJournalRecord *)whole->pdata[0])->path;
        assert_int_equal(truncate(path, (off_t)strlen(texts[i])), 0);
        g_autoptr(GPtrArray) none = list(test);
        assert_int_equal(none->len, 0);
        assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
        qblk_journal_leave(begin(test));
        g_autoptr(GPtrArray) records = list(test);
        assert_int_equal(records->len, 1);
        const QblkJournalRecord *record = records->pdata[0];
        assert_null(record->error);
        qblk_journal_end(qblk_journal_resume(record, NULL));
    }
}

static void
what_is_no_journal_is_told(void **state)
{
    static const char *const texts[] = {"",
                                        "\n",
                                        "{}\n",
                                        "nonsense\n",
                                        "{\"qblk-journal\":2}\n",
                                        "{\"qblk-journal\":1,\"vm\":{\"address\":\"a\"}}\n"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(qblk_journal_parse(texts[i], strlen(texts[i]), &error));
        assert_non_null(error);
    }
}

/* One that cannot be read, or is no journal, is in the way of no other. */
static void
what_cannot_be_read_is_listed_as_that(void **state)
{
    const Case *test = *state;
    static const char *const names[] = {"a.journal", "b.journal", "c.journal"};
    g_autofree char *garbage = g_build_filename(test->folder, names[0], NULL);
    g_autofree char *loop = g_build_filename(test->folder, names[1], NULL);
    g_autofree char *fifo = g_build_filename(test->folder, names[2], NULL);
    assert_true(g_file_set_contents(garbage, "nonsense\n", -1, NULL));
    assert_int_equal(symlink(names[1], loop), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    QblkJournal *journal = begin(test);
    g_autoptr(GPtrArray) records = list(test);
    assert_int_equal(records->len, 4);
    guint unread = 0, wrong = 0;
    for (guint i = 0; i < records->len; i++) {
        const QblkJournalRecord *record = records->pdata[i];
        gboolean cannot =
            g_error_matches(record->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT);
        unread += cannot;
        wrong += record->error != NULL && !cannot;
        assert_true((record->error == NULL) == (record->plan != NULL));
        assert_int_equal(qblk_journal_is_named_for(record->path, &test->vm), record->plan != NULL);
    }
    assert_int_equal(unread, 1);
    assert_int_equal(wrong, 2);
    qblk_journal_end(journal);
    assert_int_equal(g_unlink(garbage), 0);
    assert_int_equal(g_unlink(loop), 0);
    assert_int_equal(g_unlink(fifo), 0);
}

static void
a_folder_that_cannot_be_read_is_not_an_empty_one(void **state)
{
    GError *error = NULL;
    assert_null(qblk_journal_list("/proc/self/stat", &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, "--state-dir");
}

static void
a_folder_that_cannot_be_written_begins_nothing(void **state)
{
    const Case *test = *state;
    GError *error = NULL;
    assert_null(qblk_journal_begin("/proc/qblk", &test->vm, test->plan, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED, "--state-dir");
    g_autoptr(GPtrArray) none = qblk_journal_list("/nonexistent", NULL);
    assert_int_equal(none->len, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_left_is_found_as_it_was_written, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_disk_that_somebody_works_on_is_refused_and_listed_as_that,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_operation_that_was_left_is_refused_until_it_was_taken_up,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_vm_has_a_journal_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_vm_has_one_journal_for_a_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_line_that_was_torn_is_not_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_had_not_begun_is_left_by_who_lists_and_begun_anew,
                                        set_up, tear_down),
        cmocka_unit_test(what_is_no_journal_is_told),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_listed_as_that, set_up, tear_down),
        cmocka_unit_test(a_folder_that_cannot_be_read_is_not_an_empty_one),
        cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_written_begins_nothing, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
