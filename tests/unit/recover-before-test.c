/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interrupted operations when a command is about to change a disk of their VM. */
#include "recover/recover.h"

#include "lib/journal-case.h"

#include <glib/gstdio.h>

static QblkRecovery *
recover_before(const JournalCase *test, const char *disk, QblkRecoverPurpose purpose,
               GError **error)
{
    g_autoptr(QblkRecoverOptions) options = qblk_recover_options_new();
    qblk_recover_options_set_state_directory(options, test->directory);
    qblk_recover_options_set_purpose(options, purpose, disk);
    return qblk_recover_run_on(NULL, &test->vm, options, NULL, error);
}

static void
interrupt_at(const JournalCase *test, QblkStage stage)
{
    QblkJournal *journal = journal_case_begin(test);
    journal_case_note(journal, stage);
    qblk_journal_leave(journal);
}

/* The number of journals that are left after a command for the job of @disk, which was accepted or
 * refused. */
static guint
manage_or_refuse(const JournalCase *test, const char *disk, QblkRecoverPurpose purpose,
                 gboolean accepts)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkRecovery) recovery = recover_before(test, disk, purpose, &error);
    assert_no_error(error);
    assert_true(qblk_recovery_propagate_error(recovery, NULL));
    assert_int_equal(qblk_recovery_get_n_results(recovery), 0);
    if (accepts) {
        qblk_recovery_end_journals(recovery, &test->vm, test->plan);
    }
    g_autoptr(GPtrArray) left = journal_case_list(test);
    return left->len;
}

static guint
manage(const JournalCase *test, const char *disk, QblkRecoverPurpose purpose)
{
    return manage_or_refuse(test, disk, purpose, TRUE);
}

static void
end_all(const JournalCase *test)
{
    g_autoptr(GPtrArray) left = journal_case_list(test);
    for (guint i = 0; i < left->len; i++) {
        qblk_journal_end(qblk_journal_resume(left->pdata[i], NULL));
    }
}

static void
a_job_that_the_user_ends_needs_no_journal(void **state)
{
    const JournalCase *test = *state;
    const char *const names[] = {test->plan->target, test->plan->job};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        interrupt_at(test, QBLK_STAGE_STARTED);
        assert_int_equal(manage(test, names[i], QBLK_RECOVER_FOR_JOB_END), 0);
    }
}

static void
a_request_that_is_refused_keeps_the_journal(void **state)
{
    const JournalCase *test = *state;
    interrupt_at(test, QBLK_STAGE_STARTED);
    assert_int_equal(manage_or_refuse(test, test->plan->target, QBLK_RECOVER_FOR_JOB_END, FALSE),
                     1);
    end_all(test);
}

static void
a_job_whose_setting_is_changed_keeps_its_journal(void **state)
{
    const JournalCase *test = *state;
    interrupt_at(test, QBLK_STAGE_STARTED);
    assert_int_equal(manage(test, test->plan->target, QBLK_RECOVER_FOR_SETTING), 1);
    end_all(test);
}

static void
another_vm_is_not_concerned(void **state)
{
    JournalCase other = *(JournalCase *)*state;
    interrupt_at(&other, QBLK_STAGE_STARTED);
    other.vm = (QblkJournalVm){.address = g_strdup("/other.sock"), .uuid = g_strdup("other")};
    assert_int_equal(manage(&other, other.plan->target, QBLK_RECOVER_FOR_JOB_END), 1);
    end_all(&other);
    qblk_journal_vm_clear(&other.vm);
}

static void
an_operation_that_another_process_works_on_is_passed_over(void **state)
{
    const JournalCase *test = *state;
    QblkJournal *journal = journal_case_begin(test);
    journal_case_note(journal, QBLK_STAGE_STARTED);
    assert_int_equal(manage(test, test->plan->target, QBLK_RECOVER_FOR_JOB_END), 1);
    qblk_journal_end(journal);
}

static void
a_directory_that_cannot_be_read_is_an_error(void **state)
{
    JournalCase test = *(JournalCase *)*state;
    g_autofree char *file = g_build_filename(test.directory, "file", NULL);
    GError *error = NULL;
    assert_true(g_file_set_contents(file, "x", 1, NULL));
    test.directory = file;
    assert_null(recover_before(&test, "vda", QBLK_RECOVER_FOR_NEW_JOB, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, file);
    assert_int_equal(g_remove(file), 0);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_job_that_the_user_ends_needs_no_journal,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(a_request_that_is_refused_keeps_the_journal,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(a_job_whose_setting_is_changed_keeps_its_journal,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(another_vm_is_not_concerned, journal_case_set_up,
                                        journal_case_tear_down),
        cmocka_unit_test_setup_teardown(an_operation_that_another_process_works_on_is_passed_over,
                                        journal_case_set_up, journal_case_tear_down),
        cmocka_unit_test_setup_teardown(a_directory_that_cannot_be_read_is_an_error,
                                        journal_case_set_up, journal_case_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
