/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/complete-place.h"

#include "cli/command-options.h"
#include "cli/commands.h"
#include "cli/global-table.h"
#include "cli/option-value.h"
#include "cli/vm-argument.h"
#include "cli/vm-list.h"

#include <string.h>

/* What the argument of an option, or an argument of a command, is by its name in help. */
static const struct {
    const char *name;
    QblkCompleteKind kind;
} names[] = {
    {"VM", QBLK_COMPLETE_VMS},
    {"DISK", QBLK_COMPLETE_DISKS},
    {"LAYER", QBLK_COMPLETE_LAYERS},
    {"COMMAND", QBLK_COMPLETE_COMMANDS},
    {"DEST", QBLK_COMPLETE_FILES},
    {"FILE", QBLK_COMPLETE_FILES},
    {"PATH", QBLK_COMPLETE_FILES},
    {"DIR", QBLK_COMPLETE_DIRECTORIES},
    {"DIRECTORY", QBLK_COMPLETE_DIRECTORIES},
};

/* Options whose values are not VMs, disks or files. */
static const struct {
    const char *option, *values;
} fixed[] = {
    {"format", "qcow2|raw|luks|qed|vdi|vhdx|vmdk|vpc"},
    {"backing-format", "qcow2|raw|luks|qed|vdi|vhdx|vmdk|vpc"},
    {"edges", "children|debug-graph|blockstats"},
};

static QblkCompleteKind
find_kind(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_str_equal(names[i].name, name)) {
            return names[i].kind;
        }
    }
    return QBLK_COMPLETE_NOTHING;
}

/* ---- the argument of an option ---- */

static void
set_fixed(QblkCompletePlace *place, const char *values)
{
    place->kind = QBLK_COMPLETE_WORDS;
    place->values = g_strsplit(values, "|", -1);
}

/* An argument such as ID=FILE or [LAYER=]PATH. */
static void
set_pair(QblkCompletePlace *place, const char *description)
{
    const char *equals = strchr(place->text, '=');
    const char *name = strchr(description, '=');
    gboolean is_first = equals == NULL && description[0] != '[';
    g_autofree char *first = g_strndup(description, (gsize)(name - description));
    name += name[1] == ']' ? 2 : 1;

    if (is_first) {
        place->kind = find_kind(first);
        return;
    }
    if (equals != NULL) {
        g_autofree char *front = g_strndup(place->text, (gsize)(equals + 1 - place->text));
        g_autofree char *before = g_steal_pointer(&place->prefix);
        place->prefix = g_strconcat(before, front, NULL);
        place->text = equals + 1;
    }
    place->kind = find_kind(name);
}

static void
set_value(QblkCompletePlace *place, const QblkOption *option)
{
    const char *description = option->entry.arg_description;

    if (strchr(description, '|') != NULL) {
        set_fixed(place, description);
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(fixed); i++) {
        if (g_str_equal(fixed[i].option, option->entry.long_name)) {
            set_fixed(place, fixed[i].values);
            return;
        }
    }
    if (strchr(description, '=') != NULL) {
        set_pair(place, description);
    } else if (!g_str_equal(description, "COMMAND")) { /* of QMP */
        place->kind = find_kind(description);
    }
}

/* ---- an argument of the command ---- */

/* @form: such as VM, [VM] or [DISK...].  Returns: its name; @is_repeated is set */
static char *
read_form(const char *form, gboolean *is_repeated)
{
    const char *name = form + (form[0] == '[' ? 1 : 0);

    *is_repeated = strstr(form, "...") != NULL;
    return g_strndup(name, strcspn(name, ".]"));
}

static void
set_argument(QblkCompletePlace *place)
{
    const QblkCommand *command = place->command;
    const QblkVmListOptions *vms = &place->options.vms;
    gboolean takes_vm = qblk_vm_argument_is_taken(command);
    guint position = place->arguments->len + (takes_vm && qblk_vm_list_is_given(vms) ? 1 : 0);
    g_auto(GStrv) forms = g_strsplit(command->arguments, " ", -1);
    guint count = g_strv_length(forms);
    if (count == 0) {
        return;
    }

    gboolean is_repeated;
    g_autofree char *name = read_form(forms[MIN(position, count - 1)], &is_repeated);
    if (position >= count && !is_repeated) {
        return;
    }
    if (!g_str_equal(name, "NAME")) {
        place->kind = find_kind(name);
    } else if (command->asks_vms) {
        place->kind = QBLK_COMPLETE_VMS;
    } else { /* of `source`: one of QEMU, which may be that of a file */
        place->kind = QBLK_COMPLETE_FILES;
    }
}

/* ---- the words before ---- */

typedef struct {
    QblkCompletePlace *place;
    QblkOption *pending; /* the option whose argument is the next word, or NULL */
    gboolean has_ended;  /* the options, by "--" */
    gboolean is_wrong;   /* the command does not exist */
} Scan;

