/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print/graph-dot.h"

#include "cli/print/picture-graph.h"
#include "lib/check.h"
#include "lib/cli-check.h"

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
    g_autoptr(GError) error = NULL;
    g_autoptr(QblkVm) vm = open_fixture(&invocation, fixture);
    g_autoptr(QblkPicture) picture = qblk_picture_of_graph(vm->snapshot, NULL, "vm", &error);
    assert_no_error(error);
    GString *out = g_string_new(NULL);
    qblk_graph_dot(picture, out);
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
    assert_non_null(strstr(text, "/&<>\\\"'.qcow2\\n"));
    assert_non_null(strstr(text, "/line\\\\nbreak\\\\ttab.qcow2\\n"));
}

static void
nodes_disks_and_jobs_have_different_ids(void **state)
{
    g_autofree char *text = print_dot("commit-ready");
    assert_strings_are_closed(text);
    assert_non_null(strstr(text, "\"disk:vda\" -> \"node:#block004\""));
    assert_non_null(strstr(text, "[label=\"mirror_top\\nactive-commit commit0, ready\""));
    assert_non_null(
        strstr(text, "\"node:#block004\" -> \"node:disk-base\" [label=\"commit0\", style="));
}

static void
a_label_has_the_facts_of_the_picture(void **state)
{
    g_autofree char *text = print_dot("shared-base");
    assert_null(strstr(text, "json:"));
    assert_non_null(strstr(text, "[label=\"vda[1], qcow2\\nbase.qcow2\\n64 MiB, 324 KiB used, "
                                 "read-only\\nnode base\\nshared: also vdb[1]\""));
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_stay_inside_their_strings),
        cmocka_unit_test(nodes_disks_and_jobs_have_different_ids),
        cmocka_unit_test(a_label_has_the_facts_of_the_picture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
