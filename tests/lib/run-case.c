/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/run-case.h"

#include "lib/graph-fixture.h"
#include "plan/plan-steps.h"

#include <glib/gstdio.h>

#define TOPOLOGY "throttle-blockdev"
#define CANNOT   "Job in this state cannot accept command verb"

FakeQmp *
run_case_server(void)
{
    gsize length;
    g_autofree char *text = graph_fixture_text(TOPOLOGY, &length);
    return fake_qmp_new_capture("7.2", text);
}

RunCase *
run_case_new(QblkCommitEnd end)
{
    RunCase *test = g_new0(RunCase, 1);
    g_autoptr(GError) error = NULL;
    test->replies = graph_fixture_load(TOPOLOGY);
    test->snapshot = graph_fixture_snapshot(test->replies);
    const QblkPlanContext context = {.snapshot = test->snapshot, .target = "vda", .job = "job0"};
    const QblkCommitOptions options = {.top = end == QBLK_COMMIT_INNER ? "vda[1]" : NULL,
                                       .end = end};
    test->plan = qblk_plan_make_commit(&context, &options, &error);
    assert_no_error(error);
    g_clear_pointer(&test->plan->closed_node, g_free); /* or the graph is fetched before */
    g_clear_pointer(&test->plan->replaced_node, g_free);
    test->fake = run_case_server();
    return test;
}

void
run_case_wait_for_finalize(RunCase *test)
{
    QblkPlan *plan = test->plan;
    plan->existing_job = TRUE;
    g_ptr_array_remove_index(plan->steps, 0);
    QblkStep *complete = plan->steps->pdata[0];
    assert_string_equal(complete->command, "job-complete");
    g_free(complete->until);
    complete->until = g_strdup("pending");
    (void)qblk_plan_add_for_job(plan, "change the chain", "job-finalize", NULL, "concluded");
    g_ptr_array_insert(plan->steps, 1, g_ptr_array_steal_index(plan->steps, plan->steps->len - 1));
}

/* ---- files ---- */

void
run_case_begin_journal(RunCase *test)
{
    g_autoptr(GError) error = NULL;
    char address[] = "/run/vm.qmp";
    const QblkJournalVm vm = {.address = address};
    test->directory = g_dir_make_tmp("qblk-run-XXXXXX", &error);
    assert_no_error(error);
    if (test->plan->merged != NULL) {
        g_free(test->plan->merged);
        g_free(test->plan->merged_path);
        test->plan->merged = g_build_filename(test->directory, "top.qcow2", NULL);
        test->plan->merged_path = g_strdup(test->plan->merged);
        assert_true(g_file_set_contents(test->plan->merged, "", 0, &error));
    }
    test->journal = qblk_journal_begin(test->directory, &vm, test->plan, &error);
    assert_no_error(error);
    test->options.journals = &test->journal;
    test->options.is_local = TRUE;
}

int
run_case_stage(RunCase *test)
{
    g_autoptr(GError) error = NULL;
    g_clear_pointer(&test->journal, qblk_journal_leave);
    g_autoptr(GPtrArray) records = qblk_journal_list(test->directory, &error);
    assert_no_error(error);
    assert_true(records->len <= 1);
    return records->len == 0 ? -1 : (int)((const QblkJournalRecord *)records->pdata[0])->stage;
}

QblkMergedMark *
run_case_mark(const RunCase *test)
{
    return qblk_merged_mark_read(test->plan->merged, NULL);
}

static void
remove_directory(const char *path)
{
    GDir *directory = g_dir_open(path, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(directory)) != NULL) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        assert_int_equal(g_unlink(file), 0);
    }
    g_dir_close(directory);
    assert_int_equal(g_rmdir(path), 0);
}

void
run_case_free(RunCase *test)
{
    g_clear_pointer(&test->journal, qblk_journal_leave);
    if (test->directory != NULL) {
        remove_directory(test->directory);
        g_free(test->directory);
    }
    fake_qmp_finish(test->fake);
    g_clear_pointer(&test->next, fake_qmp_finish);
    qblk_plan_unref(test->plan);
    qblk_snapshot_unref(test->snapshot);
    qblk_replies_free(test->replies);
    g_clear_error(&test->error);
    g_free(test);
}

