/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vms/vm-bridge.h"

#include "lib/check.h"
#include "lib/proc-tree.h"
#include "vms/bridge-line.h"
#include "vms/vm-info.h"

#include <qblk/error.h>
#include <qblk/vms.h>
#include <unistd.h>

#define OTHER_USER 65534
#define QEMU       "qemu-system-x86_64 -name web1 -qmp unix:/run/web1.qmp,server=on,wait=off"

/* ---- the command line ---- */

static char *
join(const GPtrArray *paths)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < paths->len; i++) {
        g_string_append_printf(text, "%s%s", i == 0 ? "" : " ", (const char *)paths->pdata[i]);
    }
    return g_string_free(text, FALSE);
}

static void
the_sockets_of_a_bridge_are_in_its_command_line(void **state)
{
    static const struct {
        const char *line, *vm, *full, *read_only;
    } cases[] = {
        {"qblk bridge /run/a.qmp --listen /run/b", "/run/a.qmp", "/run/b", ""},
        {"/usr/bin/qblk bridge --listen=/run/b web1", "web1", "/run/b", ""},
        {"qblk bridge web1 -l b -r c -rd", "web1", "b", "c d"},
        {"qblk -v --connect-timeout 5 bridge -t7 --timeout 3 --deny quit --listen-read-only c web1 "
         "--reconnect",
         "web1", "", "c"},
        {"qblk --json bridge -vl b --mode 660 --group kvm --allow 'x*' web1", "web1", "b", ""},
        {"qblk bridge --stop-timeout=3 --state-dir /var web1 --listen a --listen b", "web1", "a b",
         ""},
        {"qblk bridge --connect /x -- web1", "web1", "", ""},
        {"/lib64/ld-linux-x86-64.so.2 --library-path /l /opt/qblk bridge web1", "web1", "", ""},
        {"qblk bridge --stdio", NULL, "", ""},
        {"qblk bridge web1 --listen", "web1", "", ""},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(GStrv) words = NULL;
        assert_true(g_shell_parse_argv(cases[i].line, NULL, &words, NULL));
        g_autoptr(QblkBridgeLine) line = qblk_bridge_line_new(words);
        assert_non_null(line);
        g_autofree char *full = join(line->full);
        g_autofree char *read_only = join(line->read_only);
        assert_int_equal(g_strcmp0(line->vm, cases[i].vm), 0);
        assert_string_equal(full, cases[i].full);
        assert_string_equal(read_only, cases[i].read_only);
    }
}

static void
other_programs_and_commands_are_no_bridge(void **state)
{
    static const char *const lines[] = {
        "qblk list bridge",
        "qblk --target bridge list web1",
        "qblk",
        "qblk --connect-timeout 5",
        "/bin/qblk2 bridge web1",
        "sh -c 'qblk bridge web1'",
        "qemu-system-x86_64 -name bridge",
        "qblk list --listen bridge web1",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_auto(GStrv) words = NULL;
        assert_true(g_shell_parse_argv(lines[i], NULL, &words, NULL));
        assert_null(qblk_bridge_line_new(words));
    }
    char *const nothing[] = {NULL};
    assert_null(qblk_bridge_line_new(nothing));
}

/* ---- its VM ---- */

/* A guest whose only monitor is in use. */
static ProcTree *
busy_guest(void)
{
    ProcTree *tree = proc_tree_new();
    proc_tree_add(tree, 5, QEMU);
    proc_tree_socket(tree, 5, 71, "/run/web1.qmp", "listens");
    proc_tree_socket(tree, 5, 72, "/run/web1.qmp", "connected");
    return tree;
}

static void
assert_bridge(const QblkVmMonitor *monitor, const char *address, gint64 pid, gboolean is_read_only)
{
    assert_non_null(monitor);
    assert_string_equal(qblk_vm_monitor_get_address(monitor), address);
    assert_string_equal(qblk_vm_monitor_get_text(monitor), address);
    assert_true(qblk_vm_monitor_is_qmp(monitor));
    assert_int_equal(qblk_vm_monitor_get_state(monitor), QBLK_VM_MONITOR_STATE_FREE);
    assert_int_equal(qblk_vm_monitor_get_bridge(monitor), pid);
    assert_int_equal(qblk_vm_monitor_is_read_only(monitor), is_read_only);
}

