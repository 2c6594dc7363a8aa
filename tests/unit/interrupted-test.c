/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of interrupted operations, as a program reads it from their journals. */
#include "lib/journal-case.h"

#include <glib/gstdio.h>
#include <qblk/interrupted-list.h>
#include <string.h>

static void
interrupt_at(const JournalCase *test, QblkStage stage)
{
    QblkJournal *journal = journal_case_begin(test);
    journal_case_note(journal, stage);
    qblk_journal_leave(journal);
}

static void
end_all(const JournalCase *test)
{
    g_autoptr(GPtrArray) left = journal_case_list(test);
    for (guint i = 0; i < left->len; i++) {
        qblk_journal_end(qblk_journal_resume(left->pdata[i], NULL));
    }
}

static QblkInterruptedList *
list(const JournalCase *test)
{
    g_autoptr(GError) error = NULL;
    QblkInterruptedList *found = qblk_recover_list(test->directory, &error);
    assert_no_error(error);
    assert_non_null(found);
    return found;
}

static void
an_operation_is_listed_with_what_its_journal_has(void **state)
{
    const JournalCase *test = *state;
    interrupt_at(test, QBLK_STAGE_PIVOTING);
    g_autoptr(QblkInterruptedList) found = list(test);
    assert_int_equal(qblk_interrupted_list_get_n_operations(found), 1);
    const QblkInterrupted *operation = qblk_interrupted_list_get_operation(found, 0);
    assert_null(qblk_interrupted_list_get_operation(found, 1));
    const QblkPlan *plan = test->plan;
    const QblkExpectation *before = plan->before->pdata[0], *after = plan->after->pdata[0];

    assert_null(qblk_interrupted_get_error(operation));
    assert_false(qblk_interrupted_is_busy(operation));
    assert_string_equal(qblk_interrupted_get_vm(operation), test->vm.address);
    assert_string_equal(qblk_interrupted_get_kind(operation), plan->kind);
    assert_string_equal(qblk_interrupted_get_target(operation), plan->target);
    assert_string_equal(qblk_interrupted_get_job(operation), plan->job);
    assert_int_equal(qblk_interrupted_get_stage(operation), QBLK_STAGE_PIVOTING);
    assert_string_equal(qblk_interrupted_get_old_top(operation), before->filename);
    assert_string_equal(qblk_interrupted_get_new_top(operation), after->filename);
    assert_true(g_str_has_prefix(qblk_interrupted_get_journal(operation), test->directory));
    GStatBuf status;
    assert_int_equal(g_stat(qblk_interrupted_get_journal(operation), &status), 0);
    assert_int_equal(qblk_interrupted_get_changed(operation), status.st_mtime);
    end_all(test);
}

static void
an_operation_that_another_process_works_on_is_busy(void **state)
{
    const JournalCase *test = *state;
    QblkJournal *journal = journal_case_begin(test);
    g_autoptr(QblkInterruptedList) found = list(test);
    assert_true(qblk_interrupted_is_busy(qblk_interrupted_list_get_operation(found, 0)));
    qblk_journal_end(journal);
}

static void
a_damaged_journal_is_listed_with_its_error(void **state)
{
    const JournalCase *test = *state;
    static const char *const texts[] = {"nonsense\n", "{\"qblk-journal\": 99}\n", "\n"};
    interrupt_at(test, QBLK_STAGE_STARTED);
    g_autofree char *path = g_build_filename(test->directory, "0.journal", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        assert_true(g_file_set_contents(path, texts[i], -1, NULL));
        g_autoptr(QblkInterruptedList) found = list(test);
        assert_int_equal(qblk_interrupted_list_get_n_operations(found), 2);
        const QblkInterrupted *damaged = qblk_interrupted_list_get_operation(found, 0);
        assert_non_null(qblk_interrupted_get_error(damaged));
        assert_string_equal(qblk_interrupted_get_journal(damaged), path);
        assert_null(qblk_interrupted_get_vm(damaged));
        assert_null(qblk_interrupted_get_kind(damaged));
        assert_null(qblk_interrupted_get_target(damaged));
        assert_null(qblk_interrupted_get_job(damaged));
        assert_null(qblk_interrupted_get_old_top(damaged));
        assert_null(qblk_interrupted_get_new_top(damaged));
        assert_null(qblk_interrupted_get_error(qblk_interrupted_list_get_operation(found, 1)));
        g_autofree char *json = qblk_interrupted_list_to_json(found);
        assert_non_null(strstr(json, "\"stage\": null"));
    }
    assert_int_equal(g_unlink(path), 0);
    end_all(test);
}

/* A reference to an operation keeps all that it returns. */
static void
a_reference_to_an_operation_is_one_to_its_list(void **state)
{
    const JournalCase *test = *state;
    interrupt_at(test, QBLK_STAGE_STARTED);
    QblkInterruptedList *found = list(test);
    g_autoptr(QblkInterrupted) operation =
        qblk_interrupted_ref(qblk_interrupted_list_get_operation(found, 0));
    qblk_interrupted_list_unref(found);
    assert_string_equal(qblk_interrupted_get_target(operation), test->plan->target);
    end_all(test);
}

static void
the_document_has_each_operation(void **state)
{
    const JournalCase *test = *state;
    interrupt_at(test, QBLK_STAGE_STARTED);
    g_autoptr(QblkInterruptedList) found = list(test);
    g_autofree char *text = qblk_interrupted_list_to_json(found);
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkJson) json = qblk_json_parse(text, strlen(text), &error);
    assert_no_error(error);
    const QblkJson *operation = qblk_json_at(qblk_json_get(json, "operations"), 0);
    assert_string_equal(qblk_json_get_string(operation, "target"), test->plan->target);
    assert_string_equal(qblk_json_get_string(operation, "stage"), "started");
    assert_string_equal(qblk_json_get_string(operation, "vm"), test->vm.address);
    end_all(test);
}

static void
a_directory_that_does_not_exist_has_no_operations(void **state)
{
    const JournalCase *test = *state;
    g_autofree char *missing = g_build_filename(test->directory, "missing", NULL);
    g_autoptr(QblkInterruptedList) found = qblk_recover_list(missing, NULL);
    assert_int_equal(qblk_interrupted_list_get_n_operations(found), 0);
    g_autofree char *json = qblk_interrupted_list_to_json(found);
    assert_non_null(strstr(json, "\"operations\": []"));
}

static void
a_directory_that_cannot_be_read_is_an_error(void **state)
{
    GError *error = NULL;
    assert_null(qblk_recover_list("/proc/self/stat", &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, "/proc/self/stat");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_operation_is_listed_with_what_its_journal_has,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(an_operation_that_another_process_works_on_is_busy,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_journal_is_listed_with_its_error,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(a_reference_to_an_operation_is_one_to_its_list,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(the_document_has_each_operation, journal_case_set_up,
                                        journal_case_tear_down),
        cmocka_unit_test_setup_teardown(a_directory_that_does_not_exist_has_no_operations,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test(a_directory_that_cannot_be_read_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
