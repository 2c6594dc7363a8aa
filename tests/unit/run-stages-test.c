/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is recorded of a run before it is carried out, and what is left of it. */
#include "lib/run-case.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static RunCase *
journal_case_new(QblkCommitEnd end)
{
    RunCase *test = run_case_new(end);
    run_case_begin_journal(test);
    return test;
}

/* To the command that changes the chain of an active commit. */
static void
accept_to_ready(FakeQmp *fake)
{
    run_case_accept(fake, "block-commit", "created running ready", NULL);
}

static void
accept_from_complete(FakeQmp *fake)
{
    run_case_answer_jobs(fake, "concluded", NULL);
    run_case_accept(fake, "job-dismiss", NULL, "null");
    for (guint i = 0; i < 4; i++) {
        run_case_accept(fake, "blockdev-del", NULL, NULL);
    }
}

/* ---- stages ---- */

static void
each_stage_is_recorded_before_its_command_is_sent(void **state)
{
    static const struct {
        const char *lost;
        int stage;
        gboolean is_marked;
    } cases[] = {
        {"block-commit", QBLK_STAGE_STARTED, FALSE},
        {"job-complete", QBLK_STAGE_PIVOTING, TRUE},
        {"job-dismiss", QBLK_STAGE_CLEANING, TRUE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        RunCase *test = journal_case_new(QBLK_COMMIT_PIVOT);
        if (i > 0) {
            accept_to_ready(test->fake);
        }
        if (i > 1) {
            run_case_accept(test->fake, "job-complete", "waiting pending concluded", NULL);
            run_case_answer_jobs(test->fake, "concluded", NULL);
        }
        run_case_disconnect(test->fake, cases[i].lost, TRUE);
        run_case_run(test);
        assert_error(test->error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "");
        assert_int_equal(run_case_stage(test), cases[i].stage);
        g_autoptr(QblkMergedMark) mark = run_case_mark(test);
        assert_int_equal(mark != NULL, cases[i].is_marked);
        gboolean is_final = cases[i].stage == QBLK_STAGE_CLEANING;
        assert_true(mark == NULL || mark->is_done == is_final);
        run_case_free(test);
    }
}

static void
a_success_leaves_the_mark_and_no_journal(void **state)
{
    RunCase *test = journal_case_new(QBLK_COMMIT_PIVOT);
    accept_to_ready(test->fake);
    run_case_accept(test->fake, "job-complete", "waiting pending concluded", NULL);
    accept_from_complete(test->fake);
    run_case_run_well(test);
    assert_int_equal(run_case_stage(test), -1);
    g_autoptr(QblkMergedMark) mark = run_case_mark(test);
    assert_non_null(mark);
    assert_true(mark->is_done);
    assert_string_equal(mark->into, test->plan->merged_into);
    run_case_free(test);
}

static void
a_rollback_leaves_neither_mark_nor_journal(void **state)
{
    RunCase *test = journal_case_new(QBLK_COMMIT_PIVOT);
    accept_to_ready(test->fake);
    run_case_refuse(test->fake, "job-complete");
    run_case_answer_jobs(test->fake, "ready", NULL);
    run_case_accept_rollback(test->fake, "ready");
    run_case_run(test);
    assert_error(test->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED, "is unchanged");
    assert_int_equal(run_case_stage(test), -1);
    assert_null(run_case_mark(test));
    run_case_free(test);
}

/* ---- a job of another client, which has to be finalized ---- */

/* An active commit that was started with auto-finalize=false. */
static RunCase *
case_to_finalize(void)
{
    RunCase *test = run_case_new(QBLK_COMMIT_PIVOT);
    run_case_wait_for_finalize(test);
    run_case_begin_journal(test);
    run_case_answer_jobs(test->fake, "ready", NULL);
    run_case_accept(test->fake, "job-complete", NULL, "waiting pending");
    return test;
}

static void
its_chain_has_changed_once_it_was_finalized(void **state)
{
    RunCase *test = case_to_finalize();
    run_case_disconnect(test->fake, "job-finalize", TRUE);
    run_case_run(test);
    assert_error(test->error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "may have been changed");
    assert_int_equal(run_case_stage(test), QBLK_STAGE_PIVOTING);
    g_autoptr(QblkMergedMark) mark = run_case_mark(test);
    assert_non_null(mark);
    assert_false(mark->is_done);
    run_case_free(test);

    test = case_to_finalize();
    run_case_accept(test->fake, "job-finalize", NULL, "concluded");
    run_case_answer_jobs(test->fake, "concluded", NULL);
    run_case_disconnect(test->fake, "job-dismiss", TRUE);
    run_case_run(test);
    assert_error(test->error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "was changed as planned");
    assert_int_equal(run_case_stage(test), QBLK_STAGE_CLEANING);
    g_autoptr(QblkMergedMark) done = run_case_mark(test);
    assert_true(done->is_done);
    run_case_free(test);
}

static void
a_failure_to_finalize_changes_nothing(void **state)
{
    RunCase *test = case_to_finalize();
    run_case_accept(test->fake, "job-finalize", NULL, "aborting concluded");
    for (guint i = 0; i < 2; i++) {
        run_case_answer_jobs(test->fake, "concluded", "Permission denied");
    }
    run_case_accept(test->fake, "job-dismiss", "null", NULL);
    run_case_run(test);
    assert_error(test->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED, "is unchanged");
    assert_int_equal(run_case_stage(test), -1);
    assert_null(run_case_mark(test));
    run_case_free(test);
}

/* No step was taken before, but the mark was written. */
static void
a_refusal_of_the_first_step_leaves_neither_mark_nor_journal(void **state)
{
    RunCase *test = run_case_new(QBLK_COMMIT_PIVOT);
    run_case_wait_for_finalize(test);
    run_case_begin_journal(test);
    run_case_answer_jobs(test->fake, "standby", NULL);
    run_case_refuse(test->fake, "job-complete");
    run_case_answer_jobs(test->fake, "standby", NULL);
    run_case_run(test);
    assert_error(test->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED, "is unchanged");
    assert_int_equal(run_case_stage(test), -1);
    assert_null(run_case_mark(test));
    run_case_free(test);
}

/* ---- a journal that cannot be written ---- */

/* No file can get larger than the journal is now. */
static void
fill_disk(const QblkPlan *plan, const QblkRunProgress *progress, gpointer user_data)
{
    const RunCase *test = user_data;
    g_autoptr(GError) error = NULL;
    GDir *directory = g_dir_open(test->directory, 0, &error);
    assert_no_error(error);
    const char *name;
    while ((name = g_dir_read_name(directory)) != NULL) {
        g_autofree char *path = g_build_filename(test->directory, name, NULL);
        struct stat status;
        assert_int_equal(stat(path, &status), 0);
        if (g_str_has_suffix(name, ".journal")) {
            struct rlimit limit;
            assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
            limit.rlim_cur = (rlim_t)status.st_size;
            assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        }
    }
    g_dir_close(directory);
}

/* The first time that is waited for anything. */
static void
fill_disk_in_mid_job(RunCase *test)
{
    (void)signal(SIGXFSZ, SIG_IGN);
    test->options.report_ms = G_MAXINT;
    test->options.report = fill_disk;
    test->options.user_data = test;
}

static void
empty_disk(void)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
without_a_record_the_chain_is_not_changed(void **state)
{
    RunCase *test = journal_case_new(QBLK_COMMIT_PIVOT);
    fill_disk_in_mid_job(test);
    run_case_accept(test->fake, "block-commit", "created running", NULL);
    run_case_answer_jobs(test->fake, "running", NULL);
    run_case_status(test->fake, "ready");
    run_case_accept_rollback(test->fake, "ready");
    run_case_run(test);
    empty_disk();
    assert_error(test->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_FAILED, "is unchanged");
    assert_int_equal(run_case_stage(test), -1);
    assert_null(run_case_mark(test));
    run_case_free(test);
}

static void
a_committed_job_is_completed_without_a_record(void **state)
{
    RunCase *test = journal_case_new(QBLK_COMMIT_PIVOT);
    fill_disk_in_mid_job(test);
    accept_to_ready(test->fake);
    run_case_accept(test->fake, "job-complete", NULL, NULL);
    run_case_answer_jobs(test->fake, "waiting", NULL);
    run_case_status(test->fake, "concluded");
    accept_from_complete(test->fake);
    run_case_run_well(test);
    empty_disk();
    assert_int_equal(run_case_stage(test), -1);
    run_case_free(test);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_stage_is_recorded_before_its_command_is_sent),
        cmocka_unit_test(a_success_leaves_the_mark_and_no_journal),
        cmocka_unit_test(a_rollback_leaves_neither_mark_nor_journal),
        cmocka_unit_test(its_chain_has_changed_once_it_was_finalized),
        cmocka_unit_test(a_failure_to_finalize_changes_nothing),
        cmocka_unit_test(a_refusal_of_the_first_step_leaves_neither_mark_nor_journal),
        cmocka_unit_test(without_a_record_the_chain_is_not_changed),
        cmocka_unit_test(a_committed_job_is_completed_without_a_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
