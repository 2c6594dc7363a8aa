/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/operation-case.h"

#include "lib/cli-check.h"

#include <poll.h>
#include <string.h>

OperationCase *
operation_case_new(void)
{
    OperationCase *test = g_new0(OperationCase, 1);
    test->run = run_case_new(QBLK_COMMIT_INNER);
    run_case_promise_recorded(test->run);
    fake_qmp_answer_recorded(test->run->fake); /* what is asked before the first command */
    test->directory = cli_check_directory();
    test->run->plan->state_dir = g_strdup(test->directory);
    test->plans = qblk_plans_new();
    qblk_plans_add(test->plans, test->run->plan);
    test->options = qblk_operation_options_new();
    test->states = g_string_new(NULL);
    return test;
}

static void
note_state(QblkOperation *operation, const char *target, QblkPlanState state, gpointer user_data)
{
    OperationCase *test = user_data;
    assert_string_equal(target, "vda");
    g_string_append_printf(test->states, "%s ", qblk_plan_state_name(state));
}

void
operation_case_start(OperationCase *test)
{
    g_autoptr(GError) error = NULL;
    if (test->client == NULL) {
        test->client = fake_qmp_connect(test->run->fake);
    }
    test->operation = qblk_operation_start(test->client, test->plans, test->options, &error);
    assert_no_error(error);
    qblk_operation_set_state_changed(test->operation, note_state, test, NULL);
}

void
operation_case_script_begin(OperationCase *test)
{
    fake_qmp_expect(test->run->fake, "query-cpus-fast", NULL);
    fake_qmp_reply(test->run->fake, "[]");
}

void
operation_case_script_start(OperationCase *test)
{
    operation_case_script_begin(test);
    run_case_accept(test->run->fake, "block-commit", "created running", NULL);
}

void
operation_case_script(OperationCase *test)
{
    operation_case_script_begin(test);
    run_case_accept(test->run->fake, "block-commit", "created running", "waiting pending");
    run_case_accept_end(test->run->fake);
}

gboolean
operation_case_turn(OperationCase *test)
{
    QblkOperation *operation = test->operation;
    struct pollfd item = {.fd = qblk_operation_get_fd(operation),
                          .events = (short)qblk_operation_get_events(operation)};
    int timeout = qblk_operation_get_timeout(operation);
    int ready = poll(&item, 1, timeout);
    assert_true(ready >= 0);
    return qblk_operation_process(operation, ready > 0 ? item.revents : 0);
}

gboolean
operation_case_drive(OperationCase *test, const char *state)
{
    while (state == NULL || strstr(test->states->str, state) == NULL) {
        if (!operation_case_turn(test)) {
            return FALSE;
        }
    }
    return TRUE;
}

guint
operation_case_count_journals(const OperationCase *test)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) records = qblk_journal_list(test->directory, &error);
    assert_no_error(error);
    return records->len;
}

void
operation_case_succeeded(const OperationCase *test)
{
    g_autoptr(GError) error = NULL;
    gboolean done = qblk_operation_get_result(test->operation, &error);
    assert_no_error(error);
    assert_true(done);
    assert_true(qblk_operation_is_done(test->operation));
    assert_false(qblk_operation_has_journal(test->operation));
    assert_int_equal(operation_case_count_journals(test), 0);
}

void
operation_case_failed(const OperationCase *test, GQuark domain, int code, const char *part)
{
    g_autoptr(GError) error = NULL;
    assert_false(qblk_operation_get_result(test->operation, &error));
    assert_error(error, domain, code, part);
}

void
operation_case_free(OperationCase *test)
{
    qblk_operation_unref(test->operation);
    qblk_client_unref(test->client);
    qblk_operation_options_unref(test->options);
    qblk_plans_unref(test->plans);
    run_case_free(test->run);
    cli_check_remove(test->directory);
    g_string_free(test->states, TRUE);
    g_free(test);
}
