/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a copy has that a commit has not: nodes and images are made before its job starts. */
#include "plan/plan-copy.h"

#include "base/limits.h"
#include "blockjob/run-task.h"
#include "lib/run-case.h"
#include "lib/test-directory.h"

#include <glib/gstdio.h>
#include <unistd.h>

/* A copy of vda with the jobs "job0" and "job0-create". */
static RunCase *
copy_to(const char *destination, QblkCopyEnd end)
{
    RunCase *test = run_case_new(QBLK_COMMIT_INNER);
    g_autoptr(GError) error = NULL;
    const QblkPlanContext context = {.snapshot = test->snapshot, .target = "vda", .job = "job0"};
    const QblkCopyOptions options = {.destination = destination, .end = end};
    qblk_plan_unref(test->plan);
    test->plan = qblk_plan_make_copy(&context, &options, &error);
    assert_no_error(error);
    return test;
}

static RunCase *
copy_new(QblkCopyEnd end)
{
    return copy_to("/d/copy", end);
}

/* Answer query-jobs: job0-create has ended, with @error if it is not NULL. */
static void
answer_created(FakeQmp *fake, const char *error)
{
    g_autofree char *reason = g_strdup_printf(", \"error\": \"%s\"", error);
    g_autofree char *text = g_strdup_printf(
        "[{\"id\": \"job0-create\", \"type\": \"create\", \"status\": \"concluded\", "
        "\"current-progress\": 1, \"total-progress\": 1%s}]",
        error == NULL ? "" : reason);
    fake_qmp_expect(fake, "query-jobs", NULL);
    fake_qmp_reply(fake, text);
}

static void
begin_creation(FakeQmp *fake)
{
    static const char *const states[] = {"created", "running", "waiting", "pending", "concluded"};
    fake_qmp_expect(fake, "blockdev-create", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(states); i++) {
        g_autofree char *data =
            g_strdup_printf("{\"id\": \"job0-create\", \"status\": \"%s\"}", states[i]);
        fake_qmp_event(fake, "JOB_STATUS_CHANGE", data);
    }
    fake_qmp_reply(fake, "{}");
}

static void
accept_dismiss(FakeQmp *fake)
{
    fake_qmp_expect(fake, "job-dismiss", "{\"id\": \"job0-create\"}");
    fake_qmp_event(fake, "JOB_STATUS_CHANGE", "{\"id\": \"job0-create\", \"status\": \"null\"}");
    fake_qmp_reply(fake, "{}");
}

static void
accept_creation(FakeQmp *fake)
{
    begin_creation(fake);
    answer_created(fake, NULL);
    accept_dismiss(fake);
}

static void
accept_close(FakeQmp *fake, const char *node)
{
    g_autofree char *arguments = g_strdup_printf("{\"node-name\": \"%s\"}", node);
    fake_qmp_expect(fake, "blockdev-del", arguments);
    fake_qmp_reply(fake, "{}");
}

static void
accept_opening(FakeQmp *fake)
{
    accept_creation(fake);
    run_case_accept(fake, "blockdev-add", NULL, NULL);
    accept_creation(fake);
    run_case_accept(fake, "blockdev-add", NULL, NULL);
}

/* ---- success ---- */

static void
opened_nodes_are_deleted_after_a_finish(void **state)
{
    RunCase *test = copy_new(QBLK_COPY_FINISH);
    accept_opening(test->fake);
    run_case_accept(test->fake, "blockdev-mirror", "created running", "ready");
    run_case_accept(test->fake, "block-job-cancel", NULL, "waiting pending concluded");
    run_case_answer_jobs(test->fake, "concluded", NULL);
    run_case_accept(test->fake, "job-dismiss", NULL, "null");
    accept_close(test->fake, "qblk-vda-1");
    accept_close(test->fake, "qblk-vda-1-file");
    run_case_end(test, 0, 0, NULL); /* the chain is the one before */
}

