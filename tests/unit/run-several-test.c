/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several plans that are carried out together; here both are of the one disk that was recorded. */
#include "lib/run-case.h"

typedef struct {
    RunCase *one; /* the server, and the plan whose job is "job0" */
    RunCase *two; /* its plan has the job "job1"; its server is not used */
} Both;

static Both
both_new(QblkCommitEnd end)
{
    Both both = {run_case_new(end), run_case_new(end)};
    QblkPlan *plan = both.two->plan;
    g_autoptr(GError) error = NULL;
    const QblkPlanContext context = {
        .snapshot = both.two->snapshot, .target = "vda", .job = "job1"};
    const QblkCommitOptions options = {.top = end == QBLK_COMMIT_INNER ? "vda[1]" : NULL,
                                       .end = end};
    qblk_plan_unref(plan);
    both.two->plan = qblk_plan_make_commit(&context, &options, &error);
    assert_no_error(error);
    g_clear_pointer(&both.two->plan->closed_node, g_free); /* as run_case_new() */
    g_clear_pointer(&both.two->plan->replaced_node, g_free);
    return both;
}

static void
both_run(Both *both)
{
    QblkClient *client = fake_qmp_connect(both->one->fake);
    g_autoptr(GPtrArray) plans = g_ptr_array_new();
    g_ptr_array_add(plans, both->one->plan);
    g_ptr_array_add(plans, both->two->plan);
    both->one->done = qblk_run_plans(client, plans, &both->one->options, &both->one->error);
    qblk_client_unref(client);
}

/* A server without a client reports no fault. */
static void
both_free(Both *both)
{
    run_case_free(both->one);
    g_free(fake_qmp_stop(both->two->fake));
    qblk_plan_unref(both->two->plan);
    qblk_snapshot_unref(both->two->snapshot);
    qblk_replies_free(both->two->replies);
    g_free(both->two);
}

/* The chain that was recorded is the one before the jobs; take it for that after them. */
static void
expect_recorded_chain(QblkPlan *plan)
{
    GPtrArray *after = plan->after;
    plan->after = plan->before;
    plan->before = after;
}

static void
both_succeed(Both *both)
{
    expect_recorded_chain(both->one->plan);
    expect_recorded_chain(both->two->plan);
    both_run(both);
    assert_no_error(both->one->error);
    assert_true(both->one->done);
    both_free(both);
}

static void
both_failed(Both *both, int code, const char *part)
{
    assert_false(both->one->done);
    assert_error(both->one->error, QBLK_BLOCKJOB_ERROR, code, part);
    both_free(both);
}

static void
both_fail(Both *both, int code, const char *part)
{
    both_run(both);
    both_failed(both, code, part);
}

/* ---- what the server does ---- */

static void
status(FakeQmp *fake, const char *id, const char *states)
{
    g_auto(GStrv) list = g_strsplit(states, " ", -1);
    for (guint i = 0; list[i] != NULL; i++) {
        g_autofree char *data =
            g_strdup_printf("{\"id\": \"%s\", \"status\": \"%s\"}", id, list[i]);
        fake_qmp_event(fake, "JOB_STATUS_CHANGE", data);
    }
}

static void
start(FakeQmp *fake, const char *id, const char *states)
{
    fake_qmp_expect(fake, "block-commit", NULL);
    fake_qmp_reply(fake, "{}");
    status(fake, id, states);
}

/* Take @command for the job @id, which goes through @states. */
static void
accept(FakeQmp *fake, const char *command, const char *id, const char *states)
{
    g_autofree char *arguments = g_strdup_printf("{\"id\": \"%s\"}", id);
    fake_qmp_expect(fake, command, arguments);
    fake_qmp_reply(fake, "{}");
    status(fake, id, states);
}

static char *
entry(const char *id, const char *state, const char *error)
{
    return g_strdup_printf("{\"id\": \"%s\", \"type\": \"commit\", \"status\": \"%s\", "
                           "\"current-progress\": 1, \"total-progress\": 2%s%s%s}",
                           id, state, error == NULL ? "" : ", \"error\": \"",
                           error == NULL ? "" : error, error == NULL ? "" : "\"");
}

/* Reply to query-jobs; a job in no state is not there. */
static void
reply_jobs(FakeQmp *fake, const char *first, const char *first_error, const char *second,
           const char *second_error)
{
    g_autofree char *one = first == NULL ? NULL : entry("job0", first, first_error);
    g_autofree char *two = second == NULL ? NULL : entry("job1", second, second_error);
    g_autofree char *all =
        g_strdup_printf("[%s%s%s]", one == NULL ? "" : one, one == NULL || two == NULL ? "" : ", ",
                        two == NULL ? "" : two);
    fake_qmp_reply(fake, all);
}

static void
answer_jobs(FakeQmp *fake, const char *first, const char *first_error, const char *second,
            const char *second_error)
{
    fake_qmp_expect(fake, "query-jobs", NULL);
    reply_jobs(fake, first, first_error, second, second_error);
}

static void
accept_closes(FakeQmp *fake, guint count)
{
    for (guint i = 0; i < count; i++) {
        fake_qmp_expect(fake, "blockdev-del", NULL);
        fake_qmp_reply(fake, "{}");
    }
}

