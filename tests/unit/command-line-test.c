/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/invocation.h"

#include "base/limits.h"
#include "cli/commands.h"
#include "cli/exit-code.h"
#include "graph/snapshot-options.h"
#include "lib/check.h"
#include "lib/cli-check.h"
#include <qblk/version.h>

static void
assert_usage(const char *line, const char *part)
{
    g_auto(QblkInvocation) invocation = {0};
    g_autoptr(GError) error = NULL;
    assert_false(cli_check_parse(&invocation, line, &error));
    assert_true(error->message[0] == '-' || !g_ascii_isupper(error->message[0]));
    assert_error(error, QBLK_CLI_ERROR, QBLK_CLI_ERROR_USAGE, part);
}

static void
assert_parses(QblkInvocation *invocation, const char *line)
{
    g_autoptr(GError) error = NULL;
    gboolean parsed = cli_check_parse(invocation, line, &error);
    assert_no_error(error);
    assert_true(parsed);
}

static void
options_have_defaults(void **state)
{
    g_auto(QblkInvocation) invocation = {0};
    assert_parses(&invocation, "list a/b");
    assert_string_equal(invocation.command->name, "list");
    assert_int_equal(invocation.count, 1);
    assert_string_equal(invocation.arguments[0], "a/b");
    assert_null(invocation.arguments[1]);
    assert_int_equal(invocation.timeout_ms, QBLK_DEFAULT_TIMEOUT_MS);
    assert_false(invocation.output.json);
    assert_false(invocation.verbose);
    assert_null(invocation.expect);
    assert_int_equal(invocation.snapshot_options->edges, QBLK_EDGE_SOURCE_BEST);
    assert_string_equal(invocation.output.text->str, "");
}

static void
options_may_precede_or_follow_the_command(void **state)
{
    static const char *const lines[] = {
        "--json --connect-timeout 7 -v chain a/b vda --expect=0",
        "chain --json a/b --connect-timeout=7 -v vda --expect 0",
        "-j -t 7 chain -v a/b vda --expect 0",
        "chain a/b vda -vj -t 7 --expect 0",
        "chain a/b vda -vjt7 --expect 0",
        "-vt7 chain a/b vda --json --expect=0",
        "--timeout 7 chain a/b vda -vj --expect=0",
        "chain a/b vda -vj --timeout=7 --expect=0",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_auto(QblkInvocation) invocation = {0};
        assert_parses(&invocation, lines[i]);
        assert_string_equal(invocation.command->name, "chain");
        assert_true(invocation.output.json && invocation.verbose);
        assert_int_equal(invocation.timeout_ms, 7000);
        assert_string_equal(invocation.expect, "0");
        assert_int_equal(invocation.count, 2);
        assert_string_equal(invocation.arguments[1], "vda");
    }
}

static void
the_last_of_two_options_is_used(void **state)
{
    g_auto(QblkInvocation) invocation = {0};
    assert_parses(&invocation, "-t 1 --expect a chain -t 2 a/b vda --expect b");
    assert_int_equal(invocation.timeout_ms, 2000);
    assert_string_equal(invocation.expect, "b");
}

static void
arguments_after_two_dashes_are_not_options(void **state)
{
    g_auto(QblkInvocation) invocation = {0};
    assert_parses(&invocation, "resolve --json -- a/b --version");
    assert_true(invocation.output.json);
    assert_int_equal(invocation.count, 2);
    assert_string_equal(invocation.arguments[1], "--version");
    g_auto(QblkInvocation) front = {0};
    assert_parses(&front, "-- list a/b");
    assert_string_equal(front.command->name, "list");
}

static void
two_dashes_after_two_dashes_are_an_argument(void **state)
{
    g_auto(QblkInvocation) invocation = {0};
    assert_parses(&invocation, "resolve -- a/b --");
    assert_int_equal(invocation.count, 2);
    assert_string_equal(invocation.arguments[1], "--");
}

static void
aliases_of_virsh_are_commands(void **state)
{
    g_auto(QblkInvocation) invocation = {0};
    assert_parses(&invocation, "dumpxml a/b vda");
    assert_string_equal(invocation.command->name, "xml");
}

