/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk capture`: the replies that all other commands need, as a file. */
#include "cli/commands.h"
#include "cli/vm.h"

#include <qblk/capture.h>

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    g_autoptr(QblkCapture) capture = qblk_vm_capture(invocation, error);
    if (capture == NULL) {
        return FALSE;
    }

    g_autofree char *text = qblk_capture_to_text(capture);
    qblk_output_json_text(&invocation->output, text);
    return TRUE;
}

const QblkCommand qblk_cmd_capture = {
    .name = "capture",
    .arguments = "VM",
    .summary = "Record the replies of QEMU",
    .min_arguments = 1,
    .max_arguments = 1,
    .only_reads = TRUE,
    .run = run,
};