void
run_case_promise_recorded(RunCase *test)
{
    GPtrArray *after = test->plan->after;
    test->plan->after = test->plan->before;
    test->plan->before = after;
}

void
run_case_run(RunCase *test)
{
    g_autofree char *again = test->next == NULL ? NULL : fake_qmp_start(test->next);
    QblkClient *client = fake_qmp_connect(test->fake);
    g_autoptr(GPtrArray) plans = g_ptr_array_new();
    g_ptr_array_add(plans, test->plan);
    test->options.address = again;
    test->done = qblk_run_plans(client, plans, &test->options, &test->error);
    qblk_client_unref(client);
}

void
run_case_run_well(RunCase *test)
{
    run_case_promise_recorded(test);
    run_case_run(test);
    assert_no_error(test->error);
    assert_true(test->done);
}

void
run_case_end(RunCase *test, GQuark domain, int code, const char *part)
{
    run_case_run(test);
    if (part == NULL) {
        assert_no_error(test->error);
        assert_true(test->done);
    } else {
        assert_false(test->done);
        assert_error(test->error, domain, code, part);
    }
    run_case_free(test);
}

void
run_case_succeed(RunCase *test)
{
    run_case_promise_recorded(test);
    run_case_end(test, 0, 0, NULL);
}

void
run_case_fail(RunCase *test, int code, const char *part)
{
    run_case_end(test, QBLK_BLOCKJOB_ERROR, code, part);
}

/* ---- the server ---- */

void
run_case_status(FakeQmp *fake, const char *states)
{
    g_auto(GStrv) list = g_strsplit(states, " ", -1);
    for (guint i = 0; list[i] != NULL; i++) {
        g_autofree char *data = g_strdup_printf("{\"id\": \"job0\", \"status\": \"%s\"}", list[i]);
        fake_qmp_event(fake, "JOB_STATUS_CHANGE", data);
    }
}

void
run_case_accept(FakeQmp *fake, const char *command, const char *before, const char *after)
{
    fake_qmp_expect(fake, command, NULL);
    if (before != NULL) {
        run_case_status(fake, before);
    }
    fake_qmp_reply(fake, "{}");
    if (after != NULL) {
        run_case_status(fake, after);
    }
}

void
run_case_refuse(FakeQmp *fake, const char *command)
{
    fake_qmp_expect(fake, command, NULL);
    fake_qmp_refuse(fake, "GenericError", CANNOT);
}

void
run_case_answer_jobs(FakeQmp *fake, const char *state, const char *error)
{
    g_autofree char *reason = g_strdup_printf(", \"error\": \"%s\"", error);
    g_autofree char *entry = g_strdup_printf(
        "[{\"id\": \"other\", \"type\": \"backup\", \"status\": \"running\", "
        "\"current-progress\": 0, \"total-progress\": 1}, {\"id\": \"job0\", \"type\": \"commit\", "
        "\"status\": \"%s\", \"current-progress\": 1, \"total-progress\": 2%s}]",
        state, error == NULL ? "" : reason);
    fake_qmp_expect(fake, "query-jobs", NULL);
    fake_qmp_reply(fake, state == NULL ? "[]" : entry);
}

void
run_case_disconnect(FakeQmp *fake, const char *command, gboolean is_taken)
{
    fake_qmp_expect(fake, command, NULL);
    if (is_taken) {
        fake_qmp_forget(fake);
    }
    fake_qmp_close(fake);
}

void
run_case_accept_flush(FakeQmp *fake)
{
    fake_qmp_expect(fake, "human-monitor-command", NULL);
    fake_qmp_reply(fake, "\"\"");
}

void
run_case_accept_end(FakeQmp *fake)
{
    run_case_accept_flush(fake);
    run_case_accept(fake, "job-finalize", "waiting pending concluded", NULL);
    run_case_answer_jobs(fake, "concluded", NULL);
    run_case_accept(fake, "job-dismiss", "null", NULL);
    run_case_refuse(fake, "blockdev-del");
    run_case_accept(fake, "blockdev-del", NULL, NULL);
}

void
run_case_accept_rollback(FakeQmp *fake, const char *from)
{
    run_case_answer_jobs(fake, from, NULL);
    run_case_accept(fake, "job-cancel", NULL, "aborting concluded");
    run_case_accept(fake, "job-dismiss", "null", NULL);
}
