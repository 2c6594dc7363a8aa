/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk commit`: merge layers into a lower layer. */
#include "cli/change.h"
#include "cli/commands.h"
#include "cli/exit-code.h"

/* --keep was not given. */
#define NO_KEEP G_MININT

typedef struct {
    QblkChangeOptions change;
    char *base, *top;
    gboolean shallow, active, pivot, keep_overlay, keep_relative;
    int keep; /* overlays; NO_KEEP */
} Options;

static void
add_options(gpointer data, QblkOptionTable *table)
{
    Options *options = data;
    const GOptionEntry entries[] = {
        {"base", 0, 0, G_OPTION_ARG_STRING, &options->base,
         "Merge into this layer (default: the bottom layer)", "LAYER"},
        {"top", 0, 0, G_OPTION_ARG_STRING, &options->top,
         "Merge from this layer down to the base (default: the active layer)", "LAYER"},
        {"shallow", 0, 0, G_OPTION_ARG_NONE, &options->shallow,
         "Merge into the layer directly below the top", NULL},
        {"keep", 0, 0, G_OPTION_ARG_INT, &options->keep,
         "Merge the oldest layers into the bottom, so that N overlays remain", "N"},
        {"active", 0, 0, G_OPTION_ARG_NONE, &options->active,
         "Merge the active layer, and leave the job when the base is in sync", NULL},
        {"pivot", 0, 0, G_OPTION_ARG_NONE, &options->pivot,
         "Merge the active layer and switch the guest to the base", NULL},
        {"keep-overlay", 0, 0, G_OPTION_ARG_NONE, &options->keep_overlay,
         "Merge the active layer and keep the guest on it", NULL},
        {"keep-relative", 0, 0, G_OPTION_ARG_NONE, &options->keep_relative,
         "Refuse unless the backing string above the top can stay relative", NULL},
        {"delete", 0, 0, G_OPTION_ARG_NONE, &options->change.delete_removed,
         "Delete the files of the layers that left the chain", NULL},
        {"delete-internal-snapshots", 0, 0, G_OPTION_ARG_NONE,
         &options->change.delete_internal_snapshots,
         "Allow --delete to delete images that contain snapshots", NULL},
        {"ignore-user", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->change.ignored_users,
         "Allow the change of data that this export or node reads", "NAME"},
        {"all-disks", 0, 0, G_OPTION_ARG_NONE, &options->change.all_disks,
         "Commit all disks, and change none until the jobs of all are ready", NULL},
        {NULL},
    };

    options->keep = NO_KEEP;
    qblk_option_table_add(table, entries);
    qblk_change_options_add(&options->change, table, QBLK_CHANGE_NEW_JOB);
}

static void
clear_options(gpointer data)
{
    Options *options = data;

    qblk_change_options_clear(&options->change);
    g_free(options->base);
    g_free(options->top);
}

static QblkCommitEnd
end_of(const Options *options)
{
    if (options->pivot) {
        return QBLK_COMMIT_PIVOT;
    }
    if (options->keep_overlay) {
        return QBLK_COMMIT_KEEP_OVERLAY;
    }
    return options->active ? QBLK_COMMIT_ACTIVE : QBLK_COMMIT_INNER;
}

/* A job that is left alone waits when it is ready. */
static gboolean
check_detach(const QblkInvocation *invocation, const Options *options, GError **error)
{
    const char *option = options->pivot ? "--pivot" : "--keep-overlay";
    gboolean names_end = options->pivot || options->keep_overlay;
    if (!options->change.detach || !names_end) {
        return TRUE;
    }

    g_autofree char *command =
        qblk_change_end_command(invocation, options->pivot ? "--pivot" : "--finish");
    return qblk_usage_error(error,
                            "options --detach and %s exclude each other: use --active --detach, "
                            "and end the job with '%s'",
                            option, command);
}

static gboolean
check_keep(const Options *options, GError **error)
{
    gboolean merges_active = options->active || options->pivot || options->keep_overlay;
    if (options->keep == NO_KEEP) {
        return TRUE;
    }

    if (options->keep < 0) {
        return qblk_usage_error(error, "invalid --keep: use the number of overlays that remain, 0 "
                                       "or more");
    }
    if (options->base != NULL || options->top != NULL || options->shallow) {
        return qblk_usage_error(
            error, "options --base, --top and --shallow cannot be used with --keep, which chooses "
                   "the layers");
    }
    if (options->keep == 0 && (!options->pivot || options->keep_overlay)) {
        return qblk_usage_error(
            error, "option --keep 0 needs --pivot: it merges the active layer as well");
    }
    if (options->keep > 0 && merges_active) {
        return qblk_usage_error(error,
                                "options --active, --pivot and --keep-overlay cannot be used with "
                                "--keep %d, which keeps the active layer",
                                options->keep);
    }
    return TRUE;
}

static gboolean
check_options(const Options *options, GError **error)
{
    gboolean names_layer = options->base != NULL || options->top != NULL;
    gboolean leaves_active = options->active || options->keep_overlay;

    if (options->pivot && options->keep_overlay) {
        return qblk_usage_error(error, "options --pivot and --keep-overlay exclude each other");
    }
    if (options->change.delete_removed && leaves_active && !options->pivot) {
        return qblk_usage_error(
            error, "option --delete needs --pivot: otherwise the active layer stays in use");
    }
    if (options->change.delete_internal_snapshots && !options->change.delete_removed) {
        return qblk_usage_error(error, "option --delete-internal-snapshots needs --delete");
    }
    if (options->change.all_disks && names_layer) {
        return qblk_usage_error(error, "options --base and --top cannot be used with --all-disks");
    }

    return check_keep(options, error);
}

static QblkPlans *
plan_commit(const QblkChange *change, gconstpointer data, GError **error)
{
    const Options *options = data;
    g_autoptr(QblkCommitOptions) commit = qblk_commit_options_new();

    qblk_commit_options_set_top(commit, options->top);
    qblk_commit_options_set_base(commit, options->base);
    qblk_commit_options_set_shallow(commit, options->shallow);
    qblk_commit_options_set_keep(commit, options->keep);
    qblk_commit_options_set_end(commit, end_of(options));
    qblk_commit_options_set_keep_relative(commit, options->keep_relative);
    qblk_commit_options_set_delete_removed(commit, options->change.delete_removed);
    if (options->change.all_disks) {
        return qblk_plans_new_commit_all(change->client, change->snapshot, commit,
                                         change->plan_options, error);
    }
    return qblk_plans_new_one(qblk_plan_commit(change->client, change->snapshot,
                                               qblk_change_get_disk(change), commit,
                                               change->plan_options, error));
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;

    if (!check_options(options, error) || !check_detach(invocation, options, error)) {
        return FALSE;
    }
    return qblk_change_run(invocation, &options->change, QBLK_RECOVER_FOR_NEW_JOB, plan_commit,
                           options, error);
}

const QblkCommand qblk_cmd_commit = {
    .name = "commit",
    .virsh_name = "blockcommit",
    .arguments = "VM DISK",
    .summary = "Merge layers into a lower layer",
    .description = "The active layer is merged only with --active, --pivot or --keep-overlay. The "
                   "files of merged layers are kept unless --delete is given.",
    .example = "qblk commit /run/vm1.qmp vda --active --pivot",
    .group = QBLK_COMMAND_CHANGES,
    .min_arguments = 1,
    .max_arguments = 2,
    .changes = TRUE,
    .is_offline = TRUE,
    .one_disk = TRUE,
    .options_size = sizeof(Options),
    .add_options = add_options,
    .clear_options = clear_options,
    .run = run,
};
