/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interrupted operations on images that no QEMU has open. */
#include "recover/recover-offline.h"

#include "image/lock-holder.h"
#include "image/process.h"
#include "lib/verdict-case.h"
#include "recover/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The commit of the plan, with pivot, was one on its active image. */
static int
set_up(void **state)
{
    (void)verdict_case_set_up(state);
    JournalCase *test = *state;
    QblkPlan *plan = test->plan;
    const QblkExpectation *base = plan->after->pdata[0];
    qblk_journal_vm_set_image(&test->vm, verdict_case_file(plan->before));
    g_free(plan->merged);
    g_free(plan->merged_path);
    g_free(plan->merged_into);
    g_free(plan->merged_into_path);
    plan->merged = g_strdup(verdict_case_file(plan->before));
    plan->merged_path = g_strdup(plan->merged);
    plan->merged_into = g_strdup(base->filename);
    plan->merged_into_path = g_strdup(base->filename);
    return 0;
}

#define OFFLINE_TEST(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, set_up, verdict_case_tear_down)

static void
interrupt_at(const JournalCase *test, QblkStage stage)
{
    qblk_journal_leave(verdict_case_begin(test, stage));
}

/* @vm: (nullable): NULL: all VMs.  @purpose: FOR_VM, or what the caller is about to do */
static QblkRecovery *
recover(const JournalCase *test, const QblkJournalVm *vm, QblkRecoverPurpose purpose,
        gboolean dry_run)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkRecoverOptions) options = qblk_recover_options_new();
    qblk_recover_options_set_state_directory(options, test->directory);
    qblk_recover_options_set_dry_run(options, dry_run);
    qblk_recover_options_set_purpose(options, purpose, NULL);
    QblkRecovery *recovery = qblk_recover_run_on(NULL, vm, options, NULL, &error);
    assert_no_error(error);
    return recovery;
}

static guint
count_journals(const JournalCase *test)
{
    g_autoptr(GPtrArray) records = journal_case_list(test);
    return records->len;
}

/* Returns: TRUE if the active image from before has a final mark; FALSE if it has none. */
static gboolean
is_marked(const JournalCase *test)
{
    const char *image = verdict_case_file(test->plan->before);
    g_autoptr(QblkMergedMark) mark = qblk_merged_mark_read(image, test->directory);
    assert_true(mark == NULL || mark->is_done);
    return mark != NULL;
}

static void
expect_result(const QblkRecovery *recovery, QblkRecoverOutcome outcome)
{
    assert_int_equal(qblk_recovery_get_n_results(recovery), 1);
    assert_int_equal(qblk_recover_result_get_outcome(qblk_recovery_get_result(recovery, 0)),
                     outcome);
}

static const struct {
    QblkStage stage;
    gboolean completes;
} rows[] = {
    {QBLK_STAGE_PLANNED, FALSE},
    {QBLK_STAGE_STARTED, FALSE},
    {QBLK_STAGE_PIVOTING, TRUE}, /* the job had copied everything, and nothing was written since */
    {QBLK_STAGE_CLEANING, TRUE},
};

static void
the_stage_of_a_commit_tells_where_the_data_are(void **state)
{
    const JournalCase *test = *state;
    const char *before = verdict_case_file(test->plan->before),
               *after = verdict_case_file(test->plan->after);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        interrupt_at(test, rows[i].stage);
        verdict_case_assert_boots(test, before, rows[i].completes ? after : before);
        g_autoptr(QblkImageVerdict) verdict = verdict_case_settle(test, before);
        assert_string_equal(qblk_image_verdict_get_boot(verdict),
                            rows[i].completes ? after : before);
        assert_int_equal(count_journals(test), 0);
        assert_true(is_marked(test) == rows[i].completes);
        qblk_merged_mark_remove(before, test->directory);
    }
}

