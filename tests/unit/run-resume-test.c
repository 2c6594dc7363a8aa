/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/merged-mark.h"
#include "lib/graph-fixture.h"
#include "lib/run-case.h"

#include <glib/gstdio.h>
#include <string.h>

/* How the job of an interrupted operation is found. */
typedef enum { GONE, RUNS, WAITS, ENDING, ABORTING, CONCLUDED, FAILED } Found;
/* Which of its two chains the disk has. */
typedef enum { BEFORE, AFTER, SAME, OTHER } Has;
typedef enum { COMPLETED, ROLLED_BACK, REFUSED } End;

typedef struct {
    QblkCommitEnd kind;
    QblkStage stage;
    Found job;
    Has chain;
    End end;
} Row;

/* The files of a case, and its interrupted operation. */
typedef struct {
    RunCase *run;
    char *directory, *image; /* the image that is stale after the job */
    QblkJournal *journal;
} Left;

/* A server that has no job, and takes all that cleans up after it. */
static FakeQmp *
server_without_job(const QblkPlan *plan)
{
    static const char begin[] = "\"replies\": [";
    gsize length;
    g_autofree char *recorded = graph_fixture_text("throttle-blockdev", &length);
    const char *rest = strstr(recorded, begin);
    assert_non_null(rest);
    rest += strlen(begin);
    g_autoptr(GString) text = g_string_new_len(recorded, rest - recorded);
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        g_autofree char *arguments = qblk_json_print(step->arguments, QBLK_JSON_COMPACT);
        if (step->may_fail) {
            g_string_append_printf(text, "{\"execute\": \"%s\", \"arguments\": %s, %s},",
                                   step->command, arguments,
                                   step->job == NULL ? "\"return\": {}"
                                                     : "\"error\": {\"class\": \"GenericError\", "
                                                       "\"desc\": \"Job not found\"}");
        }
    }
    g_string_append(text, rest);
    return fake_qmp_new_capture("7.2", text->str);
}

static void
leave(Left *left, const Row *row)
{
    g_autoptr(GError) error = NULL;
    char address[] = "/run/vm.qmp";
    const QblkJournalVm vm = {.address = address};
    left->run = run_case_new(row->kind);
    left->directory = g_dir_make_tmp("qblk-resume-XXXXXX", &error);
    assert_no_error(error);
    left->image = g_build_filename(left->directory, "old.qcow2", NULL);
    assert_true(g_file_set_contents(left->image, "x", 1, &error));
    QblkPlan *plan = left->run->plan;
    if (row->job == GONE) {
        fake_qmp_finish(left->run->fake);
        left->run->fake = server_without_job(plan);
    }
    if (plan->merged != NULL) {
        g_free(plan->merged);
        g_free(plan->merged_path);
        plan->merged = g_strdup(left->image);
        plan->merged_path = g_strdup(left->image);
    }
    const QblkMergedImages images = {.image = left->image, .into = plan->merged_into};
    if (plan->merged != NULL && row->stage >= QBLK_STAGE_PIVOTING &&
        !qblk_merged_mark_write(&images, NULL, FALSE, &error)) {
        assert_no_error(error);
    }
    left->journal = qblk_journal_begin(left->directory, &vm, plan, &error);
    assert_no_error(error);
    if (!qblk_journal_note(left->journal, row->stage, NULL, &error)) {
        assert_no_error(error);
    }
}

static void
clear(Left *left)
{
    run_case_free(left->run);
    assert_int_equal(g_unlink(left->image), 0);
    assert_int_equal(g_rmdir(left->directory), 0); /* nothing else is there */
    g_free(left->image);
    g_free(left->directory);
}

/* The recorded chain is the one before, and the plan has two. */
static void
set_chain(const RunCase *test, Has chain)
{
    QblkPlan *plan = test->plan;
    GPtrArray *after = plan->after;
    if (chain == AFTER) {
        plan->after = plan->before;
        plan->before = after;
    } else if (chain == OTHER) {
        GPtrArray *both[] = {plan->before, plan->after};
        for (gsize i = 0; i < G_N_ELEMENTS(both); i++) {
            QblkExpectation *top = both[i]->pdata[0];
            g_free(top->format);
            top->format = g_strdup("vmdk");
        }
    }
}

