/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/commands.h"

#include "cli/print/output.h"
#include "cli/vm.h"
#include "graph/capture.h"

gboolean
qblk_cmd_capture(QblkInvocation *invocation, GError **error)
{
    g_autoptr(QblkReplies) replies = qblk_vm_replies(invocation, error);
    if (replies == NULL) {
        return FALSE;
    }
    g_autofree char *text = qblk_capture_write(replies);
    qblk_output_json_text(&invocation->output, text);
    return TRUE;
}
