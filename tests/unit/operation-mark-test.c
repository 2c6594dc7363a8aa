/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/operation.h>

#include "lib/check.h"
#include "lib/mark-case.h"
#include "lib/run-case.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

static void
nothing_is_sent_if_the_overlay_cannot_be_marked(void **state)
{
    const MarkCase *mark = *state;
    RunCase *test = run_case_new(QBLK_COMMIT_PIVOT);
    g_autofree char *obstacle = mark_case_block_beside(mark);
    QblkPlan *plan = test->plan;
    QblkExpectation *top = plan->before->pdata[0];
    int fd = open(mark->image, O_RDONLY | O_CLOEXEC); /* this process serves the monitor */
    g_free(top->path);
    top->path = g_strdup(mark->image);
    g_free(plan->merged_path);
    plan->merged_path = g_strdup(mark->image);
    plan->is_local = TRUE;
    QblkClient *client = fake_qmp_connect(test->fake);
    GError *error = NULL;
    assert_false(qblk_run(client, plan, NULL, NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "cannot mark");
    assert_null(qblk_client_get_error(client));
    qblk_client_unref(client);
    run_case_free(test);
    close(fd);
    assert_int_equal(g_rmdir(obstacle), 0);
    mark_case_assert_tidy(mark);
}

static void
keep_warning(QblkOperation *operation, const char *message, gpointer user_data)
{
    char **kept = user_data;
    assert_null(*kept);
    *kept = g_strdup(message);
}

static void
the_mark_of_an_earlier_file_is_removed_with_a_warning(void **state)
{
    const MarkCase *mark = *state;
    RunCase *test = run_case_new(QBLK_COMMIT_PIVOT);
    mark_case_write(mark, mark->image, TRUE);
    assert_int_equal(g_unlink(mark->image), 0);
    g_autoptr(GError) error = NULL;
    assert_true(g_file_set_contents(mark->image, "new", -1, &error));

    QblkPlan *plan = test->plan;
    QblkExpectation *top = plan->before->pdata[0];
    g_free(top->path);
    top->path = g_strdup(mark->image);
    plan->is_local = TRUE;
    QblkClient *client = fake_qmp_connect(test->fake);
    g_autoptr(QblkPlans) plans = qblk_plans_new();
    qblk_plans_add(plans, plan);
    g_autoptr(QblkOperationOptions) options = qblk_operation_options_new();
    qblk_operation_options_set_journal(options, FALSE);
    g_autoptr(QblkOperation) operation = qblk_operation_start(client, plans, options, &error);
    assert_no_error(error);
    g_autofree char *warning = NULL;
    qblk_operation_set_warning(operation, keep_warning, &warning, NULL);
    qblk_operation_cancel(operation);
    assert_false(qblk_operation_run(operation, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED, "was not started");
    assert_non_null(strstr(warning, mark->image));
    mark_case_assert_tidy(mark);
    qblk_client_unref(client);
    run_case_free(test);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        MARK_TEST(nothing_is_sent_if_the_overlay_cannot_be_marked),
        MARK_TEST(the_mark_of_an_earlier_file_is_removed_with_a_warning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
