/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/command.h"
#include "cli/exit-code.h"
#include "cli/print/output.h"

#include <locale.h>

static int
run(QblkInvocation *invocation, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    if (qblk_invocation_parse(invocation, argc, argv, &error) &&
        invocation->command->run(invocation, &error) &&
        qblk_output_flush(&invocation->output, &error)) {
        return invocation->exit_code;
    }
    qblk_output_error(error);
    return qblk_exit_code(error);
}

int
main(int argc, char **argv)
{
    QblkInvocation invocation = {0};
    setlocale(LC_ALL, "");
    int code = run(&invocation, argc, argv);
    qblk_invocation_clear(&invocation);
    return code;
}