/* ---- what the server reports and accepts in each case ---- */

static gboolean
is_pivot(const Row *row)
{
    return row->kind == QBLK_COMMIT_PIVOT;
}

static const char *
waiting_state(const Row *row)
{
    return row->kind == QBLK_COMMIT_INNER ? "pending" : "ready";
}

static void
take_end(FakeQmp *fake, const Row *row, gboolean is_sent)
{
    if (is_sent && row->kind == QBLK_COMMIT_INNER) {
        run_case_accept_flush(fake);
    }
    if (is_sent) {
        run_case_accept(fake, is_pivot(row) ? "job-complete" : "job-finalize", NULL, "concluded");
        run_case_answer_jobs(fake, "concluded", NULL);
    }
    run_case_accept(fake, "job-dismiss", "null", NULL);
}

static void
close_layers(FakeQmp *fake, const Row *row)
{
    guint nodes = is_pivot(row) ? 4 : row->kind == QBLK_COMMIT_INNER ? 2 : 0;
    for (guint i = 0; i < nodes; i++) {
        run_case_accept(fake, "blockdev-del", NULL, NULL);
    }
}

static void
accept_resume(FakeQmp *fake, const Row *row)
{
    if (row->job == GONE) { /* what it refuses, and what it closes, is in its capture */
        return;
    } else if (row->job == RUNS) {
        run_case_answer_jobs(fake, "running", NULL);
        run_case_status(fake, waiting_state(row));
        take_end(fake, row, TRUE);
    } else if (row->job == WAITS) {
        run_case_answer_jobs(fake, waiting_state(row), NULL);
        take_end(fake, row, TRUE);
    } else if (row->job == ENDING) {
        run_case_answer_jobs(fake, "waiting", NULL);
        run_case_answer_jobs(fake, "concluded", NULL); /* the heartbeat */
        run_case_answer_jobs(fake, "concluded", NULL);
        fake_qmp_answer_recorded(fake); /* which image is the active one */
        take_end(fake, row, FALSE);
    } else {
        run_case_answer_jobs(fake, "concluded", NULL);
        if (is_pivot(row)) {
            fake_qmp_answer_recorded(fake); /* which image is the active one */
        }
        take_end(fake, row, FALSE);
    }
    close_layers(fake, row);
}

static void
accept_rollback(FakeQmp *fake, const Row *row)
{
    if (row->job == ABORTING) {
        run_case_answer_jobs(fake, "aborting", NULL);
        run_case_status(fake, "concluded");
    }
    if (row->job == FAILED || row->job == ABORTING) {
        for (guint i = 0; i < 2; i++) {
            run_case_answer_jobs(fake, "concluded", "Input/output error");
        }
        run_case_accept(fake, "job-dismiss", "null", NULL);
    } else if (row->job == CONCLUDED && is_pivot(row)) {
        run_case_answer_jobs(fake, "concluded", NULL); /* and it is gone with the chain */
    } else if (row->job == CONCLUDED) {
        run_case_answer_jobs(fake, "concluded", NULL);
        run_case_answer_jobs(fake, "concluded", NULL);
        run_case_accept(fake, "job-dismiss", "null", NULL);
    } else if (row->job != GONE) {
        const char *state = row->job == RUNS ? "running" : waiting_state(row);
        run_case_answer_jobs(fake, state, NULL);
        run_case_accept_rollback(fake, state);
    }
}

/* ---- how it ends ---- */

static void
check_marks(const Left *left, const Row *row)
{
    g_autoptr(QblkMergedMark) mark = qblk_merged_mark_read(left->image, NULL);
    gboolean is_wanted = row->end == COMPLETED || row->stage >= QBLK_STAGE_PIVOTING;
    is_wanted = is_wanted && is_pivot(row) && row->end != ROLLED_BACK;
    assert_int_equal(mark != NULL, is_wanted);
    if (mark != NULL) {
        assert_int_equal(mark->is_done, row->end == COMPLETED);
        qblk_merged_mark_remove(left->image, NULL);
    }
}