static void
operations_on_images_are_recovered_with_those_of_all_vms(void **state)
{
    const JournalCase *test = *state;
    const QblkJournalVm *const vms[] = {NULL, &test->vm};
    for (gsize i = 0; i < G_N_ELEMENTS(rows) * G_N_ELEMENTS(vms); i++) {
        gboolean completes = rows[i / 2].completes;
        if (completes && vms[i % 2] != NULL) {
            continue; /* see an_image_that_is_no_longer_active_is_refused */
        }
        interrupt_at(test, rows[i / 2].stage);
        g_autoptr(QblkRecovery) would = recover(test, vms[i % 2], QBLK_RECOVER_FOR_VM, TRUE);
        expect_result(would,
                      completes ? QBLK_RECOVER_WOULD_COMPLETE : QBLK_RECOVER_WOULD_ROLL_BACK);
        assert_int_equal(count_journals(test), 1);
        assert_false(is_marked(test));

        g_autoptr(QblkRecovery) done = recover(test, vms[i % 2], QBLK_RECOVER_FOR_VM, FALSE);
        expect_result(done, completes ? QBLK_RECOVER_COMPLETED : QBLK_RECOVER_ROLLED_BACK);
        assert_int_equal(count_journals(test), 0);
        assert_true(is_marked(test) == completes);
        qblk_merged_mark_remove(verdict_case_file(test->plan->before), test->directory);
    }
}

/* The source of a copy has all data as well. */
static void
only_a_merged_image_is_marked(void **state)
{
    const JournalCase *test = *state;
    g_clear_pointer(&test->plan->merged, g_free);
    g_clear_pointer(&test->plan->merged_path, g_free);
    interrupt_at(test, QBLK_STAGE_PIVOTING);
    g_autoptr(QblkRecovery) recovery = recover(test, NULL, QBLK_RECOVER_FOR_VM, FALSE);
    expect_result(recovery, QBLK_RECOVER_COMPLETED);
    assert_false(is_marked(test));
}

static void
what_was_to_be_deleted_is_deleted(void **state)
{
    const JournalCase *test = *state;
    const char *before = verdict_case_file(test->plan->before);
    struct stat status;
    assert_int_equal(stat(before, &status), 0);
    QblkRemovedImage *removal = test->plan->removed->pdata[0];
    g_free(removal->path);
    removal->path = g_strdup(before);
    removal->will_delete = TRUE;
    removal->file = qblk_file_identity(&status);
    QblkExpectation *base = test->plan->after->pdata[0];
    assert_int_equal(stat(base->filename, &status), 0);
    base->file = qblk_file_identity(&status);

    interrupt_at(test, QBLK_STAGE_PIVOTING);
    g_autoptr(QblkImageVerdict) verdict = verdict_case_settle(test, base->filename);
    assert_string_equal(qblk_image_verdict_get_boot(verdict), base->filename);
    for (guint i = 0; i < verdict->unused->len; i++) {
        assert_string_not_equal(verdict->unused->pdata[i], before);
    }
    assert_false(g_file_test(before, G_FILE_TEST_EXISTS));
    assert_false(is_marked(test));
    assert_int_equal(count_journals(test), 0);
}

static void
a_file_that_is_not_deleted_is_an_error_and_the_end(void **state)
{
    const JournalCase *test = *state;
    QblkRemovedImage *removal = test->plan->removed->pdata[0];
    g_free(removal->path);
    removal->path = g_strdup(verdict_case_file(test->plan->before));
    removal->will_delete = TRUE;
    removal->file = (QblkFileIdentity){1, 2};
    QblkExpectation *base = test->plan->after->pdata[0];
    struct stat status;
    assert_int_equal(stat(base->filename, &status), 0);
    base->file = qblk_file_identity(&status);

    interrupt_at(test, QBLK_STAGE_PIVOTING);
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkRecovery) recovery = recover(test, NULL, QBLK_RECOVER_FOR_VM, FALSE);
    assert_false(qblk_recovery_propagate_error(recovery, &error));
    assert_non_null(strstr(error->message, "has ended: the chain of 'vda' was changed as planned"));
    assert_non_null(strstr(error->message, "another file now has this name"));
    assert_true(is_marked(test));
    assert_int_equal(count_journals(test), 0);
    qblk_merged_mark_remove(removal->path, test->directory);
}

static void
an_image_that_is_no_longer_active_is_refused(void **state)
{
    const JournalCase *test = *state;
    g_autoptr(GError) error = NULL;
    interrupt_at(test, QBLK_STAGE_PIVOTING);
    g_autoptr(QblkRecovery) old = recover(test, &test->vm, QBLK_RECOVER_FOR_NEW_JOB, FALSE);
    assert_false(qblk_recovery_propagate_error(old, &error));
    assert_true(g_error_matches(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED));
    assert_non_null(strstr(error->message, "has all data: run 'qblk recover image:"));
    assert_int_equal(count_journals(test), 1);

    QblkJournalVm base = {0};
    qblk_journal_vm_set_image(&base, verdict_case_file(test->plan->after));
    g_autoptr(QblkRecovery) new = recover(test, &base, QBLK_RECOVER_FOR_NEW_JOB, FALSE);
    qblk_journal_vm_clear(&base);
    expect_result(new, QBLK_RECOVER_COMPLETED);
    assert_true(is_marked(test));
    qblk_merged_mark_remove(verdict_case_file(test->plan->before), test->directory);
}

