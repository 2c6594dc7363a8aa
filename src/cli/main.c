/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/command-line.h"
#include "cli/command.h"
#include "cli/exit-code.h"
#include "cli/several.h"
#include "cli/vm-argument.h"

#include <locale.h>

static gboolean
run(QblkInvocation *invocation, char *const *argv, GError **error)
{
    if (!qblk_command_line_parse(invocation, argv, error)) {
        return FALSE;
    }
    const QblkCommand *command = invocation->command;
    gboolean done = invocation->each == NULL || command->runs_together
                        ? command->run(invocation, error)
                        : qblk_several_run(invocation, error);
    if (!done) {
        return FALSE;
    }

    return qblk_output_flush(&invocation->output, error);
}

int
main(int argc, char **argv)
{
    QblkInvocation invocation = {.default_vm = g_getenv("QMP_SOCKET"),
                                 .output.json =
                                     qblk_report_is_json_asked((const char *const *)argv)};
    g_autoptr(GError) error = NULL;

    /* How bytes become characters, and the language of the errors of the system. The files of the
     * other categories, which change nothing, took a tenth of the time of the shortest run. */
    setlocale(LC_CTYPE, "");
    setlocale(LC_MESSAGES, "");

    /* For an error in the command line; --color and --wide are read later. */
    QblkTerminalChoice choice;
    qblk_terminal_choice_init(&choice);
    qblk_output_set_terminals(&invocation.output, &choice);

    (void)argc; /* @argv ends with NULL */
    gboolean done = run(&invocation, argv, &error);
    if (!done) {
        qblk_vm_argument_explain(&invocation, &error);
        qblk_report_error(&invocation.output, error);
    }

    int exit_code = done ? invocation.exit_code : qblk_exit_code(error);
    qblk_invocation_clear(&invocation);
    return exit_code;
}
