/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vms/bridge-line.h"

#include "image/qemu-program.h"

#include <string.h>

/* Where the words of a command line belong. */
typedef struct {
    QblkBridgeLine *line;
    gboolean has_command; /* "bridge" was read */
    gboolean is_other;    /* another command was */
} Words;

/* The options that have a value, which may be the next word. */
static const struct {
    const char *name;
    char letter; /* or 0 */
} with_value[] = {
    {"listen", 'l'},
    {"listen-read-only", 'r'},
    {"timeout", 0},
    {"connect", 0},
    {"allow", 0},
    {"deny", 0},
    {"mode", 0},
    {"group", 0},
    {"state-dir", 0},
    {"stop-timeout", 0},
    {"max-reply", 0},
    {"target", 0},
    {"domain", 0},
    {"backing-format", 0},
    {"expect", 0},
    {"edges", 0},
    {"secret", 0},
    {"format", 0},
    {"vm", 0},
    {"vms", 0},
    {"connect-timeout", 't'},
};

static void
add_argument(Words *words, const char *word)
{
    if (!words->has_command) {
        words->has_command = TRUE;
        words->is_other = !g_str_equal(word, "bridge");
    } else if (words->line->vm == NULL) {
        words->line->vm = g_strdup(word);
    }
}

static void
add_value(Words *words, const char *name, const char *value)
{
    if (g_str_equal(name, "listen")) {
        g_ptr_array_add(words->line->full, g_strdup(value));
    } else if (g_str_equal(name, "listen-read-only")) {
        g_ptr_array_add(words->line->read_only, g_strdup(value));
    }
}

/* Returns: (nullable): the option with a value that @option begins with; @value (nullable) is what
 * follows it in the same word */
static const char *
find_long(const char *option, const char **value)
{
    for (gsize i = 0; i < G_N_ELEMENTS(with_value); i++) {
        gsize length = strlen(with_value[i].name);
        if (strncmp(option, with_value[i].name, length) == 0 &&
            (option[length] == '\0' || option[length] == '=')) {
            *value = option[length] == '\0' ? NULL : option + length + 1;
            return with_value[i].name;
        }
    }
    return NULL;
}

/* The same for letters, of which only the last one can have a value. */
static const char *
find_short(const char *letters, const char **value)
{
    for (; *letters != '\0'; letters++) {
        for (gsize i = 0; i < G_N_ELEMENTS(with_value); i++) {
            if (with_value[i].letter == *letters) {
                *value = letters[1] == '\0' ? NULL : letters + 1;
                return with_value[i].name;
            }
        }
    }
    return NULL;
}

/* Returns: the number of words that were read */
static guint
add_option(Words *words, char *const *word)
{
    gboolean is_long = g_str_has_prefix(word[0], "--");
    const char *value = NULL;
    const char *name = is_long ? find_long(word[0] + 2, &value) : find_short(word[0] + 1, &value);
    if (name == NULL) {
        return 1;
    }

    gboolean is_next = value == NULL && word[1] != NULL;
    if (is_next || value != NULL) {
        add_value(words, name, is_next ? word[1] : value);
    }
    return is_next ? 2 : 1;
}

static void
read_words(Words *words, char *const *arguments)
{
    gboolean has_ended = FALSE; /* the options, by "--" */

    for (guint i = 0; arguments[i] != NULL && !words->is_other;) {
        gboolean is_option = !has_ended && arguments[i][0] == '-' && arguments[i][1] != '\0';
        if (is_option && g_str_equal(arguments[i], "--")) {
            has_ended = words->has_command;
            i++;
        } else if (is_option) {
            i += add_option(words, arguments + i);
        } else {
            add_argument(words, arguments[i]);
            i++;
        }
    }
}

QblkBridgeLine *
qblk_bridge_line_new(char *const *arguments)
{
    guint program = qblk_qemu_program_skip_loader(arguments);
    const char *path = arguments[program];
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    if (g_strcmp0(name, "qblk") != 0) {
        return NULL;
    }

    g_autoptr(QblkBridgeLine) line = g_new0(QblkBridgeLine, 1);
    line->full = g_ptr_array_new_with_free_func(g_free);
    line->read_only = g_ptr_array_new_with_free_func(g_free);
    Words words = {.line = line};
    read_words(&words, arguments + program + 1);
    return words.has_command && !words.is_other ? g_steal_pointer(&line) : NULL;
}

void
qblk_bridge_line_free(QblkBridgeLine *line)
{
    if (line == NULL) {
        return;
    }

    g_free(line->vm);
    g_ptr_array_unref(line->full);
    g_ptr_array_unref(line->read_only);
    g_free(line);
}
