/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/commands.h"

#include "cli/command-options.h"
#include "lib/check.h"
#include "lib/cli-check.h"
#include "vms/bridge-line.h"

#include <qblk/error.h>

/* TRUE if @command accepts each form of a VM argument. */
static gboolean
reads_a_vm(const QblkCommand *command)
{
    static const char *const others[] = {"vms",  "source",  "recover", "open-monitor", "bridge",
                                         "help", "version", "watch",   "__complete",   NULL};
    return !g_strv_contains(others, command->name);
}

static gboolean
names_disk(const QblkCommand *command)
{
    return g_str_has_prefix(command->arguments, "VM DISK") ||
           g_str_has_prefix(command->arguments, "VM [DISK");
}

static void
every_row_is_complete(void **state)
{
    for (const QblkCommand *const *row = qblk_command_all(); *row != NULL; row++) {
        const QblkCommand *at = *row;
        assert_true(g_str_has_prefix(at->arguments, "VM") || at->has_default_vm || !reads_a_vm(at));
        gboolean is_hidden = at->group == QBLK_COMMAND_IS_HIDDEN;
        assert_true(at->min_arguments <= at->max_arguments &&
                    (at->min_arguments >= 1 || at->arguments[0] == '[' || is_hidden));
        assert_true(is_hidden || at->example != NULL);
        assert_true(at->description == NULL || g_str_has_suffix(at->description, "."));
        assert_true(g_ascii_isupper(at->summary[0]) && !g_str_has_suffix(at->summary, "."));
        assert_non_null(at->run);
        assert_int_equal(at->add_options != NULL, at->options_size > 0);
        assert_true(!at->changes || names_disk(at));
    }
}

/* The command line of a running bridge is read without its options being parsed. */
static void
each_option_of_a_bridge_with_a_value_is_known(void **state)
{
    const QblkCommand *command = qblk_command_find("bridge");
    g_autofree gpointer own = g_malloc0(command->options_size);
    g_auto(QblkGlobalOptions) global;
    qblk_global_options_init(&global);
    g_autoptr(QblkOptionTable) table = qblk_command_options_new(command, own, &global);

    guint found = 0;
    for (guint i = 0; i < qblk_option_table_get_n_options(table); i++) {
        const QblkOption *option = qblk_option_table_get_option(table, i);
        gboolean is_optional = (option->entry.flags & G_OPTION_FLAG_OPTIONAL_ARG) != 0;
        if (!qblk_option_has_argument(option) || is_optional) {
            continue;
        }
        g_autofree char *name = g_strconcat("--", option->entry.long_name, NULL);
        g_autofree char *letter = g_strdup_printf("-%c", option->entry.short_name);
        char *const words[] = {name, option->entry.short_name == 0 ? name : letter};
        for (gsize j = 0; j < G_N_ELEMENTS(words); j++) {
            char *const arguments[] = {(char[]){"qblk"},  (char[]){"bridge"}, words[j],
                                       (char[]){"value"}, (char[]){"web1"},   NULL};
            g_autoptr(QblkBridgeLine) line = qblk_bridge_line_new(arguments);
            assert_string_equal(line->vm, "web1");
        }
        found++;
    }
    assert_true(found > 10);
    command->clear_options(own);
}

static void
a_command_is_found_by_its_unique_names(void **state)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    for (const QblkCommand *const *row = qblk_command_all(); *row != NULL; row++) {
        const QblkCommand *at = *row;
        const char *const both[] = {at->name, at->virsh_name};
        for (gsize i = 0; i < G_N_ELEMENTS(both) && both[i] != NULL; i++) {
            assert_true(g_hash_table_add(names, g_strdup(both[i])));
            assert_ptr_equal(qblk_command_find(both[i]), at);
        }
    }
    GHashTableIter iter;
    gpointer name;
    g_hash_table_iter_init(&iter, names);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        g_hash_table_iter_remove(&iter);
        g_free(name);
    }
}

static void
an_unknown_command_is_not_found(void **state)
{
    static const char *const names[] = {"", "lis", "listt", "List", "qblk", "--help"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        assert_null(qblk_command_find(names[i]));
    }
}

static void
what_another_program_calls_a_command_is_known(void **state)
{
    static const struct {
        const char *word, *command;
    } rows[] = {
        {"comit", "commit"},
        {"commmit", "commit"},
        {"ocmmit", "commit"},
        {"blokpull", "blockpull"},
        {"snap", "snapshot"},
        {"COPY", "copy"},
        {"domblkinfo", "chain"},
        {"block-stream", "pull"},
        {"snapshot-create", "snapshot"},
        {"query-block-jobs", "jobs"},
        {"drive-mirror", "copy"},
        {"hepl", "help"},
        {"open-moniter", "open-monitor"},
    };
    static const char *const strange[] = {"", "x", "web1", "frobnicate", "/run/vm.qmp"};

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        assert_string_equal(qblk_command_suggest(rows[i].word), rows[i].command);
        assert_non_null(qblk_command_find(rows[i].command));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(strange); i++) {
        assert_null(qblk_command_suggest(strange[i]));
    }
}

static void
each_command_reads_a_capture(void **state)
{
    for (const QblkCommand *const *row = qblk_command_all(); *row != NULL; row++) {
        const QblkCommand *at = *row;
        if (at->changes || !reads_a_vm(at)) {
            continue;
        }
        g_autoptr(GError) error = NULL;
        g_autofree char *line =
            g_strdup_printf("%s capture:{fixtures}/virtio-5-deep/capture.json%s", at->name,
                            at->min_arguments > 1 ? " vda" : "");
        g_autofree char *output = cli_check_run(line, &error);
        assert_no_error(error);
        /* `check` prints nothing if there are no differences. */
        assert_true(g_str_equal(at->name, "check") || g_str_has_suffix(output, "\n"));
    }
}

static void
a_command_that_fails_prints_nothing(void **state)
{
    for (const QblkCommand *const *row = qblk_command_all(); *row != NULL; row++) {
        const QblkCommand *at = *row;
        gboolean prints_failures = at->end_several != NULL; /* of some of several VMs */
        if (at->changes || !reads_a_vm(at) || prints_failures) {
            continue;
        }
        g_auto(QblkInvocation) invocation = {0};
        g_autoptr(GError) error = NULL;
        g_autofree char *line = g_strdup_printf("%s capture:/nonexistent/c%s", at->name,
                                                at->min_arguments > 1 ? " vda" : "");
        assert_true(cli_check_parse(&invocation, line, &error));
        assert_false(invocation.command->run(&invocation, &error));
        assert_string_equal(invocation.output.text->str, "");
        assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, "'/nonexistent/c'");
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_complete),
        cmocka_unit_test(each_option_of_a_bridge_with_a_value_is_known),
        cmocka_unit_test(a_command_is_found_by_its_unique_names),
        cmocka_unit_test(an_unknown_command_is_not_found),
        cmocka_unit_test(what_another_program_calls_a_command_is_known),
        cmocka_unit_test(each_command_reads_a_capture),
        cmocka_unit_test(a_command_that_fails_prints_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
