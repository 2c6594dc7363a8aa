/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-monitor.h"

#include "blockjob/plan-schema.h"
#include "lib/check.h"
#include "lib/fake-qmp.h"

#define PATH "/run/watch.qmp"
#define ID   "qblk-monitor-0c62fdbb7bf7f7ab"

#define CHARDEVS(label)                                                                            \
    "[{\"label\": \"mon0\", \"filename\": \"unix:/run/vm.qmp,server=on\", \"frontend-open\": "     \
    "true}, {\"label\": \"" label "\", \"filename\": \"disconnected:unix:" PATH                    \
    ",server=on\", \"frontend-open\": true}]"
#define OBJECTS(name)                                                                              \
    "[{\"name\": \"type\", \"type\": \"string\"}, {\"name\": \"" name                              \
    "\", \"type\": \"child<monitor-qmp>\"}]"

static QblkJson *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    QblkJson *json = qblk_json_parse(text, strlen(text), &error);
    assert_no_error(error);
    return json;
}

static QblkPlan *
open_in(const char *version, const char *chardevs, gboolean force_managed, GError **error)
{
    g_autoptr(QblkSchema) schema = fake_qmp_read_schema(version);
    g_autoptr(QblkJson) list = parse(chardevs);
    const QblkPlanMonitorContext context = {.can_add_monitor =
                                                qblk_plan_schema_can_add_monitor(schema),
                                            .chardevs = list,
                                            .force_managed = force_managed};
    return qblk_plan_monitor_open(&context, PATH, error);
}

static QblkPlan *
close_in(const char *chardevs, const char *objects, GError **error)
{
    g_autoptr(QblkJson) list = parse(chardevs);
    g_autoptr(QblkJson) names = parse(objects);
    const QblkPlanMonitorContext context = {.chardevs = list, .objects = names};
    return qblk_plan_monitor_close(&context, PATH, error);
}

/* Commands with their arguments, one a line; what takes a step back after a '<'. */
static void
assert_steps(const QblkPlan *plan, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        g_autofree char *arguments = qblk_json_print(step->arguments, QBLK_JSON_SORTED);
        g_string_append_printf(text, "%s %s", step->command == NULL ? "-" : step->command,
                               arguments);
        for (guint j = 0; j < step->undo->len; j++) {
            const QblkStep *undo = step->undo->pdata[j];
            g_autofree char *of_undo = qblk_json_print(undo->arguments, QBLK_JSON_SORTED);
            g_string_append_printf(text, " < %s %s", undo->command, of_undo);
        }
        g_string_append_c(text, '\n');
    }
    assert_string_equal(text->str, expected);
}

static void
the_plan_opens_a_socket_a_chardev_and_a_monitor(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkPlan) plan = open_in("11.1", CHARDEVS("mine"), FALSE, &error);
    assert_no_error(error);
    assert_string_equal(plan->target, PATH);
    assert_string_equal(plan->job, ID);
    assert_steps(plan,
                 "chardev-add {\"backend\":{\"data\":{\"addr\":{\"data\":{\"path\":\"" PATH "\"},"
                 "\"type\":\"unix\"},\"server\":true,\"wait\":false},\"type\":\"socket\"},"
                 "\"id\":\"" ID "\"} < chardev-remove {\"id\":\"" ID "\"}\n"
                 "object-add {\"chardev\":\"" ID "\",\"id\":\"" ID "\","
                 "\"qom-type\":\"monitor-qmp\"} < object-del {\"id\":\"" ID "\"}\n"
                 "- {}\n");
}

static void
an_older_qemu_cannot_open_a_monitor(void **state)
{
    static const char *const versions[] = {"5.2", "7.2", "10.0"};
    for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(open_in(versions[i], "[]", TRUE, &error));
        assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                     "(QEMU 11.1 can): start it with one more -qmp");
    }
}

static void
a_guest_of_libvirt_is_changed_only_if_forced(void **state)
{
    g_autoptr(GError) error = NULL;
    assert_null(open_in("11.1", CHARDEVS("charmonitor"), FALSE, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "--force-managed");
    g_autoptr(QblkPlan) plan = open_in("11.1", CHARDEVS("charmonitor"), TRUE, &error);
    assert_no_error(error);
    assert_non_null(plan);
}

static void
the_manager_is_also_known_by_the_arguments_of_the_process(void **state)
{
    static const char *const arguments[] = {"kvm", "-pidfile", "/var/run/qemu-server/100.pid",
                                            NULL};
    GError *error = NULL;
    g_autoptr(QblkJson) list = parse("[]");
    QblkPlanMonitorContext context = {
        .can_add_monitor = TRUE, .chardevs = list, .arguments = arguments};
    assert_null(qblk_plan_monitor_open(&context, PATH, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "Proxmox VE manages this guest and would not notice another monitor: use "
                 "--force-managed to open it");

    context.is_dry_run = TRUE;
    g_autoptr(QblkPlan) printed = qblk_plan_monitor_open(&context, PATH, NULL);
    assert_non_null(printed);
    assert_int_equal(printed->warnings->len, 1);
    assert_non_null(strstr(printed->warnings->pdata[0], "without --dry-run, use --force-managed"));
    context.force_managed = TRUE;
    g_autoptr(QblkPlan) forced = qblk_plan_monitor_open(&context, PATH, NULL);
    assert_non_null(forced);
    assert_int_equal(forced->warnings->len, 0);
}

static void
it_is_not_opened_twice(void **state)
{
    g_autoptr(GError) error = NULL;
    assert_null(open_in("11.1", CHARDEVS(ID), TRUE, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                 "already open in this VM: use --close");
}

static void
it_is_closed_with_its_socket(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkPlan) plan = close_in(CHARDEVS(ID), OBJECTS(ID), &error);
    assert_no_error(error);
    assert_steps(plan, "object-del {\"id\":\"" ID "\"}\nchardev-remove {\"id\":\"" ID "\"}\n");
}

static void
nodes_left_over_from_a_crash_are_closed(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkPlan) plan = close_in(CHARDEVS(ID), OBJECTS("compat_monitor0"), &error);
    assert_no_error(error);
    assert_steps(plan, "chardev-remove {\"id\":\"" ID "\"}\n");
}

static void
what_others_have_opened_is_not_closed(void **state)
{
    g_autoptr(GError) error = NULL;
    assert_null(close_in(CHARDEVS("mine"), OBJECTS("mine"), &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_MONITOR,
                 "this VM has no monitor '" PATH "' opened by qblk");
}

static void
those_at_other_paths_are_named(void **state)
{
    g_autoptr(GError) error = NULL;
    assert_null(close_in(CHARDEVS("qblk-monitor-0"), OBJECTS("qblk-monitor-0"), &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_MONITOR,
                 "it has 'disconnected:unix:" PATH ",server=on'");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_plan_opens_a_socket_a_chardev_and_a_monitor),
        cmocka_unit_test(an_older_qemu_cannot_open_a_monitor),
        cmocka_unit_test(a_guest_of_libvirt_is_changed_only_if_forced),
        cmocka_unit_test(the_manager_is_also_known_by_the_arguments_of_the_process),
        cmocka_unit_test(it_is_not_opened_twice),
        cmocka_unit_test(it_is_closed_with_its_socket),
        cmocka_unit_test(nodes_left_over_from_a_crash_are_closed),
        cmocka_unit_test(what_others_have_opened_is_not_closed),
        cmocka_unit_test(those_at_other_paths_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