/* @text: (nullable): the argument in the same word */
static void
take_option(Scan *scan, QblkOption *option, const char *text)
{
    gboolean is_optional = (option->entry.flags & G_OPTION_FLAG_OPTIONAL_ARG) != 0;
    option->is_given = TRUE;

    if (!qblk_option_has_argument(option)) {
        if (option->refusal == NULL) {
            *(gboolean *)option->entry.arg_data = TRUE;
        }
    } else if (text != NULL) {
        (void)!qblk_option_value_set(option, text, NULL);
    } else if (!is_optional) {
        scan->pending = option;
    }
}

static void
take_letters(Scan *scan, const char *letters)
{
    for (; *letters != '\0' && scan->pending == NULL; letters++) {
        QblkOption *option = qblk_option_table_find_letter(scan->place->table, *letters);
        if (option == NULL) {
            return;
        }
        gboolean ends = qblk_option_has_argument(option) && letters[1] != '\0';
        take_option(scan, option, ends ? letters + 1 : NULL);
        if (ends) {
            return;
        }
    }
}

static void
take_name(Scan *scan, const char *text)
{
    gsize length = strcspn(text, "=");
    QblkOption *option = qblk_option_table_find(scan->place->table, text, length);

    if (option != NULL) {
        take_option(scan, option, text[length] == '\0' ? NULL : text + length + 1);
    }
}

static void
take_command(Scan *scan, const char *name)
{
    QblkCompletePlace *place = scan->place;
    g_autoptr(QblkOptionTable) front = g_steal_pointer(&place->table);

    place->command = qblk_command_find(name);
    scan->is_wrong = place->command == NULL;
    scan->has_ended = FALSE;
    if (scan->is_wrong) {
        place->table = g_steal_pointer(&front);
        return;
    }

    place->own = g_malloc0(place->command->options_size);
    place->table = qblk_command_options_new(place->command, place->own, &place->options);
    for (guint i = 0; i < qblk_option_table_get_n_options(front); i++) {
        const QblkOption *option = qblk_option_table_get_option(front, i);
        const char *long_name = option->entry.long_name;
        QblkOption *same = qblk_option_table_find(place->table, long_name, strlen(long_name));
        if (option->is_given && same != NULL) {
            same->is_given = TRUE;
        }
    }
}

static void
take_word(Scan *scan, char *word)
{
    gboolean is_option = !scan->has_ended && word[0] == '-' && word[1] != '\0';

    if (scan->pending != NULL) {
        (void)!qblk_option_value_set(scan->pending, word, NULL);
        scan->pending = NULL;
    } else if (is_option && g_str_equal(word, "--")) {
        scan->has_ended = TRUE;
    } else if (is_option && word[1] == '-') {
        take_name(scan, word + 2);
    } else if (is_option) {
        take_letters(scan, word + 1);
    } else if (scan->place->command == NULL) {
        take_command(scan, word);
    } else {
        g_ptr_array_add(scan->place->arguments, word);
    }
}

/* ---- the word itself ---- */

static void
set_option_value(QblkCompletePlace *place, const char *word)
{
    gsize length = strcspn(word + 2, "=");
    const QblkOption *option = qblk_option_table_find(place->table, word + 2, length);

    if (option != NULL && option->refusal == NULL && qblk_option_has_argument(option)) {
        g_free(place->prefix);
        place->prefix = g_strndup(word, length + 3);
        place->text = word + length + 3;
        set_value(place, option);
    }
}

static void
set_place(const Scan *scan, const char *word)
{
    QblkCompletePlace *place = scan->place;
    gboolean is_option = !scan->has_ended && word[0] == '-';

    if (scan->is_wrong) {
        return;
    }
    if (scan->pending != NULL) {
        if (scan->pending->refusal == NULL) {
            set_value(place, scan->pending);
        }
    } else if (is_option && word[1] == '-' && strchr(word, '=') != NULL) {
        set_option_value(place, word);
    } else if (is_option) {
        place->kind = QBLK_COMPLETE_OPTIONS;
    } else if (place->command == NULL) {
        place->kind = QBLK_COMPLETE_COMMANDS;
    } else {
        set_argument(place);
    }
}

QblkCompletePlace *
qblk_complete_place_new(char *const *words)
{
    QblkCompletePlace *place = g_new0(QblkCompletePlace, 1);
    Scan scan = {.place = place};

    qblk_global_options_init(&place->options);
    place->prefix = g_strdup("");
    place->arguments = g_ptr_array_new();
    place->table = qblk_option_table_new("qblk");
    qblk_global_table_add(&place->options, NULL, place->table);

    for (; words[0] != NULL && words[1] != NULL && !scan.is_wrong; words++) {
        take_word(&scan, words[0]);
    }
    place->text = words[0] == NULL ? "" : words[0];
    set_place(&scan, place->text);
    return place;
}

void
qblk_complete_place_free(QblkCompletePlace *place)
{
    if (place->command != NULL && place->command->clear_options != NULL) {
        place->command->clear_options(place->own);
    }
    g_free(place->own);
    qblk_option_table_free(place->table);
    qblk_global_options_clear(&place->options);
    g_ptr_array_unref(place->arguments);
    g_strfreev(place->values);
    g_free(place->prefix);
    g_free(place);
}