/* What was refused can be resumed again; everything else has ended. */
static void
check_journal(Left *left, const Row *row)
{
    assert_int_equal(left->journal != NULL, row->end == REFUSED);
    g_clear_pointer(&left->journal, qblk_journal_leave);
    g_autoptr(GPtrArray) records = qblk_journal_list(left->directory, NULL);
    assert_int_equal(records->len, row->end == REFUSED);
    if (records->len > 0) {
        const QblkJournalRecord *record = records->pdata[0];
        assert_int_equal(record->stage, row->stage);
        qblk_journal_end(qblk_journal_resume(record, NULL));
    }
}

static void
try_row(const Row *row)
{
    Left left;
    GError *error = NULL;
    QblkRunState end;
    leave(&left, row);
    set_chain(left.run, row->chain);
    if (row->end != REFUSED) {
        (row->end == COMPLETED ? accept_resume : accept_rollback)(left.run->fake, row);
    }
    left.run->options.is_local = TRUE;
    left.run->options.heartbeat_ms = row->job == ENDING ? 1 : 0;
    left.run->options.journals = &left.journal;
    QblkClient *client = fake_qmp_connect(left.run->fake);
    gboolean done =
        qblk_run_resume(client, left.run->plan, row->stage, &left.run->options, &end, &error);
    qblk_client_unref(client);
    if (row->end == REFUSED) {
        assert_false(done);
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, "");
    } else {
        assert_no_error(error);
        assert_true(done);
        assert_int_equal(end == QBLK_RUN_COMPLETED, row->end == COMPLETED);
    }
    check_marks(&left, row);
    check_journal(&left, row);
    clear(&left);
}

static void
try_rows(const Row *rows, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        print_message("row %zu\n", i);
        try_row(&rows[i]);
    }
}

/* ---- what is tried ---- */

#define P(stage) QBLK_COMMIT_PIVOT, QBLK_STAGE_##stage
#define I(stage) QBLK_COMMIT_INNER, QBLK_STAGE_##stage
#define K(stage) QBLK_COMMIT_KEEP_OVERLAY, QBLK_STAGE_##stage

static void
a_job_that_exists_shows_how_to_resume(void **state)
{
    static const Row rows[] = {
        {P(PLANNED), RUNS, BEFORE, ROLLED_BACK},       {P(PLANNED), WAITS, BEFORE, ROLLED_BACK},
        {P(PLANNED), FAILED, BEFORE, ROLLED_BACK},     {P(STARTED), RUNS, AFTER, COMPLETED},
        {P(STARTED), WAITS, AFTER, COMPLETED},         {P(STARTED), CONCLUDED, AFTER, COMPLETED},
        {P(PIVOTING), ENDING, AFTER, COMPLETED},       {P(STARTED), FAILED, BEFORE, ROLLED_BACK},
        {P(PIVOTING), WAITS, AFTER, COMPLETED},        {P(PIVOTING), CONCLUDED, AFTER, COMPLETED},
        {P(PIVOTING), FAILED, BEFORE, ROLLED_BACK},    {P(STARTED), CONCLUDED, BEFORE, ROLLED_BACK},
        {P(PIVOTING), CONCLUDED, BEFORE, ROLLED_BACK}, {P(CLEANING), CONCLUDED, AFTER, COMPLETED},
        {I(PLANNED), RUNS, BEFORE, ROLLED_BACK},       {I(STARTED), RUNS, AFTER, COMPLETED},
        {I(STARTED), WAITS, AFTER, COMPLETED},         {I(STARTED), FAILED, BEFORE, ROLLED_BACK},
        {I(PIVOTING), WAITS, AFTER, COMPLETED},        {I(PIVOTING), CONCLUDED, AFTER, COMPLETED},
        {I(PIVOTING), FAILED, BEFORE, ROLLED_BACK},    {I(CLEANING), CONCLUDED, AFTER, COMPLETED},
    };
    try_rows(rows, G_N_ELEMENTS(rows));
}

/* It is rolled back: whether QEMU is at the end of that makes no difference. */
static void
the_end_of_a_job_that_another_client_cancels_is_waited_for(void **state)
{
    static const Row rows[] = {
        {P(STARTED), ABORTING, BEFORE, ROLLED_BACK},  {P(PLANNED), ABORTING, BEFORE, ROLLED_BACK},
        {P(PIVOTING), ABORTING, BEFORE, ROLLED_BACK}, {I(STARTED), ABORTING, BEFORE, ROLLED_BACK},
        {I(PIVOTING), ABORTING, BEFORE, ROLLED_BACK}, {K(STARTED), ABORTING, SAME, ROLLED_BACK},
    };
    try_rows(rows, G_N_ELEMENTS(rows));
}