static void
the_sockets_of_a_bridge_are_monitors_of_its_vm(void **state)
{
    /* the directory of a process is /run */
    static const char *const lines[] = {
        "qblk bridge /run/web1.qmp --listen /run/b.sock -r /run/r.sock",
        "qblk bridge ./web1.qmp --listen b.sock -r ../run/r.sock",
        "qblk bridge unix:web1.qmp -l b.sock -r r.sock",
        "qblk bridge web1.qmp -l b.sock -r r.sock",
        "qblk bridge web1 -l b.sock -r r.sock",
        "qblk bridge 5 -l b.sock -r r.sock",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(ProcTree) tree = busy_guest();
        proc_tree_add(tree, 9, lines[i]);
        proc_tree_socket(tree, 9, 81, "/run/b.sock", "listens");
        proc_tree_socket(tree, 9, 82, "/run/r.sock", "listens");
        g_autoptr(QblkVms) vms = proc_tree_find(tree);
        assert_int_equal(qblk_vms_get_n_vms(vms), 1);
        const QblkVmInfo *vm = qblk_vms_get_vm(vms, 0);
        assert_int_equal(qblk_vm_info_get_n_monitors(vm), 3);
        assert_int_equal(qblk_vm_monitor_get_bridge(qblk_vm_info_get_monitor(vm, 0)), 0);
        assert_bridge(qblk_vm_info_get_monitor(vm, 1), "/run/b.sock", 9, FALSE);
        assert_bridge(qblk_vm_info_get_monitor(vm, 2), "/run/r.sock", 9, TRUE);

        g_autoptr(GError) error = NULL;
        assert_bridge(qblk_vm_info_choose_monitor(vm, &error), "/run/b.sock", 9, FALSE);
        assert_bridge(qblk_vm_info_choose_monitor_to_read(vm, &error), "/run/b.sock", 9, FALSE);
        g_autoptr(QblkAddress) address = qblk_vms_resolve(vms, "web1", &error);
        assert_string_equal(qblk_address_get_text(address), "/run/b.sock");
    }
}

static void
a_bridge_by_name_holds_a_monitor_of_qemu_itself(void **state)
{
    static const struct {
        const char *line, *socket;
    } cases[] = {
        {"qblk bridge web1 -l /run/b.sock", "/run/b.sock"},
        {"qblk bridge web1 -r /run/r.sock", "/run/r.sock"},
        {"qblk bridge web1 -r /run/r.sock -l /run/b.sock", "/run/b.sock"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(ProcTree) tree = busy_guest();
        proc_tree_add(tree, 9, cases[i].line);
        proc_tree_socket(tree, 9, 81, "/run/b.sock", "listens");
        proc_tree_socket(tree, 9, 82, "/run/r.sock", "listens");
        g_autoptr(QblkVms) vms = proc_tree_find(tree);
        g_autofree char *expected =
            g_strdup_printf("in use: a bridge (pid 9) holds it: use '%s'", cases[i].socket);
        g_autoptr(GError) error = NULL;
        assert_null(qblk_vms_resolve_to_bridge(vms, "web1", &error));
        assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY, expected);

        g_clear_error(&error);
        g_autoptr(QblkAddress) address = qblk_vms_resolve_to_bridge(vms, "/run/b.sock", &error);
        assert_string_equal(qblk_address_get_text(address), "/run/b.sock");
    }
}

static void
a_bridge_without_a_socket_at_its_path_is_left_out(void **state)
{
    static const char *const lines[] = {
        "qblk bridge web1 --stdio",
        "qblk bridge web1 -l /run/none",
        "qblk bridge web2 -l /run/b.sock",
        "qblk bridge /run/b.sock -l /run/b.sock",
        "qblk bridge tcp:127.0.0.1:1 -l /run/b.sock",
        "qblk bridge image: -l /run/b.sock",
        "qblk bridge -l /run/b.sock",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(ProcTree) tree = busy_guest();
        proc_tree_add(tree, 9, lines[i]);
        proc_tree_socket(tree, 9, 81, "/run/b.sock", "listens");
        g_autoptr(QblkVms) vms = proc_tree_find(tree);
        assert_int_equal(qblk_vm_info_get_n_monitors(qblk_vms_get_vm(vms, 0)), 1);
    }
}