/* A QEMU that has crashed may have changed the image. */
static void
an_operation_of_a_qemu_on_the_image_comes_first(void **state)
{
    JournalCase *test = *state;
    g_autoptr(GError) error = NULL;
    QblkJournalVm image = {.address = g_strdup(test->vm.address)};
    qblk_journal_vm_clear(&test->vm);
    test->vm.address = g_strdup("/run/vm.qmp");
    interrupt_at(test, QBLK_STAGE_STARTED);

    g_autoptr(QblkRecovery) recovery = recover(test, &image, QBLK_RECOVER_FOR_NEW_JOB, FALSE);
    assert_false(qblk_recovery_propagate_error(recovery, &error));
    assert_non_null(strstr(error->message, "in '/run/vm.qmp' was interrupted, and may have"));
    assert_int_equal(count_journals(test), 1);
    verdict_case_end(test);
    qblk_journal_vm_clear(&image);
}

/* A guest was started from @path after qblk had ended.  The time of the status is the present one,
 * whatever that of the content is set to. */
static void
write_later(const char *path, time_t seconds)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    const struct timespec times[] = {status.st_atim, {status.st_mtim.tv_sec + seconds, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* The images are empty files, which are no qcow2 images: their content cannot be compared. */
static void
an_image_that_was_written_since_is_kept(void **state)
{
    const JournalCase *test = *state;
    const char *before = verdict_case_file(test->plan->before);
    const char *after = verdict_case_file(test->plan->after);
    const char *const names[] = {before, after};
    for (gsize i = 0; i < G_N_ELEMENTS(rows) * G_N_ELEMENTS(names); i++) {
        interrupt_at(test, rows[i / 2].stage);
        write_later(before, 10);
        if (!rows[i / 2].completes) {
            verdict_case_assert_boots(test, names[i % 2], before);
            verdict_case_end(test);
            continue;
        }
        verdict_case_assert_none(test, names[i % 2], QBLK_BLOCKJOB_ERROR_RESULT,
                                 "both may have data that the other lacks");

        g_autoptr(GError) error = NULL;
        g_autoptr(QblkRecovery) recovery = recover(test, NULL, QBLK_RECOVER_FOR_VM, FALSE);
        assert_false(qblk_recovery_propagate_error(recovery, &error));
        assert_non_null(strstr(error->message, "was written after it was merged into"));
        assert_true(g_file_test(before, G_FILE_TEST_EXISTS));
        assert_int_equal(count_journals(test), 1);
        assert_false(is_marked(test));
        verdict_case_end(test);
    }
}

/* A guest may run on with the new image. */
static void
the_new_image_may_be_written(void **state)
{
    const JournalCase *test = *state;
    const char *after = verdict_case_file(test->plan->after);
    interrupt_at(test, QBLK_STAGE_CLEANING);
    write_later(after, 10);
    verdict_case_assert_boots(test, verdict_case_file(test->plan->before), after);
    verdict_case_end(test);
}

static int
do_not_wait(struct pollfd *item, int timeout_ms, gpointer user_data)
{
    return -ECANCELED;
}

static void
an_image_that_is_in_use_is_not_touched(void **state)
{
    const JournalCase *test = *state;
    const QblkWaiter waiter = {.poll = do_not_wait, .user_data = NULL};
    g_autoptr(GError) error = NULL;
    int fd = open(verdict_case_file(test->plan->before), O_RDWR | O_CLOEXEC);
    struct flock range = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 201, .l_len = 1};
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &range), 0);
    interrupt_at(test, QBLK_STAGE_PIVOTING);

    g_autoptr(QblkRecoverOptions) options = qblk_recover_options_new();
    qblk_recover_options_set_state_directory(options, test->directory);
    g_autoptr(QblkRecovery) recovery = qblk_recover_run(NULL, options, NULL, &waiter, &error);
    assert_no_error(error);
    assert_false(qblk_recovery_propagate_error(recovery, &error));
    assert_non_null(strstr(error->message, "is in use by process"));
    assert_int_equal(count_journals(test), 1);
    close(fd);
    verdict_case_end(test);
}