/* ---- success ---- */

static void
no_chain_is_changed_before_all_jobs_are_pending(void **state)
{
    Both both = both_new(QBLK_COMMIT_INNER);
    FakeQmp *fake = both.one->fake;
    start(fake, "job0", "created running");
    start(fake, "job1", "created running waiting pending");
    status(fake, "job0", "waiting pending");
    run_case_accept_flush(fake);
    accept(fake, "job-finalize", "job0", "concluded");
    answer_jobs(fake, "concluded", NULL, "pending", NULL);
    accept(fake, "job-dismiss", "job0", "null");
    accept_closes(fake, 2);
    run_case_accept_flush(fake);
    accept(fake, "job-finalize", "job1", "concluded");
    answer_jobs(fake, NULL, NULL, "concluded", NULL);
    accept(fake, "job-dismiss", "job1", "null");
    accept_closes(fake, 2);
    both_succeed(&both);
}

static void
no_job_is_completed_before_all_are_ready(void **state)
{
    Both both = both_new(QBLK_COMMIT_PIVOT);
    FakeQmp *fake = both.one->fake;
    start(fake, "job0", "created running ready");
    start(fake, "job1", "created running");
    status(fake, "job1", "ready");
    accept(fake, "job-complete", "job0", "waiting pending concluded");
    answer_jobs(fake, "concluded", NULL, "ready", NULL);
    accept(fake, "job-dismiss", "job0", "null");
    accept_closes(fake, 4);
    accept(fake, "job-complete", "job1", "waiting pending concluded");
    answer_jobs(fake, NULL, NULL, "concluded", NULL);
    accept(fake, "job-dismiss", "job1", "null");
    accept_closes(fake, 4);
    both_succeed(&both);
}

/* ---- failures ---- */

static void
a_failure_before_the_barrier_rolls_the_other_disk_back(void **state)
{
    Both both = both_new(QBLK_COMMIT_PIVOT);
    FakeQmp *fake = both.one->fake;
    start(fake, "job0", "created running");
    start(fake, "job1", "created running ready");
    status(fake, "job0", "aborting concluded");
    answer_jobs(fake, "concluded", "No space left on device", "ready", NULL);
    answer_jobs(fake, "concluded", "No space left on device", "ready", NULL);
    accept(fake, "job-cancel", "job1", "aborting concluded");
    accept(fake, "job-dismiss", "job1", "null");
    answer_jobs(fake, "concluded", "No space left on device", NULL, NULL);
    accept(fake, "job-dismiss", "job0", "null");
    both_fail(&both, QBLK_BLOCKJOB_ERROR_FAILED, "No space left on device; the chain of 'vda' is");
}

static void
ignore_progress(const QblkPlan *plan, const QblkRunProgress *progress, gpointer user_data)
{
}

/* The second job is ready before the first one, and fails while it waits for it; then the first one
 * is in the state @first. */
static void
fail_at_barrier(const char *first)
{
    static const char reason[] = "No space left on device";
    Both both = both_new(QBLK_COMMIT_PIVOT);
    FakeQmp *fake = both.one->fake;
    start(fake, "job0", "created running");
    fake_qmp_expect(fake, "block-commit", NULL);
    status(fake, "job1", "created running ready");
    fake_qmp_reply(fake, "{}");

    /* The jobs are queried once while it waits. */
    both.one->options.report_ms = G_MAXINT;
    both.one->options.report = ignore_progress;
    fake_qmp_expect(fake, "query-jobs", NULL);
    status(fake, "job1", "aborting concluded");
    status(fake, "job0", first);
    reply_jobs(fake, first, NULL, "concluded", reason);

    answer_jobs(fake, first, NULL, "concluded", reason);
    answer_jobs(fake, first, NULL, "concluded", reason);
    accept(fake, "job-dismiss", "job1", "null");
    answer_jobs(fake, first, NULL, NULL, NULL);
    accept(fake, "job-cancel", "job0", "aborting concluded");
    accept(fake, "job-dismiss", "job0", "null");
    both_fail(&both, QBLK_BLOCKJOB_ERROR_FAILED, "job 'job1' failed: No space left on device; ");
}

static void
a_job_that_fails_while_it_waits_ends_the_wait(void **state)
{
    fail_at_barrier("running");
}

static void
no_chain_is_changed_if_a_job_has_failed_while_it_waited(void **state)
{
    fail_at_barrier("ready");
}

static void
a_refusal_rolls_the_other_disk_back(void **state)
{
    Both both = both_new(QBLK_COMMIT_INNER);
    FakeQmp *fake = both.one->fake;
    start(fake, "job0", "created running");
    fake_qmp_expect(fake, "block-commit", NULL);
    fake_qmp_refuse(fake, "GenericError", "Failed to get lock");
    answer_jobs(fake, "running", NULL, NULL, NULL);
    accept(fake, "job-cancel", "job0", "aborting concluded");
    accept(fake, "job-dismiss", "job0", "null");
    both_fail(&both, QBLK_BLOCKJOB_ERROR_FAILED, "job 'job1': cannot start the job: QEMU refused");
}