static void
an_invalid_command_line_is_a_usage_error(void **state)
{
    static const struct {
        const char *line, *part;
    } cases[] = {
        {"", "no command given; see 'qblk --help'"},
        {"--json", "no command given"},
        {"--", "no command given"},
        {"''", "unknown command ''"},
        {"frob a/b", "unknown command 'frob'; see 'qblk --help'"},
        {"LIST a/b", "unknown command 'LIST': did you mean 'list'?"},
        {"--frob list a/b", "unknown option --frob; see 'qblk --help'"},
        {"list --frob a/b", "unknown option --frob; see 'qblk list --help'"},
        {"list --pivot a/b",
         "option --pivot is not valid for 'qblk list': it is an option of commit"},
        {"rebase --base x a/b vda y",
         "option --base is not valid for 'qblk rebase': it is an option of "
         "commit, pull"},
        {"job --detach a/b vda", "option --detach is not valid for 'qblk job': it is an option of "
                                 "commit"},
        {"list -x a/b", "unknown option -x; see 'qblk list --help'"},
        {"list a/b --format dot", "option --format 'dot' needs a VM of the form image:PATH"},
        {"list a/b --connect-timeout", "option --connect-timeout needs an argument: use "
                                       "'--connect-timeout=SECONDS'"},
        {"list a/b -t", "option --connect-timeout needs an argument"},
        {"commit a/b vda --delete=no", "option --delete takes no argument: use '--delete', or no "
                                       "such option, instead of '--delete=no'"},
        {"commit a/b vda --dry-run=no", "option --dry-run takes no argument"},
        {"list a/b --json=no", "option --json takes no argument"},
        {"--json= list a/b", "option --json takes no argument"},
        {"--help=x", "option --help takes no argument"},
        {"commit a/b vda --timeout 5", "option --timeout is not valid for 'qblk commit': use "
                                       "--connect-timeout for the connection and each reply, or "
                                       "--time-limit for the job"},
        {"--time-limit 5 commit a/b vda", "option --time-limit is not valid for 'qblk': it follows "
                                          "the name of a command that has it: snapshot, commit"},
        {"-n commit a/b vda", "option --dry-run is not valid for 'qblk': it follows the name"},
        {"list a/b --delte", "unknown option --delte; see 'qblk list --help'"},
        {"commit a/b vda --delte", "unknown option --delte: did you mean '--delete'?"},
        {"list a/b --connect-time=3",
         "unknown option --connect-time: did you mean '--connect-timeout'?"},
        {"list a/b -json", "unknown option -json: did you mean '--json'?"},
        {"commit a/b vda --keep many", "invalid --keep 'many': use a whole number"},
        {"commit a/b vda --keep 9999999999", "invalid --keep '9999999999': the number is too"},
        {"blockcomit a/b vda", "unknown command 'blockcomit': did you mean 'blockcommit'?"},
        {"domblkinfo a/b", "unknown command 'domblkinfo': did you mean 'chain'?"},
        {"/run/vm.qmp chain", "unknown command '/run/vm.qmp': the command is first, as in 'qblk "
                              "chain /run/vm.qmp'"},
        {"jobs", "wrong number of arguments: use 'qblk jobs VM"},
        {"jobs --", "wrong number of arguments: use 'qblk jobs VM"},
        {"resolve a/b", "wrong number of arguments: use 'qblk resolve VM LAYER"},
        {"resolve a/b c d", "wrong number of arguments: use 'qblk resolve VM LAYER"},
        {"chain", "wrong number of arguments: use 'qblk chain VM... [DISK...]"},
        {"list a/b --edges guess", "invalid --edges 'guess'"},
        {"list a/b --edges ''", "invalid --edges ''"},
        {"list a/b --target vda", "invalid target 'vda'"},
        {"list a/b --target =x", "invalid target '=x'"},
        {"list a/b --target a=x --target a=y", "the name 'a' is assigned to 'x' and to 'y'"},
        {"list a/b --target 'a[1]=x'", "invalid disk name 'a[1]'"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        assert_usage(cases[i].line, cases[i].part);
    }
}

/* For QMP_SOCKET. */
static void
the_default_vm_is_put_in_front_of_the_arguments(void **state)
{
    static const struct {
        const char *line, *arguments;
    } rows[] = {
        {"chain", "/s"},
        {"chain vda vdb", "/s vda vdb"},
        {"chain a/b vda", "a/b vda"},
        {"chain unix:x", "unix:x"},
        {"chain /machine/peripheral/d", "/s /machine/peripheral/d"},
        {"resolve vda[1]", "/s vda[1]"},
        {"resolve /images/a.qcow2", "/s /images/a.qcow2"},
        {"commit vda", "/s vda"},
        {"copy vda /copy", "/s vda /copy"},
        {"list", "/s"},
        {"recover", ""},
        {"vms", ""},
        {"source vda", "vda"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(QblkInvocation) invocation = {.default_vm = "/s"};
        assert_parses(&invocation, rows[i].line);
        g_autofree char *arguments = g_strjoinv(" ", invocation.arguments);
        assert_string_equal(arguments, rows[i].arguments);
    }

    g_auto(QblkInvocation) of_host = {.default_vm = "localhost:4444"};
    assert_parses(&of_host, "jobs");
    assert_string_equal(of_host.arguments[0], "tcp:localhost:4444");
    g_auto(QblkInvocation) empty = {.default_vm = ""};
    g_autoptr(GError) error = NULL;
    assert_false(cli_check_parse(&empty, "jobs", &error));
}

static void
a_timeout_is_a_number_of_seconds_within_a_day(void **state)
{
    static const struct {
        const char *text;
        int milliseconds;
    } good[] = {{"0.001", 1},        {"0.5", 500}, {"1", 1000},  {"1e2", 100000},
                {"86400", 86400000}, {".5", 500},  {"5e-1", 500}};
    static const char *const bad[] = {"0", "-1", "1e9", "0.0001", "86400.1", "1e300", "1e999"};
    static const char *const no_numbers[] = {"abc", "",     "1x", "5s", "nan", "-nan", "inf",
                                             ".",   "-inf", "e5", "1e", "1e+", "-",    " 1"};

    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_auto(QblkInvocation) invocation = {0};
        g_autofree char *line = g_strdup_printf("list a/b --connect-timeout=%s", good[i].text);
        assert_parses(&invocation, line);
        assert_int_equal(invocation.timeout_ms, good[i].milliseconds);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *line = g_strdup_printf("list a/b --connect-timeout=%s", bad[i]);
        assert_usage(line, "invalid --connect-timeout: use 0.001 to 86400 seconds");
    }
    for (gsize i = 0; i < G_N_ELEMENTS(no_numbers); i++) {
        g_autofree char *line = g_strdup_printf("list a/b --connect-timeout=\"%s\"", no_numbers[i]);
        assert_usage(line, "': use a number, such as 5 or 0.5");
    }
}

static void
a_fingerprint_is_expected_of_exactly_one_disk(void **state)
{
    assert_usage("chain a/b --expect 0", "--expect of 'qblk chain' needs exactly one disk");
    assert_usage("xml a/b vda vdb --expect 0", "--expect of 'qblk xml' needs exactly one disk");
    assert_usage("list a/b --expect 0",
                 "--expect is not valid for 'qblk list': it is for commands with one disk");
    assert_usage("capture a/b --expect 0", "--expect is not valid for 'qblk capture'");
    assert_usage("chain a/b --expect ''", "--expect of 'qblk chain' needs exactly one disk");
}

static void
targets_and_edges_are_options_of_the_snapshot(void **state)
{
    g_auto(QblkInvocation) invocation = {0};
    assert_parses(&invocation, "--target a=x list a/b --target b=y=z --edges blockstats");
    const QblkSnapshotOptions *options = invocation.snapshot_options;
    assert_int_equal(options->edges, QBLK_EDGE_SOURCE_BLOCKSTATS);
    assert_int_equal(options->assignments->len, 2);
    const QblkTargetAssignment *last = options->assignments->pdata[1];
    assert_string_equal(last->target, "b");
    assert_string_equal(last->device, "y=z");
}

static void
an_error_names_a_domain_that_cannot_be_read(void **state)
{
    g_auto(QblkInvocation) missing = {0}, empty = {0};
    g_autoptr(GError) error = NULL;
    assert_false(cli_check_parse(&missing, "list a/b --domain /nonexistent/d", &error));
    assert_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_FILE, "'/nonexistent/d'");
    assert_false(cli_check_parse(&empty, "list a/b --domain /dev/null", &error));
    assert_error(error, QBLK_XML_ERROR, QBLK_XML_ERROR_INVALID,
                 "domain '/dev/null': the document is empty");
}