static void
if_the_job_is_gone_the_chain_shows_how_it_ended(void **state)
{
    static const Row rows[] = {
        {P(PLANNED), GONE, BEFORE, ROLLED_BACK}, {P(STARTED), GONE, BEFORE, ROLLED_BACK},
        {P(STARTED), GONE, AFTER, COMPLETED},    {P(PIVOTING), GONE, AFTER, COMPLETED},
        {P(CLEANING), GONE, AFTER, COMPLETED},   {I(PLANNED), GONE, BEFORE, ROLLED_BACK},
        {I(STARTED), GONE, BEFORE, ROLLED_BACK}, {I(STARTED), GONE, AFTER, COMPLETED},
        {I(PIVOTING), GONE, AFTER, COMPLETED},   {I(CLEANING), GONE, AFTER, COMPLETED},
    };
    try_rows(rows, G_N_ELEMENTS(rows));
}

/* It continues, and may switch the guest at any time. */
static void
a_copy_of_another_client_is_not_rolled_back(void **state)
{
    static const Row row = {P(PIVOTING), WAITS, BEFORE, REFUSED};
    Left left;
    GError *error = NULL;
    QblkRunState end;
    leave(&left, &row);
    set_chain(left.run, row.chain);
    left.run->plan->existing_job = TRUE;
    for (guint i = 0; i < left.run->plan->steps->len; i++) {
        QblkStep *step = left.run->plan->steps->pdata[i];
        step->at_most_once = step->is_final;
    }
    run_case_answer_jobs(left.run->fake, "ready", NULL);
    run_case_answer_jobs(left.run->fake, "ready", NULL);
    /* Half of it is waited, and nothing else is asked for in that time. */
    left.run->options.heartbeat_ms = 600;
    left.run->options.journals = &left.journal;
    QblkClient *client = fake_qmp_connect(left.run->fake);
    assert_false(
        qblk_run_resume(client, left.run->plan, row.stage, &left.run->options, &end, &error));
    qblk_client_unref(client);
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT, "is still ready");
    check_marks(&left, &row);
    check_journal(&left, &row);
    clear(&left);
}

static void
resume_to_finalize(const char *job_state)
{
    static const Row row = {P(PIVOTING), WAITS, AFTER, COMPLETED};
    Left left;
    GError *error = NULL;
    QblkRunState end;
    leave(&left, &row);
    set_chain(left.run, row.chain);
    run_case_wait_for_finalize(left.run);
    ((QblkStep *)left.run->plan->steps->pdata[0])->at_most_once = TRUE;

    FakeQmp *fake = left.run->fake;
    run_case_answer_jobs(fake, job_state, NULL);
    if (g_str_equal(job_state, "concluded")) {
        fake_qmp_answer_recorded(fake); /* which image is the active one */
    } else {
        run_case_accept(fake, "job-finalize", NULL, "concluded");
        run_case_answer_jobs(fake, "concluded", NULL);
    }
    run_case_accept(fake, "job-dismiss", "null", NULL);
    close_layers(fake, &row);

    left.run->options.is_local = TRUE;
    left.run->options.journals = &left.journal;
    QblkClient *client = fake_qmp_connect(fake);
    assert_true(
        qblk_run_resume(client, left.run->plan, row.stage, &left.run->options, &end, &error));
    assert_no_error(error);
    qblk_client_unref(client);
    assert_int_equal(end, QBLK_RUN_COMPLETED);
    check_marks(&left, &row);
    check_journal(&left, &row);
    clear(&left);
}

static void
a_job_that_is_to_be_finalized_is_not_completed_twice(void **state)
{
    resume_to_finalize("pending");
    resume_to_finalize("concluded");
}

/* The old chain is no proof that the guest did not switch: QEMU may have been restarted with the
 * stale image. */
static void
an_image_that_may_be_stale_is_an_error(void **state)
{
    static const Row rows[] = {{P(PIVOTING), GONE, BEFORE, REFUSED},
                               {P(CLEANING), GONE, BEFORE, REFUSED}};
    try_rows(rows, G_N_ELEMENTS(rows));
}

