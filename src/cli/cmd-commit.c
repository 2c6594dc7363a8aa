/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/commands.h"

#include "cli/change.h"
#include "plan/plan-commit.h"

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
        {"delete", 0, 0, G_OPTION_ARG_NONE, &options->delete_removed,
         "Delete the files of the layers that leave the chain", NULL},
        {"all-disks", 0, 0, G_OPTION_ARG_NONE, &options->all_disks,
         "Commit all disks, and change none before all are ready", NULL},
        {NULL},
    };
    g_option_context_add_main_entries(context, entries, NULL);
    qblk_change_options(invocation, context, TRUE);
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

static QblkPlan *
plan_commit(const QblkPlanContext *context, gconstpointer options, GError **error)
{
    return qblk_plan_commit(context, options, error);
}

static gboolean
check_options(const QblkJobOptions *options, GError **error)
{
    const char *message = NULL;
    if (options->pivot && options->keep_overlay) {
        message = "--pivot and --keep-overlay exclude each other";
    } else if (options->delete_removed && end_of(options) != QBLK_COMMIT_PIVOT &&
               end_of(options) != QBLK_COMMIT_INNER) {
        message = "--delete needs --pivot: without it the active layer stays in use";
    }
    if (message != NULL) {
        g_set_error_literal(error, QBLK_INVOCATION_ERROR, QBLK_INVOCATION_ERROR_USAGE, message);
    }
    return message == NULL;
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
        .delete_removed = options->delete_removed,
    };
    return check_options(options, error) &&
           qblk_change_run(invocation, plan_commit, &commit, error);
}
