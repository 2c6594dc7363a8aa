/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/graph-tree.h"

#include "lib/check.h"
#include "lib/cli-check.h"
#include "lib/xml-check.h"

static char *
print_tree(const char *fixture)
{
    g_auto(QblkInvocation) invocation = {0};
    g_autofree char *line = g_strdup_printf("graph capture:{fixtures}/%s/capture.json", fixture);
    g_autoptr(QblkVm) vm = cli_check_open(&invocation, line);
    GString *out = g_string_new(NULL);
    qblk_graph_tree(vm->snapshot, out);
    return g_string_free(out, FALSE);
}

static void
backing_images_stand_below_and_not_further_in(void **state)
{
    g_autofree char *text = print_tree("deep-200");
    assert_int_equal(xml_check_count(text, "\n  backing: "), 199);
    assert_int_equal(xml_check_count(text, "\n    file: "), 200);
    assert_null(strstr(text, "\n      "));
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
        qblk_graph_tree(vm->snapshot, out);
        for (guint j = 0; j < vm->snapshot->nodes->len; j++) {
            const QblkNode *node = vm->snapshot->nodes->pdata[j];
            g_autofree char *part = g_strdup_printf(" %s (%s", node->name, node->driver);
            assert_non_null(strstr(out->str, part));
        }
    }
}

static void
an_empty_drive_is_called_so(void **state)
{
    g_autofree char *text = print_tree("many-buses");
    assert_non_null(strstr(text, "sdg (empty-cd) empty\n"));
}

static void
a_machine_without_disks_prints_nothing(void **state)
{
    g_autofree char *text = print_tree("empty-vm");
    assert_string_equal(text, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backing_images_stand_below_and_not_further_in),
        cmocka_unit_test(a_shared_node_is_shown_once),
        cmocka_unit_test(every_node_is_shown),
        cmocka_unit_test(an_empty_drive_is_called_so),
        cmocka_unit_test(a_machine_without_disks_prints_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