static void
commands_that_change_something_need_another_socket_than_a_read_only_one(void **state)
{
    g_autoptr(ProcTree) tree = busy_guest();
    proc_tree_add(tree, 9, "qblk bridge web1 -r /run/r.sock");
    proc_tree_socket(tree, 9, 82, "/run/r.sock", "listens");
    g_autoptr(QblkVms) vms = proc_tree_find(tree);

    g_autoptr(GError) error = NULL;
    assert_null(qblk_vms_resolve(vms, "web1", &error));
    assert_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_BUSY,
                 "a bridge (pid 9) holds it, and its socket '/run/r.sock' is read-only");
    g_autoptr(QblkAddress) address = qblk_vms_resolve_to_read(vms, "web1", &error);
    assert_no_error(error);
    assert_string_equal(qblk_address_get_text(address), "/run/r.sock");
}

static void
a_monitor_that_is_free_is_preferred_to_a_bridge(void **state)
{
    g_autoptr(ProcTree) tree = proc_tree_new();
    proc_tree_add(tree, 5, QEMU);
    proc_tree_socket(tree, 5, 71, "/run/web1.qmp", "listens");
    proc_tree_add(tree, 9, "qblk bridge web1 -l /run/b.sock");
    proc_tree_socket(tree, 9, 81, "/run/b.sock", "listens");
    g_autoptr(QblkVms) vms = proc_tree_find(tree);

    g_autoptr(GError) error = NULL;
    g_autoptr(QblkAddress) address = qblk_vms_resolve(vms, "web1", &error);
    assert_string_equal(qblk_address_get_text(address), "/run/web1.qmp");
    g_autoptr(QblkAddress) bridged = qblk_vms_resolve_to_bridge(vms, "web1", &error);
    assert_string_equal(qblk_address_get_text(bridged), "/run/web1.qmp");
}

static void
sockets_that_a_service_manager_has_passed_are_found(void **state)
{
    g_autoptr(ProcTree) tree = busy_guest();
    proc_tree_add(tree, 9, "qblk bridge");
    proc_tree_set_environment(tree, 9,
                              "LISTEN_PID=9 LISTEN_FDS=2 LISTEN_FDNAMES=read-only:qmp "
                              "QMP_SOCKET=/run/web1.qmp");
    proc_tree_socket(tree, 9, 81, "/run/b.sock", "listens");
    proc_tree_socket(tree, 9, 82, "/run/r.sock", "listens");
    proc_tree_fd(tree, 9, 3, 82);
    proc_tree_fd(tree, 9, 4, 81);
    /* those of its parent */
    proc_tree_add(tree, 10, "qblk bridge web1");
    proc_tree_set_environment(tree, 10, "LISTEN_PID=9 LISTEN_FDS=2");
    proc_tree_fd(tree, 10, 3, 82);

    g_autoptr(QblkVms) vms = proc_tree_find(tree);
    const QblkVmInfo *vm = qblk_vms_get_vm(vms, 0);
    assert_int_equal(qblk_vm_info_get_n_monitors(vm), 3);
    assert_bridge(qblk_vm_info_get_monitor(vm, 1), "/run/r.sock", 9, TRUE);
    assert_bridge(qblk_vm_info_get_monitor(vm, 2), "/run/b.sock", 9, FALSE);
}

