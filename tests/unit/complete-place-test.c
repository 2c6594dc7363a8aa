/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/complete-place.h"

#include "lib/check.h"
#include "lib/cli-check.h"

#include <stdio.h>

static void
the_words_before_decide_what_follows(void **state)
{
    static const struct {
        const char *words; /* separated by blanks */
        QblkCompleteKind kind;
        const char *prefix, *text;
    } rows[] = {
        {"", QBLK_COMPLETE_COMMANDS, "", ""},
        {"li", QBLK_COMPLETE_COMMANDS, "", "li"},
        {"-t 5 --json li", QBLK_COMPLETE_COMMANDS, "", "li"},
        {"-jt5 li", QBLK_COMPLETE_COMMANDS, "", "li"},
        {"-jt li", QBLK_COMPLETE_NOTHING, "", "li"},
        {"help li", QBLK_COMPLETE_COMMANDS, "", "li"},
        {"help list x", QBLK_COMPLETE_NOTHING, "", "x"},
        {"frob x", QBLK_COMPLETE_NOTHING, "", "x"},
        {"version x", QBLK_COMPLETE_NOTHING, "", "x"},
        {"--", QBLK_COMPLETE_OPTIONS, "", "--"},
        {"list -", QBLK_COMPLETE_OPTIONS, "", "-"},
        {"list -- -", QBLK_COMPLETE_VMS, "", "-"},
        {"list w", QBLK_COMPLETE_VMS, "", "w"},
        {"list web1 v", QBLK_COMPLETE_DISKS, "", "v"},
        {"list web1 vda v", QBLK_COMPLETE_DISKS, "", "v"},
        {"list --all v", QBLK_COMPLETE_DISKS, "", "v"},
        {"list --vm web1 v", QBLK_COMPLETE_DISKS, "", "v"},
        {"--vm web1 list v", QBLK_COMPLETE_DISKS, "", "v"},
        {"jobs web1 w", QBLK_COMPLETE_VMS, "", "w"},
        {"vms w", QBLK_COMPLETE_VMS, "", "w"},
        {"resolve web1 v", QBLK_COMPLETE_LAYERS, "", "v"},
        {"resolve web1 vda x", QBLK_COMPLETE_NOTHING, "", "x"},
        {"rebase web1 vda v", QBLK_COMPLETE_LAYERS, "", "v"},
        {"copy web1 vda /x", QBLK_COMPLETE_FILES, "", "/x"},
        {"source /x", QBLK_COMPLETE_FILES, "", "/x"},
        {"commit web1 vda --base v", QBLK_COMPLETE_LAYERS, "", "v"},
        {"blockcommit web1 vda --base=v", QBLK_COMPLETE_LAYERS, "--base=", "v"},
        {"commit --base= ", QBLK_COMPLETE_VMS, "", ""},
        {"commit --keep 2", QBLK_COMPLETE_NOTHING, "", "2"},
        {"commit --delete=", QBLK_COMPLETE_NOTHING, "", "--delete="},
        {"commit --bitmaps=m", QBLK_COMPLETE_WORDS, "--bitmaps=", "m"},
        {"list --color=", QBLK_COMPLETE_WORDS, "--color=", ""},
        {"list --color w", QBLK_COMPLETE_VMS, "", "w"},
        {"list --vm=w", QBLK_COMPLETE_VMS, "--vm=", "w"},
        {"list --domain x", QBLK_COMPLETE_FILES, "", "x"},
        {"list --state-dir=/v", QBLK_COMPLETE_DIRECTORIES, "--state-dir=", "/v"},
        {"list --target x", QBLK_COMPLETE_NOTHING, "", "x"},
        {"list --secret x", QBLK_COMPLETE_NOTHING, "", "x"},
        {"list --secret x=/k", QBLK_COMPLETE_FILES, "x=", "/k"},
        {"list --secret=x=/k", QBLK_COMPLETE_FILES, "--secret=x=", "/k"},
        {"snapshot web1 --file vda", QBLK_COMPLETE_DISKS, "", "vda"},
        {"snapshot web1 --file=vda=/i", QBLK_COMPLETE_FILES, "--file=vda=", "/i"},
        {"mend web1 --backing /i", QBLK_COMPLETE_FILES, "", "/i"},
        {"bridge web1 --allow q", QBLK_COMPLETE_NOTHING, "", "q"},
        {"bridge web1 -l/r", QBLK_COMPLETE_OPTIONS, "", "-l/r"},
        {"bridge web1 -l /r", QBLK_COMPLETE_FILES, "", "/r"},
        {"source --format q", QBLK_COMPLETE_NOTHING, "", "q"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(GStrv) words = rows[i].words[0] == '\0' ? g_strsplit("/", "/", -1)
                                                       : g_strsplit(rows[i].words, " ", -1);
        char *const none[] = {(char[]){""}, NULL};
        g_autoptr(QblkCompletePlace) place =
            qblk_complete_place_new(rows[i].words[0] == '\0' ? none : words);
        assert_int_equal(place->kind, rows[i].kind);
        assert_string_equal(place->prefix, rows[i].prefix);
        assert_string_equal(place->text, rows[i].text);
    }
}

/* It ends its process after a second. */
static int
complete(gconstpointer data)
{
    g_autofree char *line = g_strconcat("__complete words -- ", data, NULL);
    g_autofree char *output = cli_check_run(line, NULL);
    return output == NULL || fputs(output, stdout) == EOF;
}

static void
options_that_were_given_are_offered_once(void **state)
{
    static const struct {
        const char *line, *offered, *missing;
    } rows[] = {
        {"list --", "--json --wide --vm= --connect-timeout= --color", "--base= --edges= --help"},
        {"-j list -t 5 --", "--vm= --wide", "--json --connect-timeout="},
        {"list --vm a --", "--vm= --all", "--vms"},
        {"source --", "--json", "--vm= --connect-timeout= --format= --wide"},
        {"commit --delete --top x --", "--base= --delete-internal-snapshots", "--delete --top="},
        {"--", "--json --version --help --target=", "--base="},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(CliCheckResult) result = cli_check_fork(complete, rows[i].line);
        assert_int_equal(result.status, 0);
        const char *const lists[] = {rows[i].offered, rows[i].missing};
        for (gsize j = 0; j < G_N_ELEMENTS(lists); j++) {
            g_auto(GStrv) names = g_strsplit(lists[j], " ", -1);
            for (char **name = names; *name != NULL; name++) {
                g_autofree char *at = g_strdup_printf("\n%s\t", *name);
                g_autofree char *all = g_strconcat("\n", result.out, NULL);
                assert_int_equal(strstr(all, at) != NULL, j == 0);
            }
        }
    }
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_words_before_decide_what_follows),
        cmocka_unit_test(options_that_were_given_are_offered_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
