/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/graph-tree.h"

#include "lib/check.h"
#include "lib/cli-check.h"
#include "lib/graph-fixture.h"
#include "lib/xml-check.h"

static const QblkTerminal terminal = {.is_utf8 = TRUE};

static char *
print_tree(const char *fixture)
{
    g_auto(QblkInvocation) invocation = {0};
    g_autofree char *line = g_strdup_printf("graph capture:{fixtures}/%s/capture.json", fixture);
    g_autoptr(QblkVm) vm = cli_check_open(&invocation, line);
    GString *out = g_string_new(NULL);
    qblk_graph_tree(vm->snapshot, NULL, &terminal, out);
    return g_string_free(out, FALSE);
}

static void
backing_images_are_not_indented(void **state)
{
    g_autofree char *text = print_tree("deep-200");
    assert_int_equal(xml_check_count(text, "\n├─ vda"), 199);
    assert_int_equal(xml_check_count(text, "\n└─ vda[199]  "), 1);
    assert_int_equal(xml_check_count(text, "\n"), 201);
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
    qblk_graph_tree(snapshot, NULL, &terminal, out);
    g_autofree char *deepest = g_strnfill(3 * 39, ' ');
    g_autofree char *last = g_strdup_printf("\n%s└─ file: n40 (raw)\n", deepest);
    g_autofree char *next = g_strdup_printf("\n%s└─ [41] file: n41 (raw)\n", deepest);
    g_autofree char *end =
        g_strdup_printf("\n%s└─ [49] file: n49 (raw) on n50 (file)  /n50\n", deepest);
    assert_non_null(strstr(out->str, last));
    assert_non_null(strstr(out->str, next));
    assert_true(g_str_has_suffix(out->str, end));
}

static void
a_shared_node_is_shown_once(void **state)
{
    g_autofree char *text = print_tree("shared-base");
    assert_int_equal(
        xml_check_count(text, "\n└─ vda[1]  base (qcow2, read-only) on base-file (file)  /"), 1);
    assert_int_equal(xml_check_count(text, "\n   └─ used by vdb\nvdb: "), 1);
    assert_int_equal(xml_check_count(text, "\n└─ vdb[1]  base (qcow2, read-only)  see vda[1]\n"),
                     1);
    assert_int_equal(xml_check_count(text, "base-file"), 1);
}

static void
assert_graph(const char *nodes, const char *devices, const char *expected)
{
    g_autoptr(QblkReplies) replies = graph_fixture_machine(nodes, devices);
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(GString) out = g_string_new(NULL);
    qblk_graph_tree(snapshot, NULL, &terminal, out);
    assert_string_equal(out->str, expected);
}

static void
a_job_is_at_its_filter(void **state)
{
    g_autofree char *text = print_tree("commit-middle-running");
    assert_non_null(strstr(text, "├─ #block048 (commit_top, read-only)\n"
                                 "│  └─ job 'commit0': commit into vda[3], running, 2 %\n"
                                 "├─ vda[1]  "));
}

static void
a_chain_that_is_not_used_is_below_its_top(void **state)
{
    assert_graph("a qcow2 /a file=af backing=b\naf file /a\n"
                 "b qcow2 /b file=bf backing=c\nbf file /b\n"
                 "c qcow2 /c file=cf\ncf file /c\n"
                 "other file /o\n",
                 "",
                 "not used by any disk, export or job\n"
                 "├─ other (file)  /o\n"
                 "└─ a (qcow2) on af (file)  /a\n"
                 "   ├─ backing: b (qcow2) on bf (file)  /b\n"
                 "   └─ backing: c (qcow2) on cf (file)  /c\n");
}

static void
a_filter_does_not_repeat_the_file_of_its_layer(void **state)
{
    assert_graph("m mirror_top /x backing=a\na qcow2 /x file=f\nf file /x\n", "vda - m\n",
                 "vda: disk\n"
                 "├─ m (mirror_top)\n"
                 "└─ vda  a (qcow2) on f (file)  /x\n");
}

static void
a_node_that_stores_for_two_has_a_line_of_its_own(void **state)
{
    assert_graph("a qcow2 /x file=f\nb raw /x file=f\nf file /x\n", "vda - a\nvdb - b\n",
                 "vda: disk\n"
                 "└─ vda  a (qcow2)\n"
                 "   ├─ same image as vdb\n"
                 "   └─ file: f (file)  /x\n"
                 "vdb: disk\n"
                 "└─ vdb  b (raw)\n"
                 "   ├─ same image as vda\n"
                 "   └─ file: f (file)  see above\n");
}

static void
a_file_name_is_shortened_to_the_terminal(void **state)
{
    const QblkTerminal narrow = {.is_utf8 = TRUE, .columns = 50};
    g_autoptr(QblkReplies) replies = graph_fixture_machine(
        "n raw /images/of/the/guest/disk.raw file=f\nf file /images/of/the/guest/disk.raw\n",
        "vda - n\n");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(GString) out = g_string_new(NULL);
    qblk_graph_tree(snapshot, NULL, &narrow, out);
    assert_non_null(strstr(out->str, "└─ vda  n (raw) on f (file)  /images/of/…/disk.raw\n"));
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
        qblk_graph_tree(vm->snapshot, NULL, &terminal, out);
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
    assert_non_null(strstr(text, "sdg (empty-cd): sata cdrom, empty\n"));
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
        cmocka_unit_test(a_job_is_at_its_filter),
        cmocka_unit_test(a_chain_that_is_not_used_is_below_its_top),
        cmocka_unit_test(a_filter_does_not_repeat_the_file_of_its_layer),
        cmocka_unit_test(a_node_that_stores_for_two_has_a_line_of_its_own),
        cmocka_unit_test(a_file_name_is_shortened_to_the_terminal),
        cmocka_unit_test(every_node_is_shown),
        cmocka_unit_test(an_empty_drive_is_printed_as_empty),
        cmocka_unit_test(a_vm_without_disks_prints_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