/* Both have all data. */
static void
if_the_active_image_stays_the_old_chain_is_a_rollback(void **state)
{
    static const Row rows[] = {
        {I(PIVOTING), GONE, BEFORE, ROLLED_BACK},
        {I(CLEANING), GONE, BEFORE, ROLLED_BACK},
    };
    try_rows(rows, G_N_ELEMENTS(rows));
}

static void
a_chain_that_stays_the_same_does_not_show_the_outcome(void **state)
{
    static const Row rows[] = {
        {K(STARTED), GONE, SAME, ROLLED_BACK},
        {K(PIVOTING), GONE, SAME, ROLLED_BACK},
        {K(CLEANING), GONE, SAME, COMPLETED},
    };
    try_rows(rows, G_N_ELEMENTS(rows));
}

static void
an_unexpected_chain_is_not_changed(void **state)
{
    static const Row rows[] = {
        {P(STARTED), GONE, OTHER, REFUSED},
        {P(PIVOTING), GONE, OTHER, REFUSED},
        {I(PIVOTING), GONE, OTHER, REFUSED},
        {I(CLEANING), GONE, OTHER, REFUSED},
    };
    try_rows(rows, G_N_ELEMENTS(rows));
}

/* The server refuses all commands that are not queries. */
static void
a_preview_sends_queries_only(void **state)
{
    static const struct {
        const char *job, *error; /* NULL: no job */
        QblkStage stage;
        QblkRunState end;
        QblkRunEvent event;
    } cases[] = {
        {NULL, NULL, QBLK_STAGE_PLANNED, QBLK_RUN_ROLLED_BACK, QBLK_RUN_NOT_STARTED},
        {"running", NULL, QBLK_STAGE_STARTED, QBLK_RUN_COMPLETED, QBLK_RUN_JOB_FOUND},
        {"pending", NULL, QBLK_STAGE_PIVOTING, QBLK_RUN_COMPLETED, QBLK_RUN_JOB_FOUND},
        {"concluded", "I/O error", QBLK_STAGE_STARTED, QBLK_RUN_ROLLED_BACK, QBLK_RUN_JOB_FAILED},
        {"concluded", NULL, QBLK_STAGE_PIVOTING, QBLK_RUN_COMPLETED, QBLK_RUN_ENDED_WELL},
        {NULL, NULL, QBLK_STAGE_STARTED, QBLK_RUN_ROLLED_BACK, QBLK_RUN_CHAIN_BEFORE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(QblkRunPreview) preview = {0};
        RunCase *test = run_case_new(QBLK_COMMIT_INNER);
        if (cases[i].job != NULL) {
            run_case_answer_jobs(test->fake, cases[i].job, cases[i].error);
        } else { /* it is known to have existed only if the journal shows that */
            run_case_answer_jobs(test->fake, NULL, NULL);
        }
        QblkClient *client = fake_qmp_connect(test->fake);
        gboolean done = qblk_run_resume_preview(client, test->plan, cases[i].stage, &test->options,
                                                &preview, &error);
        assert_no_error(error);
        assert_true(done);
        assert_int_equal(preview.end, cases[i].end);
        assert_int_equal(preview.event, cases[i].event);
        assert_int_equal(g_strcmp0(preview.job_state, cases[i].job), 0);
        qblk_client_unref(client);
        run_case_free(test);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_preview_sends_queries_only),
        cmocka_unit_test(a_job_that_exists_shows_how_to_resume),
        cmocka_unit_test(the_end_of_a_job_that_another_client_cancels_is_waited_for),
        cmocka_unit_test(if_the_job_is_gone_the_chain_shows_how_it_ended),
        cmocka_unit_test(an_image_that_may_be_stale_is_an_error),
        cmocka_unit_test(if_the_active_image_stays_the_old_chain_is_a_rollback),
        cmocka_unit_test(a_chain_that_stays_the_same_does_not_show_the_outcome),
        cmocka_unit_test(a_copy_of_another_client_is_not_rolled_back),
        cmocka_unit_test(a_job_that_is_to_be_finalized_is_not_completed_twice),
        cmocka_unit_test(an_unexpected_chain_is_not_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
