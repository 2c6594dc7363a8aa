/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-monitor.h"

#include "blockjob/plan-schema.h"
#include "lib/check.h"
#include "lib/fake-qmp.h"
#include "plan/plan-monitor.h"

#define PATIENCE_MS 5000
#define PATH        "/nonexistent/watch.qmp" /* there is no server at that path */

/* The plan to open a monitor at PATH, or to close it. */
static QblkPlan *
plan_new(gboolean closes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkSchema) schema = fake_qmp_read_schema("11.1");
    g_autoptr(QblkJson) list = qblk_json_new_array();
    const QblkPlanMonitorContext context = {.can_add_monitor =
                                                qblk_plan_schema_can_add_monitor(schema),
                                            .chardevs = list,
                                            .objects = list};
    g_autoptr(QblkPlan) open = qblk_plan_monitor_open(&context, PATH, &error);
    assert_no_error(error);
    if (!closes) {
        return g_steal_pointer(&open);
    }
    QblkJson *entry = qblk_json_new_object();
    qblk_json_set_string(entry, "label", open->job);
    qblk_json_set_string(entry, "name", open->job);
    qblk_json_append(list, entry);
    QblkPlan *close = qblk_plan_monitor_close(&context, PATH, &error);
    assert_no_error(error);
    return close;
}

static void
take(FakeQmp *fake, const char *command)
{
    fake_qmp_expect(fake, command, NULL);
    fake_qmp_reply(fake, "{}");
}

static void
refuse(FakeQmp *fake, const char *command)
{
    fake_qmp_expect(fake, command, NULL);
    fake_qmp_refuse(fake, "GenericError", "No luck");
}

/* Run on @fake, which has its script, and end it. */
static gboolean
run_within(FakeQmp *fake, gboolean closes, int timeout_ms, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(QblkPlan) plan = plan_new(closes);
    g_autofree char *address = fake_qmp_start(fake);
    QblkClient *client = qblk_client_connect(address, PATIENCE_MS, &cause);
    assert_no_error(cause);
    QblkMonitor monitor;
    qblk_monitor_init(&monitor, client, NULL, timeout_ms, 0, NULL);
    gboolean done = qblk_run_monitor(&monitor, plan, error);
    qblk_monitor_clear(&monitor);
    qblk_client_unref(client);
    fake_qmp_finish(fake);
    return done;
}

static gboolean
run(FakeQmp *fake, gboolean closes, GError **error)
{
    return run_within(fake, closes, PATIENCE_MS, error);
}

static void
no_command_follows_a_refused_socket(void **state)
{
    g_autoptr(GError) error = NULL;
    FakeQmp *fake = fake_qmp_new("11.1");
    refuse(fake, "chardev-add");
    assert_false(run(fake, FALSE, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_REFUSED,
                 "cannot listen on the path: 'chardev-add': No luck");
}

static void
a_socket_without_a_monitor_is_rolled_back(void **state)
{
    g_autoptr(GError) error = NULL;
    FakeQmp *fake = fake_qmp_new("11.1");
    take(fake, "chardev-add");
    refuse(fake, "object-add");
    take(fake, "chardev-remove");
    assert_false(run(fake, FALSE, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_REFUSED,
                 "cannot start the QMP server: 'object-add': No luck");
}

static void
a_monitor_that_does_not_answer_is_rolled_back(void **state)
{
    g_autoptr(GError) error = NULL;
    FakeQmp *fake = fake_qmp_new("11.1");
    take(fake, "chardev-add");
    take(fake, "object-add");
    take(fake, "object-del");
    take(fake, "chardev-remove");
    assert_false(run(fake, FALSE, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT,
                 "cannot connect to the new monitor: cannot connect to '" PATH "'");
}

static void
a_command_without_an_answer_is_rolled_back(void **state)
{
    g_autoptr(GError) error = NULL;
    FakeQmp *fake = fake_qmp_new("11.1");
    take(fake, "chardev-add");
    fake_qmp_expect(fake, "object-add", NULL);
    fake_qmp_forget(fake);
    take(fake, "object-del");
    take(fake, "chardev-remove");
    assert_false(run_within(fake, FALSE, 250, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_TIMEOUT, "cannot start the QMP server: ");
}

static void
a_rollback_that_fails_is_reported(void **state)
{
    g_autoptr(GError) error = NULL;
    FakeQmp *fake = fake_qmp_new("11.1");
    take(fake, "chardev-add");
    refuse(fake, "object-add");
    refuse(fake, "chardev-remove");
    assert_false(run(fake, FALSE, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_REFUSED,
                 "may still exist and could not be removed ('chardev-remove': No luck): cannot "
                 "start the QMP server: ");
}

static void
a_lost_connection_is_not_a_success(void **state)
{
    g_autoptr(GError) error = NULL;
    FakeQmp *fake = fake_qmp_new("11.1");
    fake_qmp_expect(fake, "chardev-add", NULL);
    fake_qmp_close(fake);
    assert_false(run(fake, FALSE, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_CLOSED, "may still exist");
}

static void
closing_removes_both(void **state)
{
    g_autoptr(GError) error = NULL;
    FakeQmp *fake = fake_qmp_new("11.1");
    take(fake, "object-del");
    take(fake, "chardev-remove");
    assert_true(run(fake, TRUE, &error));
    assert_no_error(error);
}

static void
a_monitor_that_cannot_be_closed_keeps_its_socket(void **state)
{
    g_autoptr(GError) error = NULL;
    FakeQmp *fake = fake_qmp_new("11.1");
    refuse(fake, "object-del");
    assert_false(run(fake, TRUE, &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_REFUSED,
                 "cannot stop the QMP server: 'object-del': No luck");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_command_follows_a_refused_socket),
        cmocka_unit_test(a_socket_without_a_monitor_is_rolled_back),
        cmocka_unit_test(a_monitor_that_does_not_answer_is_rolled_back),
        cmocka_unit_test(a_command_without_an_answer_is_rolled_back),
        cmocka_unit_test(a_rollback_that_fails_is_reported),
        cmocka_unit_test(a_lost_connection_is_not_a_success),
        cmocka_unit_test(closing_removes_both),
        cmocka_unit_test(a_monitor_that_cannot_be_closed_keeps_its_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
