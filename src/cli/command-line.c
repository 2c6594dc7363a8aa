/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/command-line.h"

#include "cli/commands.h"
#include "cli/exit-code.h"
#include "cli/global-options.h"
#include "cli/several.h"
#include "cli/vm-argument.h"
#include "cli/vm-list.h"
#include <qblk/version.h>

#include <stdlib.h>
#include <string.h>

/* ---- help ---- */

static char *
describe_commands(void)
{
    GString *text = g_string_new("Commands:\n");

    for (const QblkCommand *const *at = qblk_command_all(); *at != NULL; at++) {
        g_autofree char *call = g_strdup_printf("%s %s", (*at)->name, (*at)->arguments);
        g_string_append_printf(text, "  %-26s %s\n", call, (*at)->summary);
    }

    g_string_append(
        text,
        "\nVM is one of:\n"
        "  NAME                       name, UUID, pid or VMID of a VM of this machine\n"
        "  PATH, unix:PATH            QMP socket of a running QEMU (PATH must contain a '/')\n"
        "  tcp:HOST:PORT              QMP monitor over TCP\n"
        "  ssh://[USER@]HOST[:PORT]/PATH\n"
        "                             QMP socket of another machine, for commands that only read\n"
        "  fd:N                       inherited, connected socket\n"
        "  image:PATH                 image without a QEMU; its disk is vda\n"
        "  capture:FILE               output of 'qblk capture'; - is standard input\n"
        "  domain:FILE                libvirt domain XML; - is standard input\n"
        "\nA layer is a disk with an index (vda[2]; vda is the active layer), the path of an "
        "image,\nor node:NAME.\n"
        "\nExit status: 0 success, 1 failure, 2 usage error, 3 no such disk or layer, 4 refused "
        "as\nunsafe or because the chain changed, 5 no connection, 6 block job failed.\n");
    return g_string_free(text, FALSE);
}

/* ---- options ---- */

/* Always FALSE.  A message of GOption begins with a capital letter. */
static gboolean
set_option_error(const char *help_command, const GError *cause, GError **error)
{
    g_autofree char *message = g_strdup(cause->message);

    message[0] = g_ascii_tolower(message[0]);
    return qblk_usage_error(error, "%s; see '%s --help'", message, help_command);
}

/* The options before the command's name. */
static gboolean
parse_front(QblkGlobalOptions *options, char ***argv, GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autofree char *commands = describe_commands();
    g_autoptr(GError) cause = NULL;

    qblk_global_options_add(options, NULL, context);
    g_option_context_set_strict_posix(context, TRUE);
    g_option_context_set_summary(context,
                                 "Show and change the disk image chains of running QEMU guests.");
    g_option_context_set_description(context, commands);

    g_set_prgname("qblk COMMAND VM [ARGUMENT...]");
    gboolean parsed = g_option_context_parse_strv(context, argv, &cause);
    g_set_prgname("qblk");

    return parsed ? TRUE : set_option_error("qblk", cause, error);
}

/* The options after the command's name: global ones and its own. */
static gboolean
parse_back(QblkInvocation *invocation, QblkGlobalOptions *options, char ***argv, GError **error)
{
    const QblkCommand *command = invocation->command;
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autofree char *usage = g_strdup_printf("qblk %s %s", command->name, command->arguments);
    g_autofree char *name = g_strdup_printf("qblk %s", command->name);
    g_autoptr(GError) cause = NULL;

    if (command->add_options != NULL) {
        command->add_options(invocation->options, context);
    }
    qblk_global_options_add(options, command, context);
    g_option_context_set_summary(context, command->summary);

    g_set_prgname(usage);
    gboolean parsed = g_option_context_parse_strv(context, argv, &cause);
    g_set_prgname("qblk");

    return parsed ? TRUE : set_option_error(name, cause, error);
}

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

static gboolean
set_arguments(QblkInvocation *invocation, const QblkVmListOptions *vms, char **rest, GError **error)
{
    const QblkCommand *command = invocation->command;

    if (rest[0] != NULL && g_str_equal(rest[0], "--")) {
        rest++;
    }

    invocation->arguments = g_strdupv(rest);
    invocation->count = g_strv_length(rest);
    if (!qblk_vm_list_is_given(vms) && !qblk_vm_argument_add_default(invocation, error)) {
        return FALSE;
    }
    if (!qblk_vm_list_set(invocation, vms, error)) {
        return FALSE;
    }
    add_disk_of_image(invocation);
    if (invocation->count < command->min_arguments || invocation->count > command->max_arguments) {
        return qblk_usage_error(error, "wrong number of arguments: use 'qblk %s %s'", command->name,
                                command->arguments);
    }

    return TRUE;
}

static void
print_version_and_exit(void)
{
    g_print("qblk %s\n", qblk_version());
    exit(0);
}

static gboolean
set_command(QblkInvocation *invocation, const char *name, GError **error)
{
    if (name == NULL) {
        return qblk_usage_error(error, "no command given; see 'qblk --help'");
    }

    const QblkCommand *command = qblk_command_find(name);
    if (command == NULL) {
        return qblk_usage_error(error, "unknown command '%s'; see 'qblk --help'", name);
    }

    invocation->command = command;
    invocation->output.command = command->name;
    invocation->options = g_malloc0(command->options_size);
    return TRUE;
}

gboolean
qblk_command_line_parse(QblkInvocation *invocation, int argc, char **argv, GError **error)
{
    g_auto(QblkGlobalOptions) front, options;
    /* GOption removes elements from the array that it parses. */
    g_auto(GStrv) all = g_strdupv(argv);

    qblk_global_options_init(&front);
    qblk_global_options_init(&options);
    qblk_output_init(&invocation->output);
    invocation->snapshot_options = qblk_snapshot_options_new();

    if (!parse_front(&front, &all, error)) {
        return FALSE;
    }
    if (front.version) {
        print_version_and_exit();
    }
    if (!set_command(invocation, all[1], error)) {
        return FALSE;
    }

    g_auto(GStrv) rest = g_strdupv(all + 1);
    if (!parse_back(invocation, &options, &rest, error)) {
        return FALSE;
    }
    if (options.version) {
        print_version_and_exit();
    }
    qblk_global_options_merge(&options, &front);

    if (!set_arguments(invocation, &options.vms, rest + 1, error)) {
        return FALSE;
    }
    if (invocation->vm_names == NULL && !qblk_vm_argument_resolve(invocation, error)) {
        return FALSE;
    }
    if (!qblk_global_options_apply(&options, invocation, error)) {
        return FALSE;
    }
    return invocation->vm_names == NULL || qblk_several_set_up(invocation, &options, error);
}
