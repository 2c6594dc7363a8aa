/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/option-parse.h"

#include "cli/exit-code.h"
#include "cli/option-value.h"
#include "cli/suggest.h"

#include <string.h>

typedef struct {
    QblkOptionTable *table;
    char *const *next; /* the words that were not read yet */
} Parser;

/* ---- messages ---- */

static gboolean
refuse_unknown(const Parser *parser, const char *option, const char *meant, GError **error)
{
    const char *command = qblk_option_table_get_command(parser->table);

    if (meant != NULL) {
        return qblk_usage_error(error, "unknown option %s: did you mean '--%s'?", option, meant);
    }
    return qblk_usage_error(error, "unknown option %s; see '%s --help'", option, command);
}

/* @name: without what may be the argument */
static gboolean
refuse_unknown_name(const Parser *parser, const char *name, GError **error)
{
    guint n_options = qblk_option_table_get_n_options(parser->table), count = 0;
    g_autofree const char **names = g_new0(const char *, n_options + 1);
    g_autofree char *option = g_strconcat("--", name, NULL);

    for (guint i = 0; i < n_options; i++) {
        const QblkOption *known = qblk_option_table_get_option(parser->table, i);
        if (qblk_option_table_lists(parser->table, known)) {
            names[count++] = known->entry.long_name;
        }
    }
    return refuse_unknown(parser, option, qblk_suggest(name, names), error);
}

/* @word: of letters, such as -json, which may be a name with a '-' too few, or one of a file */
static gboolean
refuse_unknown_letter(const Parser *parser, const char *word, const char *letter, GError **error)
{
    const char *name = word + 1;
    const QblkOption *meant = qblk_option_table_find(parser->table, name, strcspn(name, "="));
    gsize length = (gsize)(g_utf8_find_next_char(letter, NULL) - letter);
    g_autofree char *option = g_strdup_printf("-%.*s", (int)length, letter);
    gboolean is_first = letter == name;

    return refuse_unknown(parser, is_first || meant != NULL ? word : option,
                          meant == NULL ? NULL : meant->entry.long_name, error);
}

/* -j=no, or -j= */
static gboolean
refuse_argument_of_letter(const QblkOption *option, const char *word, GError **error)
{
    const char *name = option->entry.long_name;
    return qblk_usage_error(error,
                            "option --%s takes no argument: use '--%s', or no such option, instead "
                            "of '%s'",
                            name, name, word);
}

/* ---- parsing ---- */

/* TRUE if @word is an option of the command.  It is not meant as the argument of the one in front
 * of it: a command line without this argument must not run without --dry-run. */
static gboolean
is_option(const Parser *parser, const char *word)
{
    if (word[0] != '-' || word[1] == '\0') {
        return FALSE;
    }
    if (word[1] != '-') {
        return word[2] == '\0' && qblk_option_table_find_letter(parser->table, word[1]) != NULL;
    }
    return qblk_option_table_find(parser->table, word + 2, strcspn(word + 2, "=")) != NULL;
}

/* @text: (nullable): the argument in the same word, which the option needs to have */
static gboolean
set_option(Parser *parser, QblkOption *option, const char *text, GError **error)
{
    const GOptionEntry *entry = &option->entry;
    option->is_given = TRUE;

    if (option->refusal != NULL) {
        return qblk_option_table_refuse(parser->table, option, error);
    }
    if (!qblk_option_has_argument(option)) {
        *(gboolean *)entry->arg_data = TRUE;
        return TRUE;
    }
    if (text == NULL && (entry->flags & G_OPTION_FLAG_OPTIONAL_ARG) != 0) {
        return qblk_option_value_set(option, "", error);
    }
    if (text == NULL) {
        text = *parser->next;
        if (text == NULL || is_option(parser, text)) {
            return qblk_usage_error(error, "option --%s needs an argument: use '--%s=%s'",
                                    entry->long_name, entry->long_name, entry->arg_description);
        }
        parser->next++;
    }
    return qblk_option_value_set(option, text, error);
}

/* @text: after "--" */
static gboolean
read_name(Parser *parser, const char *text, GError **error)
{
    gsize length = strcspn(text, "=");
    gboolean has_text = text[length] == '=';
    QblkOption *option = qblk_option_table_find(parser->table, text, length);

    if (option == NULL) {
        g_autofree char *name = g_strndup(text, length);
        return refuse_unknown_name(parser, name, error);
    }
    if (has_text && !qblk_option_has_argument(option)) {
        return qblk_usage_error(error,
                                "option --%s takes no argument: use '--%s', or no such option, "
                                "instead of '--%s'",
                                option->entry.long_name, option->entry.long_name, text);
    }
    return set_option(parser, option, has_text ? text + length + 1 : NULL, error);
}

/* @word: with its "-" */
static gboolean
read_letters(Parser *parser, const char *word, GError **error)
{
    for (const char *at = word + 1; *at != '\0'; at++) {
        QblkOption *option = qblk_option_table_find_letter(parser->table, *at);
        if (*at == '=' && at > word + 1) {
            return refuse_argument_of_letter(qblk_option_table_find_letter(parser->table, at[-1]),
                                             word, error);
        }
        if (option == NULL) {
            return refuse_unknown_letter(parser, word, at, error);
        }

        gboolean ends = qblk_option_has_argument(option);
        const char *text = ends && at[1] != '\0' ? at + 1 : NULL;
        if (!set_option(parser, option, text, error)) {
            return FALSE;
        }
        if (ends) {
            return TRUE;
        }
    }
    return TRUE;
}

gboolean
qblk_option_parse(QblkOptionTable *table, gboolean is_front, char *const *words,
                  GPtrArray *arguments, GError **error)
{
    Parser parser = {.table = table, .next = words};
    gboolean has_ended = FALSE;

    while (*parser.next != NULL) {
        char *word = *parser.next++;
        if (has_ended || word[0] != '-' || word[1] == '\0') {
            has_ended = has_ended || is_front;
            g_ptr_array_add(arguments, word);
        } else if (g_str_equal(word, "--")) {
            has_ended = TRUE;
        } else {
            gboolean is_name = word[1] == '-';
            if (!(is_name ? read_name(&parser, word + 2, error)
                          : read_letters(&parser, word, error))) {
                return FALSE;
            }
        }
    }
    return TRUE;
}
