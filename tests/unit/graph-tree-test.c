/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/graph-tree.h"

#include "lib/check.h"
#include "lib/cli-check.h"
#include "lib/graph-fixture.h"
#include "lib/xml-check.h"

static char *
print_tree(const char *fixture)
{
    g_auto(QblkInvocation) invocation = {0};
    g_autofree char *line = g_strdup_printf("graph capture:{fixtures}/%s/capture.json", fixture);
    g_autoptr(QblkVm) vm = cli_check_open(&invocation, line);
    GString *out = g_string_new(NULL);
    qblk_graph_tree(vm->snapshot, NULL, out);
    return g_string_free(out, FALSE);
}

static void
backing_images_are_not_indented(void **state)
{
    g_autofree char *text = print_tree("deep-200");
    assert_int_equal(xml_check_count(text, "\n  backing: "), 199);
    assert_int_equal(xml_check_count(text, "\n    file: "), 200);
    assert_null(strstr(text, "\n      "));
}

static void
a_deep_line_has_its_level_as_a_number(void **state)
{
    g_autoptr(GString) nodes = g_string_new(NULL);

    for (guint i = 1; i < 50; i++) {
        g_string_append_printf(nodes, "n%u raw /n%u file=n%u\n", i, i, i + 1);
    }
    g_string_append(nodes, "n50 file /n50\n");
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes->str, "vda - n1\n");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(GString) out = g_string_new(NULL);
    qblk_graph_tree(snapshot, NULL, out);
    g_autofree char *deepest = g_strnfill(2 * 40, ' ');
    g_autofree char *last = g_strdup_printf("\n%sfile: n40 (raw) /n40\n", deepest);
    g_autofree char *next = g_strdup_printf("\n%s[41] file: n41 (raw) /n41\n", deepest);
    g_autofree char *end = g_strdup_printf("\n%s[50] file: n50 (file) /n50\n", deepest);
    assert_non_null(strstr(out->str, last));
    assert_non_null(strstr(out->str, next));
    assert_true(g_str_has_suffix(out->str, end));
}

static void
a_shared_node_is_shown_once(void **state)
{
    g_autofree char *text = print_tree("shared-base");
    assert_int_equal(xml_check_count(text, "backing: base (qcow2, read-only) /"), 1);
    assert_int_equal(xml_check_count(text, "backing: base (qcow2, read-only) shown above\n"), 1);
    assert_int_equal(xml_check_count(text, "file: base-file "), 1);
}

static void
every_node_is_shown(void **state)
{
    static const char *const fixtures[] = {"quorum", "copy-before-write", "mirror-running",
                                           "many-buses"};
    for (gsize i = 0; i < G_N_ELEMENTS(fixtures); i++) {
        g_auto(QblkInvocation) invocation = {0};
        g_autofree char *line =
            g_strdup_printf("graph capture:{fixtures}/%s/capture.json", fixtures[i]);
        g_autoptr(QblkVm) vm = cli_check_open(&invocation, line);
        g_autoptr(GString) out = g_string_new(NULL);
        qblk_graph_tree(vm->snapshot, NULL, out);
        for (guint j = 0; j < vm->snapshot->nodes->len; j++) {
            const QblkNode *node = vm->snapshot->nodes->pdata[j];
            g_autofree char *part = g_strdup_printf(" %s (%s", node->name, node->driver);
            assert_non_null(strstr(out->str, part));
        }
    }
}

static void
an_empty_drive_is_printed_as_empty(void **state)
{
    g_autofree char *text = print_tree("many-buses");
    assert_non_null(strstr(text, "sdg (empty-cd) empty\n"));
}

static void
a_vm_without_disks_prints_nothing(void **state)
{
    g_autofree char *text = print_tree("empty-vm");
    assert_string_equal(text, "");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backing_images_are_not_indented),
        cmocka_unit_test(a_deep_line_has_its_level_as_a_number),
        cmocka_unit_test(a_shared_node_is_shown_once),
        cmocka_unit_test(every_node_is_shown),
        cmocka_unit_test(an_empty_drive_is_printed_as_empty),
        cmocka_unit_test(a_vm_without_disks_prints_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