static void
a_command_without_its_own_format_takes_that_of_an_image(void **state)
{
    static const char *const own[] = {"graph",   "copy",    "snapshot",   "source",       "recover",
                                      "vms",     "job",     "bridge",     "open-monitor", "help",
                                      "version", "metrics", "__complete", "watch",        NULL};

    for (const QblkCommand *const *row = qblk_command_all(); *row != NULL; row++) {
        const QblkCommand *at = *row;
        static const char *const more[] = {"", " b", " b c"};
        g_auto(QblkInvocation) invocation = {0};
        g_autofree char *line =
            g_strdup_printf("%s --format raw image:/a%s", at->name,
                            more[at->min_arguments == 0 ? 0 : at->min_arguments - 1]);
        if (!g_strv_contains(own, at->name)) {
            assert_parses(&invocation, line);
            assert_string_equal(invocation.image_format, "raw");
        }
    }
}

static void
options_without_effect_are_refused(void **state)
{
    static const char *const options[] = {"--target vda=x",   "--domain /nonexistent/d",
                                          "--edges children", "--connect-timeout 5",
                                          "--max-reply 64",   "--format raw"};
    for (gsize i = 0; i < G_N_ELEMENTS(options); i++) {
        g_autofree char *front = g_strdup_printf("%s source /a", options[i]);
        g_autofree char *back = g_strdup_printf("source /a %s", options[i]);
        assert_usage(front, "is not valid for 'qblk source': the command does not use a VM");
        assert_usage(back, "is not valid for 'qblk source': the command does not use a VM");
    }

    assert_usage("source image:/a --format raw", "is not valid for 'qblk source'");
    assert_usage("recover image:/a --format raw", "--format is not valid for 'qblk recover'");
    assert_usage("--format raw recover image:/a", "--format is not valid for 'qblk recover'");
    assert_usage("source /a --expect 0", "--expect is not valid for 'qblk source'");
    g_auto(QblkInvocation) invocation = {0};
    assert_parses(&invocation, "source /a -v --json");
}

