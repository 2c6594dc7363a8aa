/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/blockjob.h>

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
    QblkClient *client = fake_qmp_connect(test->fake);
    GError *error = NULL;
    assert_false(qblk_blockjob_run(client, NULL, plan, NULL, NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "cannot mark");
    assert_null(qblk_client_get_error(client));
    qblk_client_unref(client);
    run_case_free(test);
    close(fd);
    assert_int_equal(g_rmdir(obstacle), 0);
    mark_case_assert_tidy(mark);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        MARK_TEST(nothing_is_sent_if_the_overlay_cannot_be_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
