/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/cmd-commit.h"

#include "blockjob/plan-commit.h"
#include "cli/live.h"

void
qblk_cmd_commit_options(QblkInvocation *invocation, GOptionContext *context)
{
    QblkJobOptions *options = &invocation->job;
    const GOptionEntry entries[] = {
        {"base", 0, 0, G_OPTION_ARG_STRING, &options->base,
         "The layer to commit into (default: the bottom)", "LAYER"},
        {"top", 0, 0, G_OPTION_ARG_STRING, &options->top,
         "The topmost layer to commit (default: the active one)", "LAYER"},
        {"shallow", 0, 0, G_OPTION_ARG_NONE, &options->shallow, "Commit one layer down only", NULL},
        {"active", 0, 0, G_OPTION_ARG_NONE, &options->active,
         "Commit the active layer and stop when the base is in step", NULL},
        {"pivot", 0, 0, G_OPTION_ARG_NONE, &options->pivot,
         "Commit the active layer and go on with the base", NULL},
        {"keep-overlay", 0, 0, G_OPTION_ARG_NONE, &options->keep_overlay,
         "Commit the active layer and go on with it", NULL},
        {"keep-relative", 0, 0, G_OPTION_ARG_NONE, &options->keep_relative,
         "Keep the overlay's backing string relative", NULL},
        {NULL},
    };
    g_option_context_add_main_entries(context, entries, NULL);
    qblk_live_options(invocation, context);
}

static QblkCommitEnd
end_of(const QblkJobOptions *options)
{
    if (options->pivot) {
        return QBLK_COMMIT_PIVOT;
    }
    if (options->keep_overlay) {
        return QBLK_COMMIT_KEEP_OVERLAY;
    }
    return options->active ? QBLK_COMMIT_ACTIVE : QBLK_COMMIT_INNER;
}

gboolean
qblk_cmd_commit(QblkInvocation *invocation, GError **error)
{
    const QblkJobOptions *options = &invocation->job;
    const QblkCommitOptions commit = {
        .top = options->top,
        .base = options->base,
        .shallow = options->shallow,
        .end = end_of(options),
        .keep_relative = options->keep_relative,
    };
    if (options->pivot && options->keep_overlay) {
        g_set_error(error, QBLK_INVOCATION_ERROR, QBLK_INVOCATION_ERROR_USAGE,
                    "--pivot and --keep-overlay exclude each other");
        return FALSE;
    }
    g_autoptr(QblkLive) live = qblk_live_open(invocation, error);
    g_autoptr(QblkPlan) plan =
        live == NULL ? NULL : qblk_plan_commit(&live->context, &commit, error);
    return plan != NULL && qblk_live_finish(live, invocation, plan, error);
}
