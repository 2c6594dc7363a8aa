/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/vm.h"

#include "cli/exit-code.h"
#include "graph/replies.h"
#include "lib/check.h"
#include "lib/cli-check.h"

#include <qblk/error.h>

#define FIVE             "capture:{fixtures}/virtio-5-deep/capture.json"
#define FIVE_FINGERPRINT "2127b2a9b6921874"

static void
assert_not_opened(const char *argument, GQuark domain, int code, const char *part)
{
    g_auto(QblkInvocation) invocation = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *quoted = g_shell_quote(argument);
    g_autofree char *line = g_strdup_printf("list --connect-timeout 1 %s", quoted);
    if (cli_check_parse(&invocation, line, &error)) {
        assert_null(qblk_vm_open(&invocation, &error));
    }

    assert_error(error, domain, code, part);
}

static void
an_unknown_form_of_a_vm_is_a_usage_error(void **state)
{
    static const char *const names[] = {"",           "no-guest",  "vm1.qmp",
                                        "imgae:/a",   "domian:/a", "captuer:/a",
                                        "http://a/b", "Unix:/a",   ":/a"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        assert_not_opened(names[i], QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "invalid VM '");
    }
}

static void
a_path_may_have_colons_after_its_first_slash(void **state)
{
    static const char *const names[] = {"/nonexistent/a", "./nonexistent:/a", "/non:existent",
                                        "unix:/nonexistent", "unix:nonexistent"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        assert_not_opened(names[i], QBLK_QMP_ERROR, QBLK_QMP_ERROR_CONNECT, "cannot connect to");
    }
}

static void
an_incomplete_address_is_a_usage_error(void **state)
{
    static const char *const names[] = {"tcp:", "tcp:host", "fd:", "fd:x", "fd:-1"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        assert_not_opened(names[i], QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, names[i]);
    }
}

static void
an_error_names_a_capture_that_is_not_valid(void **state)
{
    char *directory = cli_check_directory();
    g_autofree char *argument = cli_check_capture(directory, "{}");
    assert_not_opened(argument, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                      "capture.json': not a capture");
    assert_not_opened("capture:/nonexistent/c", QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE,
                      "cannot read '/nonexistent/c'");
    cli_check_remove(directory);
}

static void
chains_are_those_of_the_named_disks_or_of_all(void **state)
{
    static const struct {
        const char *disks;
        const char *targets[4];
    } cases[] = {
        {"", {"vda", "vdb"}},
        {"vdb", {"vdb"}},
        {"vdb vda", {"vdb", "vda"}},
        {"vda vda", {"vda", "vda"}},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(QblkInvocation) invocation = {0};
        g_autoptr(GError) error = NULL;
        g_autofree char *line =
            g_strdup_printf("chain capture:{fixtures}/shared-base/capture.json %s", cases[i].disks);
        g_autoptr(QblkVm) vm = cli_check_open(&invocation, line);
        g_autoptr(GPtrArray) chains = qblk_vm_find_chains(vm, &error);
        assert_no_error(error);
        for (guint j = 0; j < chains->len; j++) {
            assert_string_equal(qblk_chain_get_target(chains->pdata[j]), cases[i].targets[j]);
        }
        assert_null(cases[i].targets[chains->len]);
    }
}

static void
one_unknown_disk_fails_all(void **state)
{
    g_auto(QblkInvocation) invocation = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkVm) vm = cli_check_open(&invocation, "chain " FIVE " vda vdz");
    assert_null(qblk_vm_find_chains(vm, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_DISK, "there is no disk 'vdz'");
}

static void
a_chain_with_another_fingerprint_is_refused(void **state)
{
    g_auto(QblkInvocation) right = {0}, wrong = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkVm) vm = cli_check_open(&right, "chain " FIVE " vda --expect " FIVE_FINGERPRINT);
    g_autoptr(QblkChain) chain = qblk_vm_find_expected_chain(vm, "vda", &error);
    assert_no_error(error);
    assert_int_equal(qblk_chain_get_depth(chain), 5);

    g_autoptr(QblkVm) other = cli_check_open(&wrong, "chain " FIVE " vda --expect 0");
    assert_null(qblk_vm_find_expected_chain(other, "vda", &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_STALE, "not '0'");
}

static void
nodes_that_are_not_safe_to_query_are_refused(void **state)
{
    g_auto(QblkInvocation) safe = {0}, unsafe = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkVm) readable = cli_check_open(&safe, "list " FIVE);
    assert_true(qblk_vm_check_readable(readable, &error));
    g_autoptr(QblkVm) vm =
        cli_check_open(&unsafe, "list capture:{fixtures}/stream-concluded/capture.json");
    assert_false(qblk_vm_check_readable(vm, &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_UNSAFE, "could crash the guest");
}

static void
a_capture_has_the_replies_to_all_queries(void **state)
{
    g_auto(QblkInvocation) invocation = {0};
    g_autoptr(GError) error = NULL;
    assert_true(cli_check_parse(&invocation, "capture " FIVE, &error));
    g_autoptr(QblkCapture) capture = qblk_vm_capture(&invocation, &error);
    assert_no_error(error);
    assert_non_null(qblk_replies_value(capture, "query-block"));
}

static void
a_domain_has_no_replies_and_no_nodes(void **state)
{
    g_auto(QblkInvocation) queries = {0}, nodes = {0};
    g_autoptr(GError) error = NULL, none = NULL;
    char *directory = cli_check_directory();
    g_autofree char *file = g_build_filename(directory, "capture.json", NULL);
    assert_true(g_file_set_contents(file, "<domain><devices/></domain>", -1, NULL));

    g_autofree char *capture = g_strdup_printf("capture domain:%s", file);
    assert_true(cli_check_parse(&queries, capture, &error));
    assert_null(qblk_vm_capture(&queries, &error));
    assert_error(error, QBLK_CLI_ERROR, QBLK_CLI_ERROR_USAGE, "'qblk capture' needs a QEMU");

    g_autofree char *jobs = g_strdup_printf("jobs domain:%s", file);
    g_autoptr(QblkVm) vm = cli_check_open(&nodes, jobs);
    assert_null(qblk_vm_get_snapshot(vm, &none));
    assert_error(none, QBLK_CLI_ERROR, QBLK_CLI_ERROR_USAGE, "'qblk jobs' needs a QEMU");
    cli_check_remove(directory);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_form_of_a_vm_is_a_usage_error),
        cmocka_unit_test(a_path_may_have_colons_after_its_first_slash),
        cmocka_unit_test(an_incomplete_address_is_a_usage_error),
        cmocka_unit_test(an_error_names_a_capture_that_is_not_valid),
        cmocka_unit_test(chains_are_those_of_the_named_disks_or_of_all),
        cmocka_unit_test(one_unknown_disk_fails_all),
        cmocka_unit_test(a_chain_with_another_fingerprint_is_refused),
        cmocka_unit_test(nodes_that_are_not_safe_to_query_are_refused),
        cmocka_unit_test(a_capture_has_the_replies_to_all_queries),
        cmocka_unit_test(a_domain_has_no_replies_and_no_nodes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