/* The first has changed its chain, and that stays. */
static void
fail_second(FakeQmp *fake)
{
    start(fake, "job0", "created running waiting pending");
    start(fake, "job1", "created running waiting pending");
    run_case_accept_flush(fake);
    accept(fake, "job-finalize", "job0", "concluded");
    answer_jobs(fake, "concluded", NULL, "pending", NULL);
    accept(fake, "job-dismiss", "job0", "null");
    accept_closes(fake, 2);
    run_case_accept_flush(fake);
    accept(fake, "job-finalize", "job1", "aborting concluded");
    answer_jobs(fake, NULL, NULL, "concluded", "Permission denied");
    answer_jobs(fake, NULL, NULL, "concluded", "Permission denied");
    accept(fake, "job-dismiss", "job1", "null");
}

static void
a_failure_after_the_barrier_keeps_the_disk_that_succeeded(void **state)
{
    Both both = both_new(QBLK_COMMIT_INNER);
    fail_second(both.one->fake);
    both_run(&both);
    assert_null(strstr(both.one->error->message, "deleted")); /* which was not asked for */
    both_failed(&both, QBLK_BLOCKJOB_ERROR_FAILED,
                "job 'job1' failed: Permission denied; the chain");
}

static void
delete_file_of(QblkPlan *plan, const char *filename)
{
    QblkRemovedImage *removal = plan->removed->pdata[0];
    assert_int_equal(plan->removed->len, 1);
    g_free(removal->path);
    removal->path = g_strdup(filename);
    removal->will_delete = TRUE;
}

/* No journal is left, so that no later run deletes them. */
static void
images_of_the_other_disk_that_were_not_deleted_are_named(void **state)
{
    Both both = both_new(QBLK_COMMIT_INNER);
    delete_file_of(both.one->plan, "/a/layer");
    delete_file_of(both.two->plan, "/b/layer");
    fail_second(both.one->fake);
    both_run(&both);
    assert_null(strstr(both.one->error->message, "/b/layer"));
    both_failed(&both, QBLK_BLOCKJOB_ERROR_FAILED,
                "; images removed from the chain of 'vda' were not deleted: '/a/layer'");
}

/* The other jobs must not wait for ever. */
static void
a_failure_at_the_end_rolls_waiting_disks_back(void **state)
{
    Both both = both_new(QBLK_COMMIT_INNER);
    FakeQmp *fake = both.one->fake;
    start(fake, "job0", "created running waiting pending");
    start(fake, "job1", "created running waiting pending");
    run_case_accept_flush(fake);
    accept(fake, "job-finalize", "job0", "aborting concluded");
    answer_jobs(fake, "concluded", "Permission denied", "pending", NULL);
    answer_jobs(fake, "concluded", "Permission denied", "pending", NULL);
    accept(fake, "job-cancel", "job1", "aborting concluded");
    accept(fake, "job-dismiss", "job1", "null");
    answer_jobs(fake, "concluded", "Permission denied", NULL, NULL);
    accept(fake, "job-dismiss", "job0", "null");
    both_fail(&both, QBLK_BLOCKJOB_ERROR_FAILED, "job 'job0' failed: Permission denied; the chain");
}

/* The others are rolled back all the same. */
static void
a_rollback_that_fails_does_not_stop_the_others(void **state)
{
    Both both = both_new(QBLK_COMMIT_INNER);
    FakeQmp *fake = both.one->fake;
    start(fake, "job0", "created running");
    start(fake, "job1", "created running waiting pending");
    status(fake, "job0", "aborting concluded");
    answer_jobs(fake, "concluded", "Input/output error", "pending", NULL);
    answer_jobs(fake, "concluded", "Input/output error", "pending", NULL);
    fake_qmp_expect(fake, "job-cancel", "{\"id\": \"job1\"}");
    fake_qmp_refuse(fake, "GenericError", "cannot accept command verb 'cancel'");
    answer_jobs(fake, "concluded", "Input/output error", "pending", NULL);
    answer_jobs(fake, "concluded", "Input/output error", "pending", NULL);
    accept(fake, "job-dismiss", "job0", "null");
    both_fail(&both, QBLK_BLOCKJOB_ERROR_FAILED, "job 'job1' could not be rolled back (");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_chain_is_changed_before_all_jobs_are_pending),
        cmocka_unit_test(no_job_is_completed_before_all_are_ready),
        cmocka_unit_test(a_failure_before_the_barrier_rolls_the_other_disk_back),
        cmocka_unit_test(a_job_that_fails_while_it_waits_ends_the_wait),
        cmocka_unit_test(no_chain_is_changed_if_a_job_has_failed_while_it_waited),
        cmocka_unit_test(a_refusal_rolls_the_other_disk_back),
        cmocka_unit_test(a_failure_after_the_barrier_keeps_the_disk_that_succeeded),
        cmocka_unit_test(images_of_the_other_disk_that_were_not_deleted_are_named),
        cmocka_unit_test(a_failure_at_the_end_rolls_waiting_disks_back),
        cmocka_unit_test(a_rollback_that_fails_does_not_stop_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