static void
an_image_may_take_long_to_open(void **state)
{
    static const struct {
        const char *command;
        guint patience;
    } rows[] = {
        {"blockdev-create", QBLK_LIMIT_UNANSWERED_BUSY},
        {"blockdev-add", QBLK_LIMIT_UNANSWERED_BUSY},
        {"blockdev-mirror", QBLK_LIMIT_UNANSWERED},
        {NULL, QBLK_LIMIT_UNANSWERED},
    };
    const QblkRunTask task = {.state = QBLK_RUN_PREPARING};

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *command = g_strdup(rows[i].command);
        const QblkStep step = {.command = command};
        assert_int_equal(qblk_run_task_patience(&task, &step), rows[i].patience);
    }
}

/* ---- failures ---- */

/* QEMU would truncate it: nothing is sent. */
static void
a_file_that_exists_since_the_plan_was_made_is_kept(void **state)
{
    for (gboolean is_link = FALSE; is_link <= TRUE; is_link++) {
        g_autofree char *path = test_directory_path("copy");
        RunCase *test = copy_to(path, QBLK_COPY_PIVOT);
        test->options.is_local = TRUE;
        if (is_link) {
            assert_int_equal(symlink("/d/nowhere", path), 0);
        } else {
            assert_true(g_file_set_contents(path, "data", -1, NULL));
        }
        run_case_run(test);
        g_autofree char *message = g_strdup_printf(
            "'%s' exists now: another process has created it since the plan was made; the chain of "
            "'vda' is unchanged",
            path);
        assert_error(test->error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, message);
        assert_int_equal(g_unlink(path), 0);
        run_case_free(test);
    }
}

static void
a_file_that_cannot_be_created_is_reported(void **state)
{
    RunCase *test = copy_new(QBLK_COPY_PIVOT);
    begin_creation(test->fake);
    answer_created(test->fake, "Could not create file: No such file or directory");
    answer_created(test->fake, "Could not create file: No such file or directory");
    accept_dismiss(test->fake);
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED,
                  "Could not create file: No such file or directory; the chain of 'vda' is "
                  "unchanged");
}

static void
the_nodes_of_a_refused_job_are_closed(void **state)
{
    RunCase *test = copy_new(QBLK_COPY_PIVOT);
    accept_opening(test->fake);
    run_case_refuse(test->fake, "blockdev-mirror");
    run_case_answer_jobs(test->fake, NULL, NULL);
    accept_close(test->fake, "qblk-vda-1");
    accept_close(test->fake, "qblk-vda-1-file");
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED, "cannot start the job: QEMU refused");
}

static void
the_nodes_of_a_failed_job_are_closed(void **state)
{
    RunCase *test = copy_new(QBLK_COPY_PIVOT);
    accept_opening(test->fake);
    run_case_accept(test->fake, "blockdev-mirror", "created running", "aborting concluded");
    run_case_answer_jobs(test->fake, "concluded", "No space left on device");
    run_case_answer_jobs(test->fake, "concluded", "No space left on device");
    run_case_accept(test->fake, "job-dismiss", "null", NULL);
    accept_close(test->fake, "qblk-vda-1");
    accept_close(test->fake, "qblk-vda-1-file");
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED, "No space left on device; the chain");
}

/* The first node that the plan opens is in the recorded graph. */
static void
open_recorded(const QblkPlan *plan)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        if (g_strcmp0(step->command, "blockdev-add") == 0) {
            qblk_json_set_string(step->arguments, "node-name", "limited");
            return;
        }
    }
}

