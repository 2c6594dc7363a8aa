/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/help.h"

#include "cli/command-options.h"
#include "cli/commands.h"
#include "cli/global-table.h"

#include <string.h>

#define WIDTH 80

/* The column of the summaries of commands, and of the descriptions of options. */
#define SUMMARY_COLUMN 27
#define OPTION_COLUMN  28

static const char about_vms[] =
    "VM is one of:\n"
    "  NAME                      name, UUID, pid or VMID of a VM of this machine\n"
    "  PATH, unix:PATH           QMP socket of a running QEMU (PATH contains a '/')\n"
    "  tcp:HOST:PORT             QMP monitor over TCP\n"
    "  ssh://[USER@]HOST[:PORT]/PATH\n"
    "                            QMP socket of another machine, only for reading\n"
    "  fd:N                      inherited, connected socket\n"
    "  image:PATH                image without a QEMU; its disk is vda\n"
    "  capture:FILE              output of 'qblk capture'; - is standard input\n"
    "  domain:FILE               libvirt domain XML; - is standard input\n"
    "\n"
    "A layer is a disk with an index (vda[2]; vda is the active layer), the path of\n"
    "an image, or node:NAME.\n";

static const char about_exit[] =
    "Exit status: 0 success, 1 failure, 2 usage error, 3 no such disk or layer,\n"
    "4 refused as unsafe or because the chain changed, 5 no connection, 6 block job\n"
    "failed.\n"
    "\n"
    "'qblk help COMMAND' has the options of a command and an example, and qblk(1) all\n"
    "details.\n";

static const char *const headings[] = {
    [QBLK_COMMAND_LOOKS] = "Look",     [QBLK_COMMAND_CHANGES] = "Change",
    [QBLK_COMMAND_REPAIRS] = "Repair", [QBLK_COMMAND_SERVES] = "Serve",
    [QBLK_COMMAND_HELPS] = "Help",
};

/* ---- texts ---- */

/* Append the words of @text in lines that begin at @column; the first one has begun at @at. */
static void
wrap(GString *out, gsize at, gsize column, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    gboolean is_first = TRUE;

    for (char **word = words; *word != NULL; word++) {
        gsize length = (gsize)g_utf8_strlen(*word, -1);
        if (at + (is_first ? 0 : 1) + length > WIDTH) {
            g_string_append_printf(out, "\n%*s", (int)column, "");
            at = column;
            is_first = TRUE;
        }
        g_string_append_printf(out, "%s%s", is_first ? "" : " ", *word);
        at += (is_first ? 0 : 1) + length;
        is_first = FALSE;
    }
    g_string_append_c(out, '\n');
}

/* A line with @name and, from @column on, @text. */
static void
print_row(GString *out, const char *name, gsize column, const char *text)
{
    gsize length = (gsize)g_utf8_strlen(name, -1);

    g_string_append(out, name);
    if (length + 2 > column) {
        g_string_append_printf(out, "\n%*s", (int)column, "");
    } else {
        g_string_append_printf(out, "%*s", (int)(column - length), "");
    }
    wrap(out, column, column, text);
}

/* ---- options ---- */

static void
print_option(GString *out, const QblkOption *option)
{
    const GOptionEntry *entry = &option->entry;
    gboolean is_optional = (entry->flags & G_OPTION_FLAG_OPTIONAL_ARG) != 0;
    g_autoptr(GString) name = g_string_new("  ");

    if (entry->short_name != 0) {
        g_string_append_printf(name, "-%c, ", entry->short_name);
    } else {
        g_string_append(name, "    ");
    }
    g_string_append_printf(name, "--%s", entry->long_name);
    if (qblk_option_has_argument(option)) {
        g_string_append_printf(name, is_optional ? "[=%s]" : "=%s", entry->arg_description);
    }
    print_row(out, name->str, OPTION_COLUMN, entry->description);
}

/* @heading: if there are such options */
static void
print_group(GString *out, const QblkOptionTable *table, QblkOptionGroup group, const char *heading)
{
    gboolean is_first = TRUE;

    for (guint i = 0; i < qblk_option_table_get_n_options(table); i++) {
        const QblkOption *option = qblk_option_table_get_option(table, i);
        if (option->group != group || !qblk_option_table_lists(table, option)) {
            continue;
        }
        if (is_first) {
            g_string_append_printf(out, "\n%s:\n", heading);
            is_first = FALSE;
        }
        print_option(out, option);
    }
}

/* ---- commands ---- */

static void
print_commands(GString *out, QblkCommandGroup group)
{
    g_string_append_printf(out, "%s:\n", headings[group]);
    for (const QblkCommand *const *at = qblk_command_all(); *at != NULL; at++) {
        const QblkCommand *command = *at;
        if (command->group != group) {
            continue;
        }

        g_autofree char *call = g_strdup_printf("  %s %s", command->name, command->arguments);
        g_autofree char *alias =
            command->virsh_name == NULL ? NULL : g_strdup_printf(" (%s)", command->virsh_name);
        g_autofree char *text = g_strconcat(command->summary, alias, NULL);
        print_row(out, call, SUMMARY_COLUMN, text);
    }
    g_string_append_c(out, '\n');
}

void
qblk_help_print(GString *text)
{
    g_auto(QblkGlobalOptions) options;
    g_autoptr(QblkOptionTable) table = qblk_option_table_new("qblk");

    g_string_append(text, "Usage: qblk COMMAND VM [ARGUMENT...] [OPTION...]\n\n"
                          "Show and change the disk image chains of running QEMU guests.\n\n");
    for (guint group = 0; group < G_N_ELEMENTS(headings); group++) {
        print_commands(text, (QblkCommandGroup)group);
    }
    g_string_append(text, "Names in brackets are those of virsh, and work as well.\n\n");
    g_string_append(text, about_vms);

    qblk_global_options_init(&options);
    qblk_global_table_add(&options, NULL, table);
    g_string_append(text, "\nOptions of all commands, before or after the command's name:\n");
    for (guint i = 0; i < qblk_option_table_get_n_options(table); i++) {
        const QblkOption *option = qblk_option_table_get_option(table, i);
        if (option->entry.short_name != 0) {
            print_option(text, option);
        }
    }
    g_string_append_printf(text, "\n%s", about_exit);
}

void
qblk_help_print_command(const QblkCommand *command, GString *text)
{
    g_auto(QblkGlobalOptions) options;
    g_autofree gpointer own = g_malloc0(command->options_size);
    g_autofree char *about =
        g_strjoin(command->description == NULL ? "." : ". ", command->summary,
                  command->description == NULL ? "" : command->description, NULL);
    qblk_global_options_init(&options);
    g_autoptr(QblkOptionTable) table = qblk_command_options_new(command, own, &options);

    g_string_append_printf(text, "Usage: qblk %s %s%s[OPTION...]\n", command->name,
                           command->arguments, command->arguments[0] == '\0' ? "" : " ");
    if (command->virsh_name != NULL) {
        g_string_append_printf(text, "Alias: qblk %s\n", command->virsh_name);
    }
    g_string_append_c(text, '\n');
    wrap(text, 0, 0, about);

    print_group(text, table, QBLK_OPTION_GROUP_OWN, "Options");
    print_group(text, table, QBLK_OPTION_GROUP_CHANGE, "Options of commands that change a VM");
    print_group(text, table, QBLK_OPTION_GROUP_COMMON, "Common options");
    if (command->example != NULL) {
        g_string_append_printf(text, "\nExample:\n  %s\n", command->example);
    }

    if (command->clear_options != NULL) {
        command->clear_options(own);
    }
}
