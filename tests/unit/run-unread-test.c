/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resuming the control of a job if the chain of its disk could not be read. */
#include "lib/run-case.h"
#include "plan/plan-job.h"

typedef enum { GONE, WAITS, CONCLUDED, FAILED } Found;
typedef enum { COMPLETED, ROLLED_BACK, NOT_KNOWN } End;

typedef struct {
    QblkJobAction action;
    gboolean auto_finalize;
    QblkStage stage;
    Found job;
    End end;
} Row;

/* As it is made while another disk has a stream that may be concluded at any moment. */
static QblkPlan *
plan_unread(RunCase *test, const Row *row)
{
    char id[] = "job0", type[] = "stream", status[] = "running";
    g_autoptr(GPtrArray) nodes = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    const QblkJob job = {.id = id,
                         .type = type,
                         .status = status,
                         .auto_finalize = row->auto_finalize,
                         .nodes = nodes};
    const QblkPlanContext context = {.snapshot = test->snapshot, .target = "vda"};
    const QblkJobRequest request = {.action = row->action};
    test->snapshot->no_nodes_reason = g_strdup("it could crash");
    QblkPlan *plan = qblk_plan_make_job(&context, &job, &request, &error);
    assert_no_error(error);
    return plan;
}

static RunCase *
case_new(const Row *row)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    qblk_plan_unref(test->plan);
    test->plan = plan_unread(test, row);
    run_case_begin_journal(test);
    return test;
}

static void
expect(FakeQmp *fake, const Row *row)
{
    if (row->job == WAITS) {
        run_case_answer_jobs(fake, "pending", NULL);
        run_case_accept(fake, "job-finalize", NULL, "concluded");
        run_case_answer_jobs(fake, "concluded", NULL);
    } else if (row->job == CONCLUDED) {
        run_case_answer_jobs(fake, "concluded", NULL);
    } else if (row->job == FAILED) {
        run_case_answer_jobs(fake, "concluded", "Input/output error");
        run_case_answer_jobs(fake, "concluded", "Input/output error");
    }
    if (row->job != GONE) {
        run_case_accept(fake, "job-dismiss", "null", NULL);
    } else if (row->end == COMPLETED) {
        for (guint i = 0; i < 2; i++) {
            run_case_answer_jobs(fake, NULL, NULL);
        }
        run_case_refuse(fake, "job-dismiss");
    }
}

static void
try_row(const Row *row)
{
    RunCase *test = case_new(row);
    QblkRunState end = QBLK_RUN_COMPLETED;
    if (row->stage > QBLK_STAGE_PLANNED &&
        !qblk_journal_note(test->journal, row->stage, NULL, &test->error)) {
        assert_no_error(test->error);
    }
    expect(test->fake, row);
    QblkClient *client = fake_qmp_connect(test->fake);
    test->done =
        qblk_run_resume(client, test->plan, row->stage, &test->options, &end, &test->error);
    qblk_client_unref(client);
    assert_int_equal(test->done, row->end != NOT_KNOWN);
    if (row->end == NOT_KNOWN) {
        assert_error(test->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                     "the chain of 'vda' may have been changed");
    } else {
        assert_int_equal(end == QBLK_RUN_COMPLETED, row->end == COMPLETED);
    }
    assert_int_equal(run_case_stage(test), row->end == NOT_KNOWN ? (int)row->stage : -1);
    run_case_free(test);
}

#define WAIT_AND_FINALIZE QBLK_JOB_WAIT, FALSE
#define WAIT              QBLK_JOB_WAIT, TRUE
#define ABORT             QBLK_JOB_ABORT, TRUE

static void
try_rows(const Row *rows, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        print_message("row %zu\n", i);
        try_row(&rows[i]);
    }
}

static void
the_end_of_a_job_that_is_gone_is_unknown(void **state)
{
    static const Row rows[] = {
        {WAIT_AND_FINALIZE, QBLK_STAGE_PLANNED, GONE, NOT_KNOWN},
        {WAIT_AND_FINALIZE, QBLK_STAGE_STARTED, GONE, NOT_KNOWN},
        {WAIT_AND_FINALIZE, QBLK_STAGE_PIVOTING, GONE, NOT_KNOWN},
        {WAIT, QBLK_STAGE_PLANNED, GONE, NOT_KNOWN},
        {ABORT, QBLK_STAGE_PLANNED, GONE, NOT_KNOWN},
    };
    try_rows(rows, G_N_ELEMENTS(rows));
}

static void
a_job_that_exists_shows_its_end(void **state)
{
    static const Row rows[] = {
        {WAIT_AND_FINALIZE, QBLK_STAGE_PLANNED, WAITS, COMPLETED},
        {WAIT_AND_FINALIZE, QBLK_STAGE_PIVOTING, CONCLUDED, COMPLETED},
        {WAIT_AND_FINALIZE, QBLK_STAGE_PIVOTING, FAILED, ROLLED_BACK},
        {WAIT, QBLK_STAGE_PLANNED, CONCLUDED, COMPLETED},
        {WAIT, QBLK_STAGE_PLANNED, FAILED, ROLLED_BACK},
    };
    try_rows(rows, G_N_ELEMENTS(rows));
}

static void
a_job_that_was_recorded_to_succeed_has_succeeded(void **state)
{
    static const Row rows[] = {
        {WAIT_AND_FINALIZE, QBLK_STAGE_CLEANING, GONE, COMPLETED},
    };
    try_rows(rows, G_N_ELEMENTS(rows));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_end_of_a_job_that_is_gone_is_unknown),
        cmocka_unit_test(a_job_that_exists_shows_its_end),
        cmocka_unit_test(a_job_that_was_recorded_to_succeed_has_succeeded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