/* The 10 seconds until the daemon is killed pass at once, and then it is waited for.  @user_data:
 * number of calls */
static int
pass_time(struct pollfd *item, int timeout_ms, gpointer user_data)
{
    guint *calls = user_data;
    (*calls)++;
    return *calls > 2 * 1000 ? poll(NULL, 0, timeout_ms) : 0;
}

/* QEMU may hang if it is to end while it creates an image. */
static void
a_daemon_that_does_not_end_is_killed(void **state)
{
    JournalCase *test = *state;
    guint calls = 0;
    const QblkWaiter waiter = {.poll = pass_time, .user_data = &calls};
    g_autoptr(GError) error = NULL;
    const char *image = verdict_case_file(test->plan->before);
    pid_t child = fork();
    if (child == 0) {
        struct flock range = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 201, .l_len = 1};
        int fd = open(image, O_RDWR | O_CLOEXEC);
        _exit(fcntl(fd, F_OFD_SETLK, &range) == 0 ? pause() : 1);
    }
    test->vm.pid = child;
    test->vm.start = qblk_process_start(child);
    while (!qblk_lock_holder_is_any(image)) {
        assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
    }
    interrupt_at(test, QBLK_STAGE_STARTED);

    g_autoptr(QblkRecoverOptions) options = qblk_recover_options_new();
    qblk_recover_options_set_state_directory(options, test->directory);
    qblk_recover_options_set_dry_run(options, TRUE);
    g_autoptr(QblkRecovery) would = qblk_recover_run(NULL, options, NULL, &waiter, &error);
    assert_no_error(error);
    expect_result(would, QBLK_RECOVER_WOULD_ROLL_BACK);
    assert_int_equal(kill(child, 0), 0);

    qblk_recover_options_set_dry_run(options, FALSE);
    g_autoptr(QblkRecovery) done = qblk_recover_run(NULL, options, NULL, &waiter, &error);
    assert_no_error(error);
    expect_result(done, QBLK_RECOVER_ROLLED_BACK);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
an_image_has_one_journal_by_whichever_name(void **state)
{
    const JournalCase *test = *state;
    const char *before = verdict_case_file(test->plan->before);
    g_autofree char *link = g_build_filename(test->directory, "link.qcow2", NULL);
    g_autofree char *key = qblk_journal_vm_key(&test->vm);
    assert_int_equal(symlink(before, link), 0);
    QblkJournalVm vm = {0};
    qblk_journal_vm_set_image(&vm, link);
    g_autofree char *linked = qblk_journal_vm_key(&vm);
    assert_string_equal(linked, key);
    vm.pid = 12; /* of the daemon, which is another one each time */
    vm.start = 345;
    g_autofree char *with_daemon = qblk_journal_vm_key(&vm);
    assert_string_equal(with_daemon, key);
    assert_string_equal(qblk_journal_vm_get_image(&vm), before);

    assert_int_equal(unlink(link), 0);
    qblk_journal_vm_set_image(&vm, link); /* of a file that was deleted */
    assert_string_equal(qblk_journal_vm_get_image(&vm), link);
    qblk_journal_vm_clear(&vm);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        OFFLINE_TEST(the_stage_of_a_commit_tells_where_the_data_are),
        OFFLINE_TEST(operations_on_images_are_recovered_with_those_of_all_vms),
        OFFLINE_TEST(only_a_merged_image_is_marked),
        OFFLINE_TEST(what_was_to_be_deleted_is_deleted),
        OFFLINE_TEST(a_file_that_is_not_deleted_is_an_error_and_the_end),
        OFFLINE_TEST(an_image_that_is_no_longer_active_is_refused),
        OFFLINE_TEST(an_operation_of_a_qemu_on_the_image_comes_first),
        OFFLINE_TEST(an_image_that_was_written_since_is_kept),
        OFFLINE_TEST(the_new_image_may_be_written),
        OFFLINE_TEST(an_image_that_is_in_use_is_not_touched),
        OFFLINE_TEST(a_daemon_that_does_not_end_is_killed),
        OFFLINE_TEST(an_image_has_one_journal_by_whichever_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
