/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The results of recovering, as programs see them. */
#include "recover/recover.h"

#include "lib/fake-qmp.h"
#include "lib/journal-case.h"
#include "qmp/client.h"

#include <glib/gstdio.h>
#include <qblk/client-async.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static QblkRecovery *
recover(const JournalCase *test, QblkRecoverPurpose purpose, const char *disk)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkRecoverOptions) options = qblk_recover_options_new();
    qblk_recover_options_set_state_directory(options, test->directory);
    qblk_recover_options_set_purpose(options, purpose, disk);
    QblkRecovery *recovery = qblk_recover_run_on(NULL, &test->vm, options, NULL, &error);
    assert_no_error(error);
    return recovery;
}

/* A journal of the VM that cannot be read. */
static char *
damage_one(const JournalCase *test)
{
    g_autofree char *key = qblk_journal_vm_key(&test->vm);
    char *path = g_strdup_printf("%s/%s-vdz.journal", test->directory, key);
    assert_true(g_file_set_contents(path, "nonsense\n", -1, NULL));
    return path;
}

static void
without_journals_nothing_was_interrupted(void **state)
{
    const JournalCase *test = *state;
    g_autoptr(QblkRecovery) recovery = recover(test, QBLK_RECOVER_FOR_VM, NULL);
    assert_int_equal(qblk_recovery_get_n_results(recovery), 0);
    assert_null(qblk_recovery_get_result(recovery, 0));
    assert_true(qblk_recovery_propagate_error(recovery, NULL));
    g_autofree char *json = qblk_recovery_to_json(recovery);
    assert_non_null(strstr(json, "\"operations\": []"));
}

static void
an_operation_that_another_process_works_on_is_busy(void **state)
{
    const JournalCase *test = *state;
    QblkJournal *journal = journal_case_begin(test);
    journal_case_note(journal, QBLK_STAGE_STARTED);
    g_autoptr(QblkRecovery) recovery = recover(test, QBLK_RECOVER_FOR_VM, NULL);
    assert_true(qblk_recovery_propagate_error(recovery, NULL));
    const QblkRecoverResult *result = qblk_recovery_get_result(recovery, 0);
    assert_int_equal(qblk_recover_result_get_outcome(result), QBLK_RECOVER_BUSY);
    assert_int_equal(qblk_recover_result_get_stage(result), QBLK_STAGE_STARTED);
    assert_string_equal(qblk_recover_result_get_vm(result), test->vm.address);
    assert_string_equal(qblk_recover_result_get_kind(result), test->plan->kind);
    assert_string_equal(qblk_recover_result_get_target(result), test->plan->target);
    assert_true(g_str_has_prefix(qblk_recover_result_get_journal(result), test->directory));
    assert_int_equal(qblk_recover_result_get_found(result), QBLK_RECOVER_FOUND_NOTHING);
    assert_false(qblk_recover_result_would_change(result));
    assert_null(qblk_recover_result_get_error(result));
    g_autofree char *json = qblk_recover_result_to_json(result);
    assert_non_null(strstr(json, "\"outcome\": \"busy\""));
    qblk_journal_end(journal);
}

