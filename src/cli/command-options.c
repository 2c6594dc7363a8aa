/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/command-options.h"

#include "cli/commands.h"
#include "cli/global-table.h"

QblkOptionTable *
qblk_command_options_new(const QblkCommand *command, gpointer own, QblkGlobalOptions *global)
{
    g_autofree char *name = g_strconcat("qblk ", command->name, NULL);
    QblkOptionTable *table = qblk_option_table_new(name);

    if (command->add_options != NULL) {
        command->add_options(own, table);
    }
    qblk_global_table_add(global, command, table);
    return table;
}

/* ---- options of other commands ---- */

/* An option, and the commands that have it. */
typedef struct {
    GOptionEntry entry;
    GString *commands; /* owned: with commas */
} Foreign;

static void
clear_foreign(gpointer data)
{
    Foreign *foreign = data;
    g_string_free(foreign->commands, TRUE);
}

static void
add_foreign(GArray *all, const GOptionEntry *entry, const char *command)
{
    for (guint i = 0; i < all->len; i++) {
        Foreign *known = &g_array_index(all, Foreign, i);
        if (g_str_equal(known->entry.long_name, entry->long_name)) {
            g_string_append_printf(known->commands, ", %s", command);
            return;
        }
    }

    const Foreign foreign = {.entry = *entry, .commands = g_string_new(command)};
    g_array_append_val(all, foreign);
}

/* Options of @command that are no global ones. */
static void
add_options_of(GArray *all, const QblkCommand *command)
{
    g_autofree gpointer own = g_malloc0(command->options_size);
    g_autoptr(QblkOptionTable) table = qblk_option_table_new(command->name);
    if (command->add_options == NULL) {
        return;
    }

    command->add_options(own, table);
    for (guint i = 0; i < qblk_option_table_get_n_options(table); i++) {
        const QblkOption *option = qblk_option_table_get_option(table, i);
        if (qblk_option_table_lists(table, option)) {
            add_foreign(all, &option->entry, command->name);
        }
    }
    if (command->clear_options != NULL) {
        command->clear_options(own);
    }
}

/* Options of virsh's commands that have virsh's name here, too. */
static void
add_options_of_virsh(QblkOptionTable *table)
{
    static const struct {
        const char *name, *refusal;
    } rows[] = {
        {"atomic", "all overlays are created at the same moment: omit it"},
        {"details", "all details are always printed: omit it"},
        {"dest", "the destination is an argument without an option"},
        {"disk-only", "snapshots are always of disks only: omit it"},
        {"diskspec", "the disks are arguments without an option, and --file=DISK=PATH names an "
                     "overlay"},
        {"no-metadata", "there are no metadata: omit it"},
        {"path", "the disk is an argument without an option"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const GOptionEntry entry = {.long_name = rows[i].name, .arg = G_OPTION_ARG_STRING};
        qblk_option_table_add_common(table, &entry, rows[i].refusal);
    }
}

void
qblk_command_options_add_foreign(QblkOptionTable *table, gboolean is_front)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Foreign));
    g_array_set_clear_func(all, clear_foreign);

    for (const QblkCommand *const *at = qblk_command_all(); *at != NULL; at++) {
        if ((*at)->group != QBLK_COMMAND_IS_HIDDEN) {
            add_options_of(all, *at);
        }
    }
    for (guint i = 0; i < all->len; i++) {
        Foreign *foreign = &g_array_index(all, Foreign, i);
        g_autofree char *refusal = g_strdup_printf(
            is_front ? "it follows the name of a command that has it: %s" : "it is an option of %s",
            foreign->commands->str);
        /* A word that begins with such a letter may also be the name of a file. */
        if (!is_front) {
            foreign->entry.short_name = 0;
        }
        qblk_option_table_add_common(table, &foreign->entry, g_intern_string(refusal));
    }
    if (!is_front) {
        add_options_of_virsh(table);
    }
}
