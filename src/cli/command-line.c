/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/command-line.h"

#include "cli/command-options.h"
#include "cli/commands.h"
#include "cli/exit-code.h"
#include "cli/global-table.h"
#include "cli/option-parse.h"
#include "cli/several.h"
#include "cli/vm-argument.h"
#include "cli/vm-list.h"

#include <string.h>

/* ---- arguments ---- */

/* The disk of an image has one name. */
static void
add_disk_of_image(QblkInvocation *invocation)
{
    const QblkCommand *command = invocation->command;
    char **old = invocation->arguments;
    gboolean is_image = old[0] != NULL && g_str_has_prefix(old[0], "image:");
    gboolean takes_any = command->max_arguments == QBLK_COMMAND_ANY_NUMBER;
    gboolean lacks_disk = invocation->count == (takes_any ? 1 : command->max_arguments - 1);
    if (!command->is_offline || !is_image || !lacks_disk) {
        return;
    }

    char **arguments = g_new0(char *, invocation->count + 2);
    arguments[0] = old[0];
    arguments[1] = g_strdup("vda");
    memcpy(arguments + 2, old + 1, (invocation->count - 1) * sizeof(char *));
    g_free(old);
    invocation->arguments = arguments;
    invocation->count++;
}

/* virsh takes the bandwidth of a job as an argument, too. */
static gboolean
check_for_bandwidth(const QblkInvocation *invocation, GError **error)
{
    const QblkCommand *command = invocation->command;
    const char *last = invocation->count == 0 ? "" : invocation->arguments[invocation->count - 1];
    gboolean is_number = last[0] != '\0' && strspn(last, "0123456789") == strlen(last);
    if (!is_number || !command->changes || invocation->count != command->max_arguments + 1) {
        return TRUE;
    }

    return qblk_usage_error(error,
                            "wrong number of arguments: if '%s' is a bandwidth, use "
                            "'--bandwidth=%s'",
                            last, last);
}

static gboolean
set_arguments(QblkInvocation *invocation, const QblkVmListOptions *vms, GError **error)
{
    const QblkCommand *command = invocation->command;

    if (!qblk_vm_list_is_given(vms) && !qblk_vm_argument_add_default(invocation, error)) {
        return FALSE;
    }
    if (!qblk_vm_list_set(invocation, vms, error)) {
        return FALSE;
    }
    add_disk_of_image(invocation);
    if (!check_for_bandwidth(invocation, error)) {
        return FALSE;
    }
    if (invocation->count < command->min_arguments || invocation->count > command->max_arguments) {
        return qblk_usage_error(error, "wrong number of arguments: use 'qblk %s %s'", command->name,
                                command->arguments);
    }

    return TRUE;
}

/* Copy the words; the last one is NULL. */
static void
take_words(QblkInvocation *invocation, GPtrArray *words)
{
    g_ptr_array_add(words, NULL);
    invocation->arguments = g_strdupv((char **)words->pdata);
    invocation->count = words->len - 1;
}

/* ---- the command ---- */

static void
set_command(QblkInvocation *invocation, const QblkCommand *command)
{
    g_free(invocation->options);
    invocation->command = command;
    invocation->output.command = command->name;
    invocation->options = g_malloc0(command->options_size);
}

/* @words: the command and what follows it */
static gboolean
find_command(QblkInvocation *invocation, const GPtrArray *words, GError **error)
{
    if (words->len == 0) {
        return qblk_usage_error(error, "no command given; see 'qblk --help'");
    }

    const char *next = words->len > 1 ? words->pdata[1] : NULL;
    const QblkCommand *command = qblk_command_find(words->pdata[0]);
    if (command == NULL) {
        return qblk_command_refuse(words->pdata[0], next, error);
    }
    set_command(invocation, command);
    return TRUE;
}