static void
a_journal_that_cannot_be_read_is_a_failure(void **state)
{
    const JournalCase *test = *state;
    g_autofree char *path = damage_one(test);
    QblkJournal *journal = journal_case_begin(test);
    g_autoptr(QblkRecovery) recovery = recover(test, QBLK_RECOVER_FOR_VM, NULL);
    assert_int_equal(qblk_recovery_get_n_results(recovery), 2);
    GError *error = NULL;
    assert_false(qblk_recovery_propagate_error(recovery, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, path);

    const QblkRecoverResult *result = qblk_recovery_get_result(recovery, 1);
    assert_int_equal(qblk_recover_result_get_outcome(result), QBLK_RECOVER_FAILED);
    assert_string_equal(qblk_recover_result_get_journal(result), path);
    assert_non_null(qblk_recover_result_get_error(result));
    assert_null(qblk_recover_result_get_vm(result));
    assert_null(qblk_recover_result_to_text(result));
    assert_int_equal(g_unlink(path), 0);
    qblk_journal_end(journal);
}

/* Before a change only the operation of the disk is in the way. */
static void
a_journal_of_another_disk_is_not_in_the_way(void **state)
{
    const JournalCase *test = *state;
    g_autofree char *path = damage_one(test);
    g_autoptr(QblkRecovery) recovery = recover(test, QBLK_RECOVER_FOR_NEW_JOB, "vda");
    assert_true(qblk_recovery_propagate_error(recovery, NULL));
    assert_int_equal(g_unlink(path), 0);
}

static void
a_reference_to_a_result_is_one_to_the_recovery(void **state)
{
    const JournalCase *test = *state;
    QblkJournal *journal = journal_case_begin(test);
    QblkRecovery *recovery = recover(test, QBLK_RECOVER_FOR_VM, NULL);
    g_autoptr(QblkRecoverResult) result =
        qblk_recover_result_ref(qblk_recovery_get_result(recovery, 0));
    qblk_recovery_unref(recovery);
    assert_string_equal(qblk_recover_result_get_target(result), test->plan->target);
    qblk_journal_end(journal);
}

/* One of the two is on disk at any time. */
static void
the_journal_of_a_job_that_is_ended_is_replaced(void **state)
{
    const JournalCase *test = *state;
    QblkJournal *before = journal_case_begin(test);
    journal_case_note(before, QBLK_STAGE_STARTED);
    qblk_journal_leave(before);
    g_autoptr(QblkRecovery) recovery = recover(test, QBLK_RECOVER_FOR_JOB_END, test->plan->target);
    g_autoptr(GError) error = NULL;
    QblkJournal *journal =
        qblk_recovery_begin_journal(recovery, test->directory, &test->vm, test->plan, &error);
    assert_no_error(error);
    g_autoptr(GPtrArray) records = journal_case_list(test);
    assert_int_equal(records->len, 1);
    const QblkJournalRecord *record = records->pdata[0];
    assert_int_equal(record->stage, QBLK_STAGE_PLANNED);
    assert_true(record->is_busy);
    qblk_journal_end(journal);
}

/* What was handed over is left, and not ended, if the caller does nothing with it. */
static void
a_journal_that_is_not_taken_stays(void **state)
{
    const JournalCase *test = *state;
    QblkJournal *before = journal_case_begin(test);
    journal_case_note(before, QBLK_STAGE_STARTED);
    qblk_journal_leave(before);
    QblkRecovery *recovery = recover(test, QBLK_RECOVER_FOR_JOB_END, test->plan->target);
    qblk_recovery_unref(recovery);
    g_autoptr(GPtrArray) records = journal_case_list(test);
    assert_int_equal(records->len, 1);
    const QblkJournalRecord *record = records->pdata[0];
    assert_false(record->is_busy);
    qblk_journal_end(qblk_journal_resume(record, NULL));
}

static void
all_vms_are_reached_at_the_address_in_the_journal(void **state)
{
    const JournalCase *test = *state;
    qblk_journal_leave(journal_case_begin(test));
    g_autoptr(QblkRecoverOptions) options = qblk_recover_options_new();
    qblk_recover_options_set_state_directory(options, test->directory);
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkRecovery) recovery = qblk_recover_all(options, &error);
    assert_no_error(error);
    GError *failure = NULL;
    assert_false(qblk_recovery_propagate_error(recovery, &failure));
    assert_error(failure, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, test->vm.address);
    g_autoptr(GPtrArray) records = journal_case_list(test);
    assert_int_equal(records->len, 1);
    qblk_journal_end(qblk_journal_resume(records->pdata[0], NULL));
}

/* It would wait for replies that the operation has asked for. */
/* The caller may run other plans than it has asked for. */
static void
only_journals_of_the_plan_are_ended(void **state)
{
    const JournalCase *test = *state;
    QblkJournalVm other = {.address = g_strdup("/other.qmp"), .uuid = g_strdup("other")};
    QblkJournal *before = journal_case_begin(test);
    journal_case_note(before, QBLK_STAGE_STARTED);
    qblk_journal_leave(before);
    g_autoptr(QblkRecovery) recovery = recover(test, QBLK_RECOVER_FOR_JOB_END, test->plan->target);

    g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
    plan->target = g_strdup("vdz");
    plan->job = g_strdup("another-job");
    qblk_recovery_end_journals(recovery, &test->vm, plan);
    qblk_recovery_end_journals(recovery, &other, test->plan);
    g_autoptr(GPtrArray) kept = journal_case_list(test);
    assert_int_equal(kept->len, 1);

    /* The disk of a job is not always known: its name is that of the job then. */
    g_free(plan->job);
    plan->job = g_strdup(test->plan->job);
    qblk_recovery_end_journals(recovery, &test->vm, plan);
    g_autoptr(GPtrArray) left = journal_case_list(test);
    assert_int_equal(left->len, 0);
    qblk_journal_vm_clear(&other);
}

