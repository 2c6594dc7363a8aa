/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk __complete`: what the word that is being typed can be, for the shells.
 *
 * `qblk __complete words -- WORD...` has the words after "qblk", without quotes, of which the last
 * one is typed, and prints one candidate in each line: the whole word and, after a tab, what it is.
 * `qblk __complete bash -- BREAKS LINE` has the line up to the cursor, and prints what readline
 * puts in the place of the last word.  Errors are not printed, and it takes less than a second. */
#include "cli/commands.h"
#include "cli/complete-line.h"
#include "cli/complete-place.h"
#include "cli/complete-vm.h"
#include "cli/exit-code.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define MAX_MS 900

/* ---- kinds ---- */

static void
add_commands(QblkCandidates *candidates)
{
    for (const QblkCommand *const *at = qblk_command_all(); *at != NULL; at++) {
        const QblkCommand *command = *at;
        gboolean is_listed = command->group != QBLK_COMMAND_IS_HIDDEN;

        if (is_listed) {
            qblk_candidates_add(candidates, command->name, command->summary);
        }
        /* They would make the list of all commands longer, and mean the same. */
        if (command->virsh_name != NULL && candidates->typed[0] != '\0') {
            qblk_candidates_add(candidates, command->virsh_name, command->summary);
        }
    }
}

static void
add_options(QblkCandidates *candidates, const QblkOptionTable *table)
{
    for (guint i = 0; i < qblk_option_table_get_n_options(table); i++) {
        const QblkOption *option = qblk_option_table_get_option(table, i);
        gboolean is_optional = (option->entry.flags & G_OPTION_FLAG_OPTIONAL_ARG) != 0;
        gboolean ends = !qblk_option_has_argument(option) || is_optional;
        gboolean is_usable = !option->is_given || qblk_option_is_repeatable(option);

        if (is_usable && qblk_option_table_lists(table, option)) {
            g_autofree char *word =
                g_strconcat("--", option->entry.long_name, ends ? "" : "=", NULL);
            qblk_candidates_add(candidates, word, option->entry.description);
        }
    }
}

static void
add_disks(QblkCandidates *candidates, const QblkCompletePlace *place, const char *default_vm)
{
    const GPtrArray *arguments = place->arguments;
    const char *vm = arguments->len > 0 ? arguments->pdata[0] : default_vm;
    char **names = place->options.vms.names;
    gboolean has_disk = names == NULL && arguments->len > 1 && place->command->changes;
    const QblkCompleteRequest request = {
        .vm = names == NULL ? vm : names[0],
        .disk = has_disk ? arguments->pdata[1] : NULL,
        .layers = place->kind == QBLK_COMPLETE_LAYERS,
    };

    if (request.vm != NULL) {
        qblk_complete_disks(candidates, &request, &place->options);
    }
    if (request.layers && strchr(place->text, '/') != NULL) {
        qblk_candidates_add_files(candidates, "", QBLK_CANDIDATE_FILES);
    }
}

static void
add_candidates(QblkCandidates *candidates, const QblkCompletePlace *place, const char *default_vm)
{
    switch (place->kind) {
    case QBLK_COMPLETE_COMMANDS:
        add_commands(candidates);
        break;
    case QBLK_COMPLETE_OPTIONS:
        add_options(candidates, place->table);
        break;
    case QBLK_COMPLETE_WORDS:
        for (char **value = place->values; *value != NULL; value++) {
            qblk_candidates_add(candidates, *value, NULL);
        }
        break;
    case QBLK_COMPLETE_VMS:
        qblk_complete_vms(candidates);
        break;
    case QBLK_COMPLETE_DISKS:
    case QBLK_COMPLETE_LAYERS:
        add_disks(candidates, place, default_vm);
        break;
    case QBLK_COMPLETE_FILES:
        qblk_candidates_add_files(candidates, "", QBLK_CANDIDATE_FILES);
        break;
    case QBLK_COMPLETE_DIRECTORIES:
        qblk_candidates_add_files(candidates, "", QBLK_CANDIDATE_DIRECTORIES);
        break;
    case QBLK_COMPLETE_NOTHING:
        break;
    }
}

static QblkCandidates *
complete(char *const *words, const char *default_vm)
{
    g_autoptr(QblkCompletePlace) place = qblk_complete_place_new(words);
    QblkCandidates *candidates = qblk_candidates_new(place->prefix, place->text);

    add_candidates(candidates, place, default_vm);
    return candidates;
}

/* ---- forms of output ---- */

static gboolean
print_words(QblkInvocation *invocation, GString *text)
{
    char **words = invocation->arguments + 1;
    g_autoptr(QblkCandidates) candidates = complete(words, invocation->default_vm);

    for (guint i = 0; i < candidates->words->len; i++) {
        const char *about = candidates->texts->pdata[i];
        g_string_append_printf(text, "%s\t%s\n", (const char *)candidates->words->pdata[i],
                               about == NULL ? "" : about);
    }
    return TRUE;
}

/* A space ends a word that is complete.  In quotes readline appends the quote, behind a space. */
static gboolean
print_for_bash(QblkInvocation *invocation, GString *text)
{
    if (invocation->count != 3) {
        return FALSE;
    }

    g_autoptr(QblkCompleteLine) line =
        qblk_complete_line_new(invocation->arguments[2], invocation->arguments[1]);
    g_autofree char **words = g_new0(char *, line->words->len + 1);
    for (guint i = 1; i < line->words->len; i++) {
        words[i - 1] = line->words->pdata[i];
    }

    g_autoptr(QblkCandidates) candidates = complete(words, invocation->default_vm);
    gboolean is_only = candidates->words->len == 1;
    for (guint i = 0; i < candidates->words->len; i++) {
        const char *word = candidates->words->pdata[i];
        g_autofree char *quoted = qblk_complete_line_quote(line, word, is_only);
        gboolean ends = is_only && line->quote == 0 && !qblk_candidate_continues(word);
        g_string_append_printf(text, "%s%s\n", quoted, ends ? " " : "");
    }
    return TRUE;
}

/* ---- running ---- */

static void
end(int number)
{
    _exit(0);
}

/* A VM that does not answer ends it as one that has nothing to offer. */
static void
limit(void)
{
    const struct itimerval timer = {.it_value.tv_usec = MAX_MS * 1000};
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (null >= 0) {
        (void)dup2(null, STDERR_FILENO);
        close(null);
    }
    (void)signal(SIGALRM, end);
    (void)setitimer(ITIMER_REAL, &timer, NULL);
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    static const struct {
        const char *name;
        gboolean (*print)(QblkInvocation *invocation, GString *text);
    } forms[] = {{"words", print_words}, {"bash", print_for_bash}};
    const char *form = invocation->arguments[0];

    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        if (g_str_equal(forms[i].name, form)) {
            limit();
            return forms[i].print(invocation, invocation->output.text) ||
                   qblk_usage_error(error, "use 'qblk __complete bash -- BREAKS LINE'");
        }
    }
    return qblk_usage_error(error, "use 'qblk __complete words -- WORD...'");
}

const QblkCommand qblk_cmd_complete = {
    .name = "__complete",
    .arguments = "FORM [WORD...]",
    .summary = "Complete a command line",
    .group = QBLK_COMMAND_IS_HIDDEN,
    .prints_plain = TRUE,
    .min_arguments = 1,
    .max_arguments = QBLK_COMMAND_ANY_NUMBER,
    .run = run,
};
