/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/several.h"

#include "cli/command.h"
#include "cli/exit-code.h"
#include "cli/print/heading.h"
#include "lib/check.h"
#include "lib/cli-check.h"
#include "lib/proc-tree.h"
#include "lib/test-directory.h"

#include <glib/gstdio.h>

/* ---- which arguments are VMs ---- */

static QblkVms *
find_vms(ProcTree *tree)
{
    proc_tree_add(tree, 11, "kvm -name web1 -qmp unix:/run/1,server=on");
    proc_tree_socket(tree, 11, 71, "/run/1", "listens");
    proc_tree_add(tree, 12, "kvm -name twin -qmp unix:/run/2,server=on");
    proc_tree_socket(tree, 12, 72, "/run/2", "listens");
    proc_tree_add(tree, 13, "kvm -name twin -qmp unix:/run/3,server=on");
    proc_tree_socket(tree, 13, 73, "/run/3", "listens");
    proc_tree_add(tree, 14, "kvm -name people -monitor unix:/run/4,server=on");
    proc_tree_socket(tree, 14, 74, "/run/4", "listens");
    proc_tree_add(tree, 15, "kvm -name a/b -qmp unix:/run/5,server=on");
    proc_tree_socket(tree, 15, 75, "/run/5", "listens");
    proc_tree_add(tree, 16, "kvm -name 15 -qmp unix:/run/6,server=on");
    proc_tree_socket(tree, 16, 76, "/run/6", "listens");
    return proc_tree_find(tree);
}

/* Returns: (transfer full): the VMs, or "-" if there is one, and the other arguments */
static char *
describe(const QblkInvocation *invocation)
{
    GString *text = g_string_new(invocation->vm_names == NULL ? "-" : "");
    for (guint i = 0; invocation->vm_names != NULL && i < invocation->vm_names->len; i++) {
        const char *name = invocation->vm_names->pdata[i];
        g_string_append_printf(text, "%s%s", i == 0 ? "" : " ", name);
    }
    for (guint i = invocation->vm_names == NULL ? 0 : 1; i < invocation->count; i++) {
        g_string_append_printf(text, " (%s)", invocation->arguments[i]);
    }
    return g_string_free(text, FALSE);
}

static void
arguments_after_the_first_are_vms_if_they_are_addresses(void **state)
{
    static const struct {
        const char *line, *expected;
    } rows[] = {
        {"list a/b", "- (a/b)"},
        {"list a/b vda", "- (a/b) (vda)"},
        {"list a/b /machine/peripheral/x", "- (a/b) (/machine/peripheral/x)"},
        {"list a/b c/d", "a/b c/d"},
        {"list a/b c/d vda e/f", "a/b c/d (vda) (e/f)"},
        {"list a/b /machine/x c/d", "- (a/b) (/machine/x) (c/d)"},
        {"list web1 c/d", "web1 c/d"},
        {"list web1 twin", "- (/run/1) (twin)"},
        {"chain a/b unix:c", "a/b unix:c"},
        {"chain a/b tcp:h:1 fd:3 vda", "a/b tcp:h:1 fd:3 (vda)"},
        {"xml a/b image:c vda vdb", "a/b image:c (vda) (vdb)"},
        {"graph capture:c domain:d", "capture:c domain:d"},
        {"capture a/b capture:c ./d", "a/b capture:c ./d"},
        {"check a/b c/d vda", "a/b c/d (vda)"},
        {"check --json a/b c/d", "a/b c/d"},
        {"jobs a/b", "- (a/b)"},
        {"jobs a/b web1 c/d", "a/b web1 c/d"},
        {"jobs web1 twin", "web1 twin"},
        {"resolve a/b /images/a", "- (a/b) (/images/a)"},
        {"commit a/b vda", "- (a/b) (vda)"},
        {"copy a/b vda /images/a", "- (a/b) (vda) (/images/a)"},
        {"open-monitor a/b c/d", "- (a/b) (c/d)"},
        /* --vm: all arguments are disks, but for those of jobs. */
        {"list --vm a/b", "a/b"},
        {"list --vm a/b --vm web1 vda c/d", "a/b web1 (vda) (c/d)"},
        {"--vm a/b list --vm c/d vda", "a/b c/d (vda)"},
        {"resolve --vm a/b --vm c/d /images/a", "a/b c/d (/images/a)"},
        {"jobs --vm a/b c/d", "c/d a/b"},
        {"list --all", "web1 12 13 /run/5 16"},
        {"list --vm web1 --all vda", "web1 web1 12 13 /run/5 16 (vda)"},
    };
    g_autoptr(ProcTree) tree = proc_tree_new();

    g_autoptr(QblkVms) vms = find_vms(tree);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(QblkInvocation) invocation = {.vms = qblk_vms_ref(vms)};
        g_autoptr(GError) error = NULL;
        gboolean parsed = cli_check_parse(&invocation, rows[i].line, &error);
        assert_no_error(error);
        assert_true(parsed);
        g_autofree char *text = describe(&invocation);
        assert_string_equal(text, rows[i].expected);
    }
}

