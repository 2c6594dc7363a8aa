/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/commands.h"

#include "cli/change.h"
#include "plan/plan-pull.h"

void
qblk_cmd_pull_options(QblkInvocation *invocation, GOptionContext *context)
{
    QblkJobOptions *options = &invocation->job;
    const GOptionEntry entries[] = {
        {"base", 0, 0, G_OPTION_ARG_STRING, &options->base,
         "The layer that stays (default: none does)", "LAYER"},
        {"keep-relative", 0, 0, G_OPTION_ARG_NONE, &options->keep_relative,
         "Keep the active layer's backing string relative", NULL},
        {"all-disks", 0, 0, G_OPTION_ARG_NONE, &options->all_disks,
         "Pull all disks, and change none before all are pending", NULL},
        {NULL},
    };
    g_option_context_add_main_entries(context, entries, NULL);
    qblk_change_options(invocation, context, TRUE);
}

static QblkPlan *
plan_pull(const QblkPlanContext *context, gconstpointer options, GError **error)
{
    return qblk_plan_pull(context, options, error);
}

gboolean
qblk_cmd_pull_to(QblkInvocation *invocation, const char *base, GError **error)
{
    const QblkPullOptions pull = {.base = base, .keep_relative = invocation->job.keep_relative};
    return qblk_change_run(invocation, plan_pull, &pull, error);
}

gboolean
qblk_cmd_pull(QblkInvocation *invocation, GError **error)
{
    return qblk_cmd_pull_to(invocation, invocation->job.base, error);
}

void
qblk_cmd_rebase_options(QblkInvocation *invocation, GOptionContext *context)
{
    const GOptionEntry entries[] = {
        {"keep-relative", 0, 0, G_OPTION_ARG_NONE, &invocation->job.keep_relative,
         "Keep the active layer's backing string relative", NULL},
        {NULL},
    };
    g_option_context_add_main_entries(context, entries, NULL);
    qblk_change_options(invocation, context, TRUE);
}

gboolean
qblk_cmd_rebase(QblkInvocation *invocation, GError **error)
{
    return qblk_cmd_pull_to(invocation, invocation->arguments[2], error);
}
