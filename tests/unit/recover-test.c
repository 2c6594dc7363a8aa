/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interrupted operations on several disks, resumed one after the other. */
#include "recover/recover-operation.h"

#include "lib/journal-case.h"

/* vda fails as long as the operation on vdb exists, and still notes a stage. */
typedef struct {
    guint attempts; /* at vda */
    gboolean is_stuck;
    gboolean is_free; /* vdb is done */
} Attempts;

static gboolean
resume_one(const QblkJournalRecord *record, gpointer user_data, GError **error)
{
    Attempts *tries = user_data;
    gboolean is_first = g_str_equal(record->plan->target, "vda");
    QblkJournal *journal = qblk_journal_resume(record, error);
    if (journal == NULL) {
        return FALSE;
    }
    if (!is_first || (tries->is_free && !tries->is_stuck)) {
        tries->is_free = TRUE;
        qblk_journal_end(journal);
        return TRUE;
    }
    tries->attempts++;
    assert_int_equal(record->stage, tries->is_free ? QBLK_STAGE_STARTED : QBLK_STAGE_PLANNED);
    journal_case_note(journal, tries->is_free ? QBLK_STAGE_PIVOTING : QBLK_STAGE_STARTED);
    qblk_journal_leave(journal);
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED, "attempt %u",
                tries->attempts);
    return FALSE;
}

/* Interrupted operations on vda and vdb, in this order. */
static GPtrArray *
interrupt_two(const JournalCase *test)
{
    static const char *const targets[] = {"vda", "vdb"};
    for (gsize i = 0; i < G_N_ELEMENTS(targets); i++) {
        g_free(test->plan->target);
        test->plan->target = g_strdup(targets[i]);
        qblk_journal_leave(journal_case_begin(test));
    }
    return journal_case_list(test);
}

/* The only result is a failure of the disk @target. */
static void
assert_failure(const GPtrArray *results, const char *target, QblkBlockjobError code,
               const char *part)
{
    assert_int_equal(results->len, 1);
    const QblkRecoverResult *result = results->pdata[0];
    assert_int_equal(result->outcome, QBLK_RECOVER_FAILED);
    assert_string_equal(result->target, target);
    assert_ptr_equal(qblk_recover_results_error(results), result->error);
    GError *error = g_error_copy(result->error);
    assert_error(error, QBLK_BLOCKJOB_ERROR, (int)code, part);
}

static void
an_operation_that_made_progress_is_resumed_from_there(void **state)
{
    const JournalCase *test = *state;
    g_autoptr(GPtrArray) records = interrupt_two(test);
    g_autoptr(GPtrArray) results = qblk_recover_results_new();
    Attempts tries = {0};
    assert_true(qblk_recover_each(records, resume_one, &tries, results));
    assert_int_equal(results->len, 0);
    assert_int_equal(tries.attempts, 1);
}

static void
an_operation_that_fails_again_returns_the_last_error(void **state)
{
    const JournalCase *test = *state;
    g_autoptr(GPtrArray) records = interrupt_two(test);
    g_autoptr(GPtrArray) results = qblk_recover_results_new();
    Attempts tries = {.is_stuck = TRUE};
    assert_false(qblk_recover_each(records, resume_one, &tries, results));
    assert_failure(results, "vda", QBLK_BLOCKJOB_ERROR_FAILED, "attempt 2");
    g_autoptr(GPtrArray) left = journal_case_list(test);
    assert_int_equal(left->len, 1);
    assert_int_equal(((const QblkJournalRecord *)left->pdata[0])->stage, QBLK_STAGE_PIVOTING);
    qblk_journal_end(qblk_journal_resume(left->pdata[0], NULL));
}

/* Another qblk has ended it in between. */
static gboolean
end_all_and_fail(const QblkJournalRecord *record, gpointer user_data, GError **error)
{
    const GPtrArray *records = user_data;
    QblkJournal *journal = qblk_journal_resume(record, error);
    if (journal == NULL) {
        return FALSE;
    }
    qblk_journal_end(journal);
    if (record != records->pdata[0]) {
        return TRUE;
    }
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED, "not in time");
    return FALSE;
}

static void
an_operation_that_is_gone_was_resumed_by_another_process(void **state)
{
    const JournalCase *test = *state;
    g_autoptr(GPtrArray) records = interrupt_two(test);
    g_autoptr(GPtrArray) results = qblk_recover_results_new();
    assert_false(qblk_recover_each(records, end_all_and_fail, records, results));
    assert_failure(results, "vda", QBLK_BLOCKJOB_ERROR_REFUSED, "meanwhile");
}

/* The caller cancels the job on vdb, whose journal ends with that, after vda was completed. */
static gboolean
cancel_last(const QblkJournalRecord *record, gpointer user_data, GError **error)
{
    guint *attempts = user_data;
    QblkJournal *journal = qblk_journal_resume(record, error);
    if (journal == NULL) {
        return FALSE;
    }
    qblk_journal_end(journal);
    (*attempts)++;
    if (*attempts == 1) {
        return TRUE;
    }
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED, "interrupted");
    return FALSE;
}

static void
an_operation_that_was_cancelled_is_not_tried_again(void **state)
{
    const JournalCase *test = *state;
    g_autoptr(GPtrArray) records = interrupt_two(test);
    g_autoptr(GPtrArray) results = qblk_recover_results_new();
    guint attempts = 0;
    assert_false(qblk_recover_each(records, cancel_last, &attempts, results));
    assert_failure(results, "vdb", QBLK_BLOCKJOB_ERROR_CANCELLED, "interrupted");
    assert_int_equal(attempts, 2);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_operation_that_made_progress_is_resumed_from_there,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(an_operation_that_fails_again_returns_the_last_error,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(an_operation_that_is_gone_was_resumed_by_another_process,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(an_operation_that_was_cancelled_is_not_tried_again,
                                        journal_case_set_up, journal_case_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
