/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/cmd-rebase.h"

#include "cli/cmd-pull.h"
#include "cli/live.h"

void
qblk_cmd_rebase_options(QblkInvocation *invocation, GOptionContext *context)
{
    const GOptionEntry entries[] = {
        {"keep-relative", 0, 0, G_OPTION_ARG_NONE, &invocation->job.keep_relative,
         "Keep the active layer's backing string relative", NULL},
        {NULL},
    };
    g_option_context_add_main_entries(context, entries, NULL);
    qblk_live_options(invocation, context, TRUE);
}

gboolean
qblk_cmd_rebase(QblkInvocation *invocation, GError **error)
{
    return qblk_cmd_pull_to(invocation, invocation->arguments[2], error);
}
