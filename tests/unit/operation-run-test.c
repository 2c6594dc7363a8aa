/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations that the program waits for with qblk_operation_run(), and when it can cancel one. */
#include "base/limits.h"
#include "lib/operation-case.h"

static void
run_inside(QblkOperation *operation, const char *target, QblkPlanState state, gpointer user_data)
{
    guint *count = user_data;
    g_autoptr(GError) error = NULL;
    gboolean done = qblk_operation_run(operation, &error);
    assert_int_equal(done, qblk_operation_is_done(operation));
    if (!done) {
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RUNNING, "has not ended");
        ++*count;
    }
}

static void
a_function_cannot_wait_for_its_own_operation(void **state)
{
    OperationCase *test = operation_case_new();
    g_autoptr(GError) error = NULL;
    guint count = 0;
    operation_case_script(test);
    operation_case_start(test);
    qblk_operation_set_state_changed(test->operation, run_inside, &count, NULL);
    assert_true(qblk_operation_run(test->operation, &error));
    assert_no_error(error);
    assert_true(count > 1);
    operation_case_succeeded(test);
    operation_case_free(test);
}

static void
events_that_nobody_can_take_do_not_end_the_connection(void **state)
{
    OperationCase *test = operation_case_new();
    g_autoptr(GError) error = NULL;
    operation_case_script_start(test);
    for (guint i = 0; i < QBLK_LIMIT_EVENTS + 1000; i++) {
        run_case_status(test->run->fake, "running");
    }
    run_case_status(test->run->fake, "waiting pending");
    run_case_accept_end(test->run->fake);
    operation_case_start(test);
    gboolean done = qblk_operation_run(test->operation, &error);
    assert_no_error(error);
    assert_true(done);
    operation_case_succeeded(test);
    operation_case_free(test);
}

/* Also if all replies before the change have arrived together, and were handled without a wait. */
static void
the_program_can_cancel_right_before_the_chain_is_changed(void **state)
{
    OperationCase *test = operation_case_new();
    operation_case_script_begin(test);
    run_case_accept(test->run->fake, "block-commit", "created running", "waiting pending");
    run_case_accept_flush(test->run->fake);
    run_case_accept_rollback(test->run->fake, "pending");
    operation_case_start(test);
    do {
        assert_true(operation_case_turn(test));
    } while (qblk_operation_get_timeout(test->operation) > 0);
    qblk_operation_cancel(test->operation);
    assert_false(operation_case_drive(test, NULL));
    operation_case_failed(test, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_CANCELLED, "interrupted");
    operation_case_free(test);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_function_cannot_wait_for_its_own_operation),
        cmocka_unit_test(events_that_nobody_can_take_do_not_end_the_connection),
        cmocka_unit_test(the_program_can_cancel_right_before_the_chain_is_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
