/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/cmd-pull.h"

#include "blockjob/plan-pull.h"
#include "cli/live.h"

void
qblk_cmd_pull_options(QblkInvocation *invocation, GOptionContext *context)
{
    QblkJobOptions *options = &invocation->job;
    const GOptionEntry entries[] = {
        {"base", 0, 0, G_OPTION_ARG_STRING, &options->base,
         "The layer that stays (default: none does)", "LAYER"},
        {"keep-relative", 0, 0, G_OPTION_ARG_NONE, &options->keep_relative,
         "Keep the active layer's backing string relative", NULL},
        {NULL},
    };
    g_option_context_add_main_entries(context, entries, NULL);
    qblk_live_options(invocation, context);
}

gboolean
qblk_cmd_pull(QblkInvocation *invocation, GError **error)
{
    const QblkPullOptions pull = {
        .base = invocation->job.base,
        .keep_relative = invocation->job.keep_relative,
    };
    g_autoptr(QblkLive) live = qblk_live_open(invocation, error);
    g_autoptr(QblkPlan) plan = live == NULL ? NULL : qblk_plan_pull(&live->context, &pull, error);
    return plan != NULL && qblk_live_finish(live, invocation, plan, error);
}
