/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a run that has failed leaves, for a resume. */
#include "lib/run-case.h"

/* An active commit, up to the answer to the command that changes the chain, and what follows. */
static RunCase *
case_new(const char *states)
{
    RunCase *test = run_case_new(QBLK_COMMIT_PIVOT);
    run_case_begin_journal(test);
    run_case_accept(test->fake, "block-commit", "created running", "ready");
    run_case_accept(test->fake, "job-complete", NULL, states);
    return test;
}

static void
fail_with(RunCase *test, const char *part)
{
    run_case_run(test);
    assert_false(test->done);
    assert_non_null(strstr(test->error->message, part));
}

static void
a_failed_job_is_recorded_as_no_change(void **state)
{
    RunCase *test = case_new("aborting concluded");
    run_case_answer_jobs(test->fake, "concluded", "Input/output error");
    run_case_answer_jobs(test->fake, "concluded", "Input/output error");
    run_case_disconnect(test->fake, "job-dismiss", TRUE);
    fail_with(test, "could not be rolled back");
    assert_int_equal(run_case_stage(test), QBLK_STAGE_STARTED);
    run_case_free(test);
}

static void
a_job_with_an_unknown_end_is_not_rolled_back(void **state)
{
    RunCase *test = case_new("concluded");
    run_case_refuse(test->fake, "query-jobs");
    fail_with(test, "may have been changed");
    assert_int_equal(run_case_stage(test), QBLK_STAGE_PIVOTING);
    run_case_free(test);
}

/* Another client may have completed the job: only the job and the chain show that. */
static void
a_refusal_that_cannot_be_explained_is_not_rolled_back(void **state)
{
    static const gboolean is_lost[] = {FALSE, TRUE};
    for (gsize i = 0; i < G_N_ELEMENTS(is_lost); i++) {
        RunCase *test = run_case_new(QBLK_COMMIT_PIVOT);
        run_case_begin_journal(test);
        run_case_accept(test->fake, "block-commit", "created running", "ready");
        run_case_refuse(test->fake, "job-complete");
        if (is_lost[i]) {
            run_case_disconnect(test->fake, "query-jobs", TRUE);
        } else {
            run_case_refuse(test->fake, "query-jobs");
        }
        fail_with(test, "may have been changed");
        assert_int_equal(run_case_stage(test), QBLK_STAGE_PIVOTING);
        g_autoptr(QblkMergedMark) mark = run_case_mark(test);
        assert_non_null(mark);
        run_case_free(test);
    }
}

/* ---- after a good end ---- */

static RunCase *
case_ended_well(void)
{
    RunCase *test = case_new("concluded");
    run_case_answer_jobs(test->fake, "concluded", NULL);
    return test;
}

static void
clean_up(FakeQmp *fake)
{
    run_case_accept(fake, "job-dismiss", "null", NULL);
    for (guint i = 0; i < 4; i++) {
        run_case_accept(fake, "blockdev-del", NULL, NULL);
    }
}

static void
expect_marked(RunCase *test, const char *part)
{
    fail_with(test, part);
    g_autoptr(QblkMergedMark) mark = run_case_mark(test);
    assert_non_null(mark);
    assert_true(mark->is_done);
    run_case_free(test);
}

static void
a_merge_is_marked_if_the_chain_is_not_as_planned(void **state)
{
    RunCase *test = case_ended_well();
    clean_up(test->fake);
    expect_marked(test, "expected");
}

static void
a_merge_is_marked_if_no_file_may_be_deleted(void **state)
{
    RunCase *test = case_ended_well();
    clean_up(test->fake);
    run_case_promise_recorded(test);
    QblkExpectation *stays = test->plan->after->pdata[0];
    stays->file.device = 1; /* it was looked at, and is no more */
    assert_true(qblk_plan_delete_removed(test->plan, NULL));
    expect_marked(test, "nothing was deleted");
}

static void
a_merge_is_marked_if_the_connection_is_lost(void **state)
{
    RunCase *test = case_ended_well();
    QblkExpectation *top = test->plan->before->pdata[0];
    g_free(top->path);
    top->path = g_strdup(test->plan->merged_path);
    run_case_disconnect(test->fake, "job-dismiss", TRUE);
    fail_with(test, "but a later step failed: QEMU closed");

    /* The fake server is not a QEMU that has closed the image. */
    g_autoptr(QblkMergedMark) mark = run_case_mark(test);
    assert_non_null(mark);
    assert_true(mark->is_done);
    assert_true(qblk_old_top_is_known(&mark->old));
    assert_false(mark->old.is_closed);
    run_case_free(test);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_job_is_recorded_as_no_change),
        cmocka_unit_test(a_job_with_an_unknown_end_is_not_rolled_back),
        cmocka_unit_test(a_refusal_that_cannot_be_explained_is_not_rolled_back),
        cmocka_unit_test(a_merge_is_marked_if_the_chain_is_not_as_planned),
        cmocka_unit_test(a_merge_is_marked_if_no_file_may_be_deleted),
        cmocka_unit_test(a_merge_is_marked_if_the_connection_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
