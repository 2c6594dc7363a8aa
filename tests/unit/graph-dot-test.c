/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/graph-dot.h"

#include "lib/check.h"
#include "lib/cli-check.h"
#include "lib/xml-check.h"

#include <qblk/error.h>

static QblkVm *
open_fixture(QblkInvocation *invocation, const char *fixture)
{
    g_autofree char *line = g_strdup_printf("graph capture:{fixtures}/%s/capture.json", fixture);
    return cli_check_open(invocation, line);
}

static char *
print_dot(const char *fixture)
{
    g_auto(QblkInvocation) invocation = {0};
    g_autoptr(QblkVm) vm = open_fixture(&invocation, fixture);
    GString *out = g_string_new(NULL);
    qblk_graph_dot(vm->snapshot, NULL, out);
    return g_string_free(out, FALSE);
}

/* Outside of strings there are only words of the language, and no names. */
static void
assert_strings_are_closed(const char *text)
{
    gboolean inside = FALSE;

    for (const char *at = text; *at != '\0'; at++) {
        if (inside && *at == '\\') {
            at++;
            assert_true(*at == '"' || *at == '\\' || *at == 'n');
        } else if (*at == '"') {
            inside = !inside;
        } else if (!inside) {
            assert_true(g_ascii_isalnum(*at) || strchr(" \n{}[]=,;->", *at) != NULL);
        } else {
            assert_true(*at != '\n');
        }
    }

    assert_false(inside);
}

static void
names_stay_inside_their_strings(void **state)
{
    g_autofree char *text = print_dot("odd-names");
    assert_strings_are_closed(text);
    assert_non_null(strstr(text, "/&<>\\\"'.qcow2\""));
    assert_non_null(strstr(text, "/line\\\\nbreak\\\\ttab.qcow2\""));
}

static void
nodes_disks_and_jobs_have_different_ids(void **state)
{
    g_autofree char *text = print_dot("commit-ready");
    assert_strings_are_closed(text);
    assert_non_null(strstr(text, "\"disk:vda\" -> \"node:#block004\""));
    assert_non_null(strstr(text, "\"job:commit0\" [label=\"active-commit commit0 (ready)\""));
    assert_non_null(
        strstr(text, "\"job:commit0\" -> \"node:disk-base\" [label=\"target\", style="));
}

static void
json_names_are_not_in_labels(void **state)
{
    g_autofree char *text = print_dot("shared-base");
    assert_null(strstr(text, "json:"));
    assert_non_null(strstr(text, "[label=\"top-vda\\nqcow2\"];"));
}

static void
a_drawing_is_svg_or_an_error(void **state)
{
    g_auto(QblkInvocation) invocation = {0};
    g_autoptr(QblkVm) vm = open_fixture(&invocation, "odd-names");
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *dot = g_find_program_in_path("dot");
    gboolean drawn = qblk_graph_dot_draw(vm->snapshot, NULL, out, &error);
    assert_int_equal(drawn, dot != NULL);
    if (drawn) {
        assert_non_null(strstr(out->str, "<svg"));
        return;
    }

    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, "or use --format dot");
}

static int
draw_without_dot(gconstpointer data)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_setenv("PATH", "/nonexistent", TRUE);
    gboolean drawn = qblk_graph_dot_draw(data, NULL, out, &error);
    g_print("%s", drawn ? "drawn" : error->message);
    return out->len > 0;
}

static void
without_graphviz_the_error_suggests_a_remedy(void **state)
{
    g_auto(QblkInvocation) invocation = {0};
    g_autoptr(QblkVm) vm = open_fixture(&invocation, "shared-base");
    g_auto(CliCheckResult) result = cli_check_fork(draw_without_dot, vm->snapshot);
    assert_int_equal(result.status, 0);
    assert_true(g_str_has_prefix(result.out, "cannot draw the graph: "));
    assert_true(g_str_has_suffix(result.out, ": install Graphviz, or use --format dot"));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_stay_inside_their_strings),
        cmocka_unit_test(nodes_disks_and_jobs_have_different_ids),
        cmocka_unit_test(json_names_are_not_in_labels),
        cmocka_unit_test(a_drawing_is_svg_or_an_error),
        cmocka_unit_test(without_graphviz_the_error_suggests_a_remedy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
