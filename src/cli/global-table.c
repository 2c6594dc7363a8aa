/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/global-table.h"

#include "cli/command.h"
#include "cli/vm-argument.h"

/* Why a command does not accept an option; NULL: it does. */
typedef const char *(*Refusal)(const QblkCommand *command);

static const char *
refuse_without_vm(const QblkCommand *command)
{
    return qblk_vm_argument_is_taken(command) ? NULL : "the command does not use a VM";
}

/* `qblk vms --probe` connects to VMs. */
static const char *
refuse_without_connection(const QblkCommand *command)
{
    return command->asks_vms ? NULL : refuse_without_vm(command);
}

static const char *
refuse_without_disks(const QblkCommand *command)
{
    return command->names_no_disk ? "it has no names of disks" : refuse_without_vm(command);
}

static const char *
refuse_without_image(const QblkCommand *command)
{
    if (command->ignores_image_format) {
        return "it does not open the image";
    }
    return command->needs_qemu ? "it needs a running QEMU" : refuse_without_vm(command);
}

static const char *
refuse_without_json(const QblkCommand *command)
{
    return command->has_own_form ? "its output has a form of its own" : NULL;
}

static const char *
refuse_without_one_disk(const QblkCommand *command)
{
    return command->one_disk ? NULL : "it is for commands with one disk";
}

/* ---- the table ---- */

typedef struct {
    GOptionEntry entry;
    Refusal refusal;
} Row;

/* @command: (nullable) */
static void
add_rows(QblkOptionTable *table, const QblkCommand *command, const Row *rows, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        gboolean may_refuse = command != NULL && rows[i].refusal != NULL;
        qblk_option_table_add_common(table, &rows[i].entry,
                                     may_refuse ? rows[i].refusal(command) : NULL);
    }
}

/* Options that have no effect on some commands are accepted by all of them, so that they can be in
 * an alias of the shell. */
static void
add_general(QblkGlobalOptions *options, const QblkCommand *command, QblkOptionTable *table)
{
    gboolean connects = command == NULL || refuse_without_connection(command) == NULL;
    gboolean draws = command == NULL || !command->prints_plain;
    int of_connection = connects ? 0 : G_OPTION_FLAG_HIDDEN;
    int of_text = draws ? 0 : G_OPTION_FLAG_HIDDEN;
    int of_qblk = command == NULL ? 0 : G_OPTION_FLAG_HIDDEN;
    const Row rows[] = {
        {{"json", 'j', 0, G_OPTION_ARG_NONE, &options->json, "Print JSON", NULL},
         refuse_without_json},
        {{"wide", 0, of_text, G_OPTION_ARG_NONE, &options->wide,
          "Do not shorten what is wider than the terminal", NULL},
         NULL},
        {{"color", 0, of_text | G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_STRING, &options->color,
          "Use colors; the default is auto, and always without a value", "auto|always|never"},
         NULL},
        {{"connect-timeout", 't', 0, G_OPTION_ARG_DOUBLE, &options->timeout,
          "Limit the time for the connection and each reply (default: 5)", "SECONDS"},
         refuse_without_connection},
        {{"timeout", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_DOUBLE, &options->timeout, "",
          "SECONDS"},
         refuse_without_connection},
        {{"verbose", 'v', of_connection, G_OPTION_ARG_NONE, &options->verbose,
          "Log the QMP messages to standard error", NULL},
         NULL},
        {{"help", 'h', of_qblk, G_OPTION_ARG_NONE, &options->help,
          "Show the commands, or the options of a command", NULL},
         NULL},
        {{"version", 'V', of_qblk, G_OPTION_ARG_NONE, &options->version, "Print the version", NULL},
         NULL},
    };

    add_rows(table, command, rows, G_N_ELEMENTS(rows));
}

static void
add_of_vm(QblkGlobalOptions *options, const QblkCommand *command, QblkOptionTable *table)
{
    int of_several =
        command == NULL || command->vms != QBLK_COMMAND_ONE_VM ? 0 : G_OPTION_FLAG_HIDDEN;
    const Row rows[] = {
        {{"vm", 0, of_several, G_OPTION_ARG_FILENAME_ARRAY, &options->vms.names,
          "Read one of several VMs; all arguments are disks", "VM"},
         NULL},
        {{"vms", 0, of_several, G_OPTION_ARG_FILENAME, &options->vms.file,
          "Read the VMs in FILE, one in each line", "FILE"},
         NULL},
        {{"all", 0, of_several, G_OPTION_ARG_NONE, &options->vms.every,
          "Read all VMs of this machine that have a QMP monitor", NULL},
         NULL},
        {{"target", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->targets,
          "Name a disk; DEVICE is a qdev id, drive or node-name", "NAME=DEVICE"},
         refuse_without_disks},
        {{"domain", 0, 0, G_OPTION_ARG_FILENAME, &options->domain,
          "Take the names of disks from a libvirt domain XML", "FILE"},
         refuse_without_disks},
        {{"expect", 0, 0, G_OPTION_ARG_STRING, &options->expect,
          "Refuse if the chain of the disk has changed", "FINGERPRINT"},
         refuse_without_one_disk},
        {{"format", 0, 0, G_OPTION_ARG_STRING, &options->format,
          "Specify the format of image:PATH, such as qcow2", "FORMAT"},
         refuse_without_image},
        {{"backing-format", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->backing_formats,
          "Specify that of a backing file of image:PATH, or LAYER=FORMAT", "FORMAT"},
         refuse_without_image},
        {{"secret", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->secrets,
          "Read the key of encrypted images of image:PATH from a file", "ID=FILE"},
         refuse_without_image},
        {{"max-reply", 0, 0, G_OPTION_ARG_INT64, &options->max_reply,
          "Limit the size of a reply of QEMU (default: 64)", "MIB"},
         refuse_without_vm},
        {{"edges", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &options->edges,
          "Read edges from children, debug-graph or blockstats", "SOURCE"},
         refuse_without_vm},
    };

    add_rows(table, command, rows, G_N_ELEMENTS(rows));
}

void
qblk_global_table_add(QblkGlobalOptions *options, const QblkCommand *command,
                      QblkOptionTable *table)
{
    add_general(options, command, table);
    add_of_vm(options, command, table);
}

gboolean
qblk_global_table_check_front(const QblkOptionTable *front, const QblkCommand *command,
                              GError **error)
{
    g_auto(QblkGlobalOptions) options;
    g_autofree char *name = g_strconcat("qblk ", command->name, NULL);
    g_autoptr(QblkOptionTable) table = qblk_option_table_new(name);

    qblk_global_options_init(&options);
    qblk_global_table_add(&options, command, table);
    for (guint i = 0; i < qblk_option_table_get_n_options(front); i++) {
        const QblkOption *option = qblk_option_table_get_option(table, i);
        if (qblk_option_table_get_option(front, i)->is_given && option->refusal != NULL) {
            return qblk_option_table_refuse(table, option, error);
        }
    }
    return TRUE;
}
