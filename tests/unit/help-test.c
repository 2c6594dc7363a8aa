/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/help.h"

#include "cli/commands.h"
#include "lib/check.h"
#include "lib/cli-check.h"

static GString *
help_of(const char *name)
{
    GString *text = g_string_new(NULL);
    if (name == NULL) {
        qblk_help_print(text);
    } else {
        qblk_help_print_command(qblk_command_find(name), text);
    }
    return text;
}

static void
assert_fits(GString *help)
{
    g_auto(GStrv) lines = g_strsplit(help->str, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        assert_true(g_utf8_strlen(*line, -1) <= 80);
        assert_false(g_str_has_suffix(*line, " "));
    }
    assert_true(g_str_has_suffix(help->str, "\n") && !g_str_has_suffix(help->str, "\n\n"));
    g_string_free(help, TRUE);
}

static void
help_fits_into_80_columns(void **state)
{
    assert_fits(help_of(NULL));
    for (const QblkCommand *const *row = qblk_command_all(); *row != NULL; row++) {
        assert_fits(help_of((*row)->name));
    }
}

static void
each_command_is_listed_with_its_alias(void **state)
{
    GString *help = help_of(NULL);
    for (const QblkCommand *const *row = qblk_command_all(); *row != NULL; row++) {
        const QblkCommand *at = *row;
        g_autofree char *call = g_strdup_printf("\n  %s %s", at->name, at->arguments);
        g_autofree char *alias = g_strdup_printf("(%s)\n", at->virsh_name);
        assert_int_equal(strstr(help->str, call) != NULL, at->group != QBLK_COMMAND_IS_HIDDEN);
        assert_true(at->virsh_name == NULL || strstr(help->str, alias) != NULL);
    }
    g_string_free(help, TRUE);
}

static void
only_options_that_a_command_accepts_are_listed(void **state)
{
    static const struct {
        const char *command, *has, *lacks;
    } rows[] = {
        {"source", "--json",
         "--connect-timeout --verbose --target --format --vm --expect --secret"},
        {"vms", "--connect-timeout --probe", "--target --domain --max-reply --all --time-limit"},
        {"resolve", "--vms --expect --target", "--time-limit --dry-run --progress --state-dir"},
        {"list", "--vms --state-dir --format", "--expect --timeout --edges --help --version"},
        {"commit", "--time-limit --progress --expect --connect-timeout --bitmaps --format",
         "--vms --all\n --timeout"},
        {"snapshot", "--time-limit --progress --bitmaps", "--bandwidth --detach"},
        {"job", "--bandwidth --abort", "--detach --format --backing-format"},
        {"recover", "--dry-run --connect-timeout", "--format --backing-format --expect"},
        {"capture", "--directory --max-reply", "--target --domain --expect"},
        {"open-monitor", "--close", "--target --format --secret"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        GString *help = help_of(rows[i].command);
        const char *const lists[] = {rows[i].has, rows[i].lacks};
        for (gsize j = 0; j < G_N_ELEMENTS(lists); j++) {
            g_auto(GStrv) names = g_strsplit_set(lists[j], " \n", -1);
            for (char **name = names; *name != NULL; name++) {
                g_autofree char *with = g_strconcat(*name, "=", NULL);
                g_autofree char *without = g_strconcat(*name, " ", NULL);
                gboolean is_there = **name == '\0' ? j == 0
                                                   : strstr(help->str, with) != NULL ||
                                                         strstr(help->str, without) != NULL;
                assert_int_equal(is_there, j == 0);
            }
        }
        g_string_free(help, TRUE);
    }
}

static void
own_options_are_before_common_ones(void **state)
{
    static const char *const parts[] = {"Usage: qblk commit VM DISK [OPTION...]\n",
                                        "Alias: qblk blockcommit\n",
                                        "Merge layers",
                                        "\nOptions:\n",
                                        "--base=LAYER",
                                        "\nOptions of commands that change a VM:\n",
                                        "--dry-run",
                                        "\nCommon options:\n",
                                        "--json",
                                        "\nExample:\n  qblk commit "};
    GString *help = help_of("commit");
    const char *at = help->str;

    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        at = strstr(at, parts[i]);
        assert_non_null(at);
    }
    g_string_free(help, TRUE);
}

static void
each_example_can_be_run(void **state)
{
    for (const QblkCommand *const *row = qblk_command_all(); *row != NULL; row++) {
        if ((*row)->example == NULL) {
            continue;
        }
        g_auto(QblkInvocation) invocation = {0};
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) parts = g_strsplit((*row)->example, " > ", 2);
        assert_true(g_str_has_prefix(parts[0], "qblk "));
        assert_true(cli_check_parse(&invocation, parts[0] + strlen("qblk "), &error));
        assert_no_error(error);
        assert_ptr_equal(invocation.command, *row);
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_fits_into_80_columns),
        cmocka_unit_test(each_command_is_listed_with_its_alias),
        cmocka_unit_test(only_options_that_a_command_accepts_are_listed),
        cmocka_unit_test(own_options_are_before_common_ones),
        cmocka_unit_test(each_example_can_be_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