static void
a_client_with_an_operation_is_refused(void **state)
{
    const JournalCase *test = *state;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    g_autoptr(QblkRecoverOptions) options = qblk_recover_options_new();
    qblk_recover_options_set_state_directory(options, test->directory);
    QblkClient *client = qblk_client_start_fd(fds[0], 1000, NULL);
    assert_true(qblk_client_begin_operation(client));
    GError *error = NULL;
    assert_null(qblk_recover_vm(client, options, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "another operation");
    assert_null(qblk_recover_before(client, "vda", QBLK_RECOVER_FOR_NEW_JOB, options, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "another operation");
    qblk_client_drive(client, FALSE, FALSE);
    qblk_client_unref(client);
    assert_int_equal(close(fds[1]), 0);
}

/* What was not begun when the caller cancelled stays, whatever is recovered, and is in its way. */
static void
a_cancelled_recovery_begins_nothing(void **state)
{
    const JournalCase *test = *state;
    static const QblkRunControl control = {.stops = 1};
    static const QblkRunOptions run = {.control = &control};
    qblk_journal_leave(journal_case_begin(test));
    for (int i = 0; i < 3; i++) {
        g_autoptr(QblkRecoverOptions) options = qblk_recover_options_new();
        qblk_recover_options_set_state_directory(options, test->directory);
        qblk_recover_options_set_purpose(
            options, i == 0 ? QBLK_RECOVER_FOR_NEW_JOB : QBLK_RECOVER_FOR_VM, "vdz");
        g_autoptr(GError) error = NULL;
        g_autoptr(QblkRecovery) recovery =
            i == 2 ? qblk_recover_run(NULL, options, &run, NULL, &error)
                   : qblk_recover_run_on(NULL, &test->vm, options, &run, &error);
        assert_no_error(error);
        assert_int_equal(qblk_recovery_get_n_results(recovery), 1);
        GError *failure = NULL;
        assert_false(qblk_recovery_propagate_error(recovery, &failure));
        assert_error(failure, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED,
                     test->plan->target);
    }
    g_autoptr(GPtrArray) records = journal_case_list(test);
    assert_int_equal(records->len, 1);
    qblk_journal_end(qblk_journal_resume(records->pdata[0], NULL));
}

/* Recover as one whose VM is @asked which one it is, or which receives nothing. */
static void
recover_on_fake(const JournalCase *test, gboolean is_asked)
{
    FakeQmp *fake = fake_qmp_new("7.2");
    if (is_asked) {
        fake_qmp_expect(fake, "query-uuid", NULL);
        fake_qmp_reply(fake, "{\"UUID\": \"cc0b8e9f-e966-4c8e-831e-8b7326fbce05\"}");
        fake_qmp_expect(fake, "query-cpus-fast", NULL);
        fake_qmp_reply(fake, "[]");
    }
    QblkClient *client = fake_qmp_connect(fake);
    g_autoptr(QblkRecoverOptions) options = qblk_recover_options_new();
    g_autoptr(GError) error = NULL;
    qblk_recover_options_set_state_directory(options, test->directory);
    g_autoptr(QblkRecovery) recovery = qblk_recover_run(client, options, NULL, NULL, &error);
    assert_no_error(error);
    assert_int_equal(qblk_recovery_get_n_results(recovery), 0);
    qblk_client_unref(client);
    fake_qmp_finish(fake);
}

static void
a_vm_is_identified_if_there_is_a_journal(void **state)
{
    const JournalCase *test = *state;
    recover_on_fake(test, FALSE);
    QblkJournal *of_another_vm = journal_case_begin(test);
    recover_on_fake(test, TRUE);
    qblk_journal_end(of_another_vm);
}

#define JOURNAL_TEST(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, journal_case_set_up, journal_case_tear_down)

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        JOURNAL_TEST(without_journals_nothing_was_interrupted),
        JOURNAL_TEST(an_operation_that_another_process_works_on_is_busy),
        JOURNAL_TEST(a_journal_that_cannot_be_read_is_a_failure),
        JOURNAL_TEST(a_journal_of_another_disk_is_not_in_the_way),
        JOURNAL_TEST(a_reference_to_a_result_is_one_to_the_recovery),
        JOURNAL_TEST(the_journal_of_a_job_that_is_ended_is_replaced),
        JOURNAL_TEST(a_journal_that_is_not_taken_stays),
        JOURNAL_TEST(only_journals_of_the_plan_are_ended),
        JOURNAL_TEST(a_client_with_an_operation_is_refused),
        JOURNAL_TEST(a_cancelled_recovery_begins_nothing),
        JOURNAL_TEST(a_vm_is_identified_if_there_is_a_journal),
        JOURNAL_TEST(all_vms_are_reached_at_the_address_in_the_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