#define VERSION_LINE                                                                               \
    "qblk " G_STRINGIFY(QBLK_MAJOR_VERSION) "." G_STRINGIFY(QBLK_MINOR_VERSION) "." G_STRINGIFY(   \
        QBLK_MICRO_VERSION) "\n"

static void
help_and_version_are_printed_instead(void **state)
{
    static const struct {
        const char *line, *part;
    } cases[] = {
        {"--help", "  resolve VM LAYER "},
        {"-h", "Exit status: 0 success"},
        {"help", "Usage: qblk COMMAND"},
        {"--help nothing", "Usage: qblk COMMAND"},
        {"--help list a/b", "Usage: qblk list"},
        {"help commit", "Alias: qblk blockcommit"},
        {"help blockcommit", "Usage: qblk commit"},
        {"graph --help", "Usage: qblk graph VM"},
        {"graph -h --frob", "--format=tree|svg"},
        {"list --help", "List the disks"},
        {"help --help", "Usage: qblk help"},
        {"--version", VERSION_LINE},
        {"-V", VERSION_LINE},
        {"list -V", VERSION_LINE},
        {"list --version", VERSION_LINE},
        {"--version frob", VERSION_LINE},
        {"version", VERSION_LINE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *output = cli_check_run(cases[i].line, &error);
        assert_no_error(error);
        assert_non_null(strstr(output, cases[i].part));
    }

    g_autoptr(GError) error = NULL;
    assert_null(cli_check_run("help comit", &error));
    assert_error(error, QBLK_CLI_ERROR, QBLK_CLI_ERROR_USAGE, "'comit': did you mean 'commit'?");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_have_defaults),
        cmocka_unit_test(options_may_precede_or_follow_the_command),
        cmocka_unit_test(the_last_of_two_options_is_used),
        cmocka_unit_test(arguments_after_two_dashes_are_not_options),
        cmocka_unit_test(two_dashes_after_two_dashes_are_an_argument),
        cmocka_unit_test(aliases_of_virsh_are_commands),
        cmocka_unit_test(an_invalid_command_line_is_a_usage_error),
        cmocka_unit_test(the_default_vm_is_put_in_front_of_the_arguments),
        cmocka_unit_test(a_timeout_is_a_number_of_seconds_within_a_day),
        cmocka_unit_test(a_fingerprint_is_expected_of_exactly_one_disk),
        cmocka_unit_test(targets_and_edges_are_options_of_the_snapshot),
        cmocka_unit_test(an_error_names_a_domain_that_cannot_be_read),
        cmocka_unit_test(a_command_without_its_own_format_takes_that_of_an_image),
        cmocka_unit_test(options_without_effect_are_refused),
        cmocka_unit_test(help_and_version_are_printed_instead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