/* The node was opened although the answer was lost: it exists when the command is sent again. */
static void
a_connection_lost_while_a_node_is_opened_does_not_matter(void **state)
{
    for (gboolean is_received = FALSE; is_received <= TRUE; is_received++) {
        RunCase *test = copy_new(QBLK_COPY_STAY);
        test->next = run_case_server();
        accept_creation(test->fake);
        run_case_disconnect(test->fake, "blockdev-add", is_received);
        run_case_answer_jobs(test->next, NULL, NULL);
        fake_qmp_expect(test->next, "blockdev-add", NULL);
        if (is_received) {
            open_recorded(test->plan);
            fake_qmp_refuse(test->next, "GenericError", "Duplicate nodes with node-name='limited'");
            fake_qmp_answer_recorded(test->next);
        } else {
            fake_qmp_reply(test->next, "{}");
        }
        accept_creation(test->next);
        run_case_accept(test->next, "blockdev-add", NULL, NULL);
        run_case_accept(test->next, "blockdev-mirror", "created running", "ready");
        run_case_end(test, 0, 0, NULL);
    }
}

static void
a_connection_lost_while_an_image_is_created_does_not_matter(void **state)
{
    RunCase *test = copy_new(QBLK_COPY_STAY);
    test->next = run_case_server();
    run_case_disconnect(test->fake, "blockdev-create", TRUE);
    answer_created(test->next, NULL); /* that is why it is not sent again */
    answer_created(test->next, NULL);
    accept_dismiss(test->next);
    run_case_accept(test->next, "blockdev-add", NULL, NULL);
    accept_creation(test->next);
    run_case_accept(test->next, "blockdev-add", NULL, NULL);
    run_case_accept(test->next, "blockdev-mirror", "created running", "ready");
    run_case_end(test, 0, 0, NULL);
}

static void
the_id_of_a_job_that_was_dismissed_is_used_again(void **state)
{
    RunCase *test = copy_new(QBLK_COPY_STAY);
    test->next = run_case_server();
    accept_creation(test->fake);
    run_case_accept(test->fake, "blockdev-add", NULL, NULL);
    run_case_disconnect(test->fake, "blockdev-create", TRUE);
    answer_created(test->next, NULL); /* the second job with that id: it is not sent again */
    answer_created(test->next, NULL);
    accept_dismiss(test->next);
    run_case_accept(test->next, "blockdev-add", NULL, NULL);
    run_case_accept(test->next, "blockdev-mirror", "created running", "ready");
    run_case_end(test, 0, 0, NULL);
}

/* What may have been opened is closed all the same. */
static void
opened_nodes_are_deleted_on_the_next_connection(void **state)
{
    RunCase *test = copy_new(QBLK_COPY_PIVOT);
    test->next = run_case_server();
    accept_creation(test->fake);
    run_case_disconnect(test->fake, "blockdev-add", FALSE);
    run_case_answer_jobs(test->next, NULL, NULL);
    run_case_accept(test->next, "blockdev-add", NULL, NULL);
    run_case_refuse(test->next, "blockdev-create");
    run_case_answer_jobs(test->next, NULL, NULL);
    accept_close(test->next, "qblk-vda-1-file");
    run_case_fail(test, QBLK_BLOCKJOB_ERROR_FAILED,
                  "cannot create the image of the copy: QEMU refused");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opened_nodes_are_deleted_after_a_finish),
        cmocka_unit_test(an_image_may_take_long_to_open),
        cmocka_unit_test(a_file_that_exists_since_the_plan_was_made_is_kept),
        cmocka_unit_test(a_file_that_cannot_be_created_is_reported),
        cmocka_unit_test(the_nodes_of_a_refused_job_are_closed),
        cmocka_unit_test(the_nodes_of_a_failed_job_are_closed),
        cmocka_unit_test(a_connection_lost_while_a_node_is_opened_does_not_matter),
        cmocka_unit_test(a_connection_lost_while_an_image_is_created_does_not_matter),
        cmocka_unit_test(the_id_of_a_job_that_was_dismissed_is_used_again),
        cmocka_unit_test(opened_nodes_are_deleted_on_the_next_connection),
    };
    return cmocka_run_group_tests(tests, test_directory_set_up, test_directory_tear_down);
}