/* Any user can give a program of their own this name. */
static void
a_bridge_of_another_user_is_not_used(void **state)
{
    static const struct {
        uid_t bridge, qemu;
        gboolean is_used;
    } cases[] = {
        {0, 1234, TRUE},
        {OTHER_USER, OTHER_USER, TRUE},
        {OTHER_USER, 1234, FALSE},
        {OTHER_USER, 0, FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(ProcTree) tree = busy_guest();
        proc_tree_set_user(tree, 5, cases[i].qemu);
        proc_tree_add(tree, 9, "qblk bridge web1 -l /run/b.sock");
        proc_tree_set_user(tree, 9, cases[i].bridge);
        proc_tree_socket(tree, 9, 81, "/run/b.sock", "listens");
        g_autoptr(QblkVms) vms = proc_tree_find(tree);
        assert_int_equal(qblk_vm_info_get_n_monitors(qblk_vms_get_vm(vms, 0)),
                         cases[i].is_used ? 2 : 1);
    }
}

/* ---- a busy monitor ---- */

/* Returns: (transfer full): the message, or "none" */
static char *
explain(ProcTree *tree, const char *text, gboolean only_reads)
{
    g_autoptr(QblkVms) vms = proc_tree_find(tree);
    g_autoptr(QblkAddress) address = qblk_address_parse(text, NULL);
    char *message = qblk_vms_explain_busy(vms, address, only_reads);

    return message == NULL ? g_strdup("none") : message;
}

static void
assert_explained(ProcTree *tree, const char *text, gboolean only_reads, const char *expected)
{
    g_autofree char *message = explain(tree, text, only_reads);
    assert_string_equal(message, expected);
}

static void
assert_peer(ProcTree *tree, const char *text, const char *expected)
{
    g_autoptr(QblkVms) vms = proc_tree_find(tree);
    g_autoptr(QblkAddress) address = qblk_address_parse(text, NULL);
    g_autofree char *message = qblk_vms_explain_peer(vms, address);

    assert_string_equal(message == NULL ? "none" : message, expected);
}

static void
the_error_of_a_busy_monitor_names_its_bridge(void **state)
{
    g_autoptr(ProcTree) tree = busy_guest();
    assert_explained(tree, "/run/web1.qmp", FALSE, "none");

    proc_tree_add(tree, 9, "qblk bridge web1 -l /run/b.sock -r /run/r.sock");
    proc_tree_socket(tree, 9, 82, "/run/r.sock", "listens");
    assert_explained(
        tree, "/run/web1.qmp", FALSE,
        "no greeting from '/run/web1.qmp': a bridge (pid 9) holds this monitor, and its "
        "socket '/run/r.sock' is read-only: let the bridge listen at another one, too");
    assert_explained(tree, "unix:/run/web1.qmp", TRUE,
                     "no greeting from '/run/web1.qmp': a bridge (pid 9) holds this monitor: use "
                     "'/run/r.sock'");

    proc_tree_socket(tree, 9, 81, "/run/b.sock", "listens");
    for (int only_reads = 0; only_reads < 2; only_reads++) {
        assert_explained(
            tree, "/run/web1.qmp", only_reads,
            "no greeting from '/run/web1.qmp': a bridge (pid 9) holds this monitor: use "
            "'/run/b.sock'");
    }
    assert_explained(tree, "/run/other", TRUE, "none");
}

static void
the_error_of_another_monitor_names_that_of_its_vm(void **state)
{
    g_autoptr(ProcTree) tree = proc_tree_new();
    proc_tree_add(tree, 7,
                  "qemu-system-x86_64 -name web1 -qmp unix:/run/web1.qmp,server=on,wait=off "
                  "-monitor unix:/run/web1.hmp,server=on,wait=off");
    proc_tree_socket(tree, 7, 71, "/run/web1.qmp", "listens");
    proc_tree_socket(tree, 7, 72, "/run/web1.hmp", "listens");
    proc_tree_add(tree, 8, "qemu-system-x86_64 -monitor unix:/run/none.hmp,server=on,wait=off");
    proc_tree_socket(tree, 8, 81, "/run/none.hmp", "listens");

    assert_peer(tree, "/run/web1.hmp",
                "/run/web1.hmp: not a QMP monitor, but a monitor for people (HMP) of the VM 'web1' "
                "(pid 7): its QMP monitor is '/run/web1.qmp'");
    assert_peer(tree, "/run/none.hmp",
                "/run/none.hmp: not a QMP monitor, but a monitor for people (HMP) of the VM with "
                "pid 8: it has no QMP monitor: start QEMU with -qmp unix:PATH,server=on,wait=off");
    assert_peer(tree, "/run/web1.qmp", "none");
    assert_peer(tree, "/run/other", "none");
    assert_peer(tree, "tcp:127.0.0.1:1", "none");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sockets_of_a_bridge_are_in_its_command_line),
        cmocka_unit_test(other_programs_and_commands_are_no_bridge),
        cmocka_unit_test(the_sockets_of_a_bridge_are_monitors_of_its_vm),
        cmocka_unit_test(a_bridge_by_name_holds_a_monitor_of_qemu_itself),
        cmocka_unit_test(a_bridge_without_a_socket_at_its_path_is_left_out),
        cmocka_unit_test(commands_that_change_something_need_another_socket_than_a_read_only_one),
        cmocka_unit_test(a_monitor_that_is_free_is_preferred_to_a_bridge),
        cmocka_unit_test(sockets_that_a_service_manager_has_passed_are_found),
        cmocka_unit_test(a_bridge_of_another_user_is_not_used),
        cmocka_unit_test(the_error_of_a_busy_monitor_names_its_bridge),
        cmocka_unit_test(the_error_of_another_monitor_names_that_of_its_vm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