static void
what_is_of_one_vm_is_refused_for_several(void **state)
{
    static const struct {
        const char *line, *message;
    } rows[] = {
        {"recover a/b c/d", "'qblk recover' takes one VM: for several use a loop"},
        {"commit a/b unix:c", "'qblk commit' takes one VM"},
        {"snapshot a/b tcp:h:1 vda", "'qblk snapshot' takes one VM"},
        {"commit --vm a/b vda", "'qblk commit' takes one VM"},
        {"--all pull vda", "'qblk pull' takes one VM"},
        {"source --vms x a", "--vm, --vms and --all are not valid for 'qblk source'"},
        {"vms --all", "--vm, --vms and --all are not valid for 'qblk vms'"},
        {"chain a/b c/d vda --expect 0", "option --expect needs one VM: run 'qblk chain'"},
        {"list --vm a/b --domain /dev/null", "option --domain needs one VM: run 'qblk list'"},
        {"resolve --vm a/b", "wrong number of arguments: use 'qblk resolve VM LAYER'"},
        {"list a/b c/d -t 0", "invalid --connect-timeout"},
        {"list a/b c/d --target x", "invalid target 'x'"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(QblkInvocation) invocation = {0};
        g_autoptr(GError) error = NULL;
        assert_false(cli_check_parse(&invocation, rows[i].line, &error));
        assert_error(error, QBLK_CLI_ERROR, QBLK_CLI_ERROR_USAGE, rows[i].message);
    }
}

static void
the_default_vm_is_not_used_if_vms_are_listed(void **state)
{
    g_auto(QblkInvocation) invocation = {.default_vm = "a/b"};
    g_autoptr(GError) error = NULL;
    assert_true(cli_check_parse(&invocation, "list --vm c/d vda", &error));
    g_autofree char *text = describe(&invocation);
    assert_string_equal(text, "c/d (vda)");

    g_auto(QblkInvocation) of_jobs = {.default_vm = "a/b"};
    assert_true(cli_check_parse(&of_jobs, "jobs", &error));
    assert_string_equal(of_jobs.arguments[0], "a/b");
}

static void
a_vm_that_cannot_be_used_is_kept_with_the_reason(void **state)
{
    g_auto(QblkInvocation) invocation = {0};
    g_autoptr(GError) error = NULL;
    assert_true(cli_check_parse(&invocation, "list --vm tcp: --vm a/b --format raw", &error));
    assert_int_equal(invocation.each->len, 2);
    QblkInvocation *first = invocation.each->pdata[0], *second = invocation.each->pdata[1];
    assert_error(first->failure, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT, "tcp:");
    assert_error(second->failure, QBLK_CLI_ERROR, QBLK_CLI_ERROR_USAGE, "image:PATH");
}

/* ---- --vms ---- */

static void
a_file_has_a_vm_in_each_line(void **state)
{
    g_autofree char *path = test_directory_path("vms");
    const char *text = "# comment\n\n  a/b \r\n\tunix:c d\n #x\n\x1b[1m/e\nlast/line";
    assert_true(g_file_set_contents(path, text, -1, NULL));

    g_auto(QblkInvocation) invocation = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *line = g_strdup_printf("list --vms '%s' vda", path);
    assert_true(cli_check_parse(&invocation, line, &error));
    g_autofree char *names = describe(&invocation);
    assert_string_equal(names, "a/b unix:c d \x1b[1m/e last/line (vda)");
    assert_true(invocation.has_vm_list);
}

static void
a_file_that_is_no_list_is_an_error(void **state)
{
    g_autofree char *path = test_directory_path("vms");
    g_autofree char *line = g_strdup_printf("list --vms '%s'", path);
    g_autofree char *long_line = g_strnfill(8193, 'x');
    g_autofree char *text = g_strconcat("a/b\n", long_line, "\n", NULL);
    const struct {
        const char *text;
        gssize length;
        const char *message;
    } rows[] = {
        {text, -1, "line 2 of the list of VMs '"},
        {"a/b\n\n\0\n", 7, "line 3 of the list of VMs '"},
        {NULL, 0, "cannot read the list of VMs '"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(QblkInvocation) invocation = {0};
        g_autoptr(GError) error = NULL;
        if (rows[i].text != NULL) {
            assert_true(g_file_set_contents(path, rows[i].text, rows[i].length, NULL));
        } else {
            assert_int_equal(g_remove(path), 0);
        }
        assert_false(cli_check_parse(&invocation, line, &error));
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, rows[i].message);
    }
}

/* ---- headings ---- */

static void
a_heading_is_valid_in_its_form(void **state)
{
    static const struct {
        QblkHeadingForm form;
        gboolean is_first;
        const char *vm, *expected;
    } rows[] = {
        {QBLK_HEADING_TEXT, TRUE, "a/b", "a/b:\n"},
        {QBLK_HEADING_TEXT, FALSE, "a\nb", "\na\\nb:\n"},
        {QBLK_HEADING_LINE, FALSE, "a/b", "a/b: "},
        {QBLK_HEADING_XML, FALSE, "a/b", "<!-- a/b -->\n"},
        {QBLK_HEADING_XML, TRUE, "a--b", "<!-- a-\\x2db -->\n"},
        {QBLK_HEADING_XML, TRUE, "---->", "<!-- -\\x2d-\\x2d> -->\n"},
        {QBLK_HEADING_XML, TRUE, "-", "<!-- - -->\n"},
        {QBLK_HEADING_DOT, FALSE, "a\nb", "// a\\nb\n"},
        {QBLK_HEADING_JSON, FALSE, "a/b", ""},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(QblkOutput) output = {.vm = rows[i].vm};
        qblk_output_init(&output);
        qblk_heading_print(rows[i].form, rows[i].is_first, &output);
        assert_string_equal(output.text->str, rows[i].expected);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_after_the_first_are_vms_if_they_are_addresses),
        cmocka_unit_test(what_is_of_one_vm_is_refused_for_several),
        cmocka_unit_test(the_default_vm_is_not_used_if_vms_are_listed),
        cmocka_unit_test(a_vm_that_cannot_be_used_is_kept_with_the_reason),
        cmocka_unit_test_setup_teardown(a_file_has_a_vm_in_each_line, test_directory_set_up,
                                        test_directory_tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_no_list_is_an_error, test_directory_set_up,
                                        test_directory_tear_down),
        cmocka_unit_test(a_heading_is_valid_in_its_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