/* Print help, or the version, instead of what the command does.  @about: (nullable): a command */
static gboolean
answer(QblkInvocation *invocation, const QblkGlobalOptions *options, const char *about)
{
    const QblkCommand *before = invocation->command;

    if (before != NULL && before->clear_options != NULL) {
        before->clear_options(invocation->options);
    }
    set_command(invocation, options->help ? &qblk_cmd_help : &qblk_cmd_version);
    invocation->arguments = g_new0(char *, 2);
    invocation->arguments[0] = options->help ? g_strdup(about) : NULL;
    invocation->count = options->help && about != NULL ? 1 : 0;
    return TRUE;
}

/* ---- options ---- */

/* Parse again with the options of other commands, for an error that names these. */
static gboolean
refuse_options(QblkOptionTable *table, gboolean is_front, char *const *words, GError **error)
{
    g_autoptr(GPtrArray) arguments = g_ptr_array_new();

    qblk_command_options_add_foreign(table, is_front);
    return qblk_option_parse(table, is_front, words, arguments, error);
}

static gboolean
is_answered(const QblkGlobalOptions *options)
{
    return options->help || options->version;
}

/* The options before the command's name.  @words: what follows them is appended to it */
static gboolean
parse_front(QblkGlobalOptions *options, QblkOptionTable *table, char *const *argv, GPtrArray *words,
            GError **error)
{
    qblk_global_table_add(options, NULL, table);
    return qblk_option_parse(table, TRUE, argv, words, NULL) || is_answered(options) ||
           refuse_options(table, TRUE, argv, error);
}

/* The options after it: its own and global ones. */
static gboolean
parse_back(QblkInvocation *invocation, QblkGlobalOptions *options, char *const *words,
           GPtrArray *arguments, GError **error)
{
    g_autoptr(QblkOptionTable) table =
        qblk_command_options_new(invocation->command, invocation->options, options);

    return qblk_option_parse(table, FALSE, words, arguments, NULL) || is_answered(options) ||
           refuse_options(table, FALSE, words, error);
}

/* ---- all of it ---- */

/* Check and use what was parsed. */
static gboolean
apply(QblkInvocation *invocation, QblkGlobalOptions *options, GError **error)
{
    if (!set_arguments(invocation, &options->vms, error)) {
        return FALSE;
    }
    if (invocation->vm_names == NULL && !qblk_vm_argument_resolve(invocation, TRUE, error)) {
        return FALSE;
    }
    if (!qblk_global_options_apply(options, invocation, error)) {
        return FALSE;
    }
    return invocation->vm_names == NULL || qblk_several_set_up(invocation, options, error);
}

static gboolean
parse(QblkInvocation *invocation, QblkGlobalOptions *front, QblkGlobalOptions *options,
      char *const *argv, GError **error)
{
    g_autoptr(QblkOptionTable) table = qblk_option_table_new("qblk");
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_autoptr(GPtrArray) arguments = g_ptr_array_new();

    if (!parse_front(front, table, argv, words, error)) {
        return FALSE;
    }
    if (is_answered(front)) { /* such as `qblk --help commit` */
        gboolean is_about = words->len > 0 && qblk_command_find(words->pdata[0]) != NULL;
        return answer(invocation, front, is_about ? words->pdata[0] : NULL);
    }

    if (!find_command(invocation, words, error)) {
        return FALSE;
    }
    g_ptr_array_add(words, NULL);
    if (!parse_back(invocation, options, (char **)words->pdata + 1, arguments, error)) {
        return FALSE;
    }
    if (is_answered(options)) {
        return answer(invocation, options, invocation->command->name);
    }

    if (!qblk_global_table_check_front(table, invocation->command, error)) {
        return FALSE;
    }
    qblk_global_options_merge(options, front);
    take_words(invocation, arguments);
    return apply(invocation, options, error);
}

gboolean
qblk_command_line_parse(QblkInvocation *invocation, char *const *argv, GError **error)
{
    g_auto(QblkGlobalOptions) front, options;

    qblk_global_options_init(&front);
    qblk_global_options_init(&options);
    qblk_output_init(&invocation->output);
    invocation->snapshot_options = qblk_snapshot_options_new();
    return parse(invocation, &front, &options, argv[0] == NULL ? argv : argv + 1, error);
}
