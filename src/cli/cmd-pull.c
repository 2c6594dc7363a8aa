/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk pull` and `qblk rebase`: merge lower layers into the active layer. */
#include "cli/change.h"
#include "cli/commands.h"
#include "cli/exit-code.h"

/* Of both commands; only `pull` has --base and --all-disks. */
typedef struct {
    QblkChangeOptions change;
    char *base;
    gboolean keep_relative;
} Options;

static void
add_common_options(Options *options, QblkOptionTable *table)
{
    const GOptionEntry entries[] = {
        {"keep-relative", 0, 0, G_OPTION_ARG_NONE, &options->keep_relative,
         "Refuse unless the backing string of the active layer can stay relative", NULL},
        {NULL},
    };

    qblk_option_table_add(table, entries);
    qblk_change_options_add(&options->change, table, QBLK_CHANGE_NEW_JOB);
}

static void
add_pull_options(gpointer data, QblkOptionTable *table)
{
    Options *options = data;
    const GOptionEntry entries[] = {
        {"base", 0, 0, G_OPTION_ARG_STRING, &options->base,
         "Keep this layer and all layers below it (default: keep no layer)", "LAYER"},
        {"all-disks", 0, 0, G_OPTION_ARG_NONE, &options->change.all_disks,
         "Pull all disks, and change none until the jobs of all are pending", NULL},
        {NULL},
    };

    qblk_option_table_add(table, entries);
    add_common_options(options, table);
}

static void
add_rebase_options(gpointer data, QblkOptionTable *table)
{
    add_common_options(data, table);
}

static void
clear_options(gpointer data)
{
    Options *options = data;

    qblk_change_options_clear(&options->change);
    g_free(options->base);
}

/* @data: the layer that stays; NULL: none */
static QblkPlans *
plan_pull(const QblkChange *change, gconstpointer data, GError **error)
{
    const Options *options = change->invocation->options;
    g_autoptr(QblkPullOptions) pull = qblk_pull_options_new();

    qblk_pull_options_set_base(pull, data);
    qblk_pull_options_set_keep_relative(pull, options->keep_relative);
    if (options->change.all_disks) {
        return qblk_plans_new_pull_all(change->client, change->snapshot, pull, change->plan_options,
                                       error);
    }
    return qblk_plans_new_one(qblk_plan_pull(change->client, change->snapshot,
                                             qblk_change_get_disk(change), pull,
                                             change->plan_options, error));
}

/* @base: the layer that stays; NULL: none */
static gboolean
pull_to(QblkInvocation *invocation, const char *base, GError **error)
{
    const Options *options = invocation->options;

    return qblk_change_run(invocation, &options->change, QBLK_RECOVER_FOR_NEW_JOB, plan_pull, base,
                           error);
}

static gboolean
run_pull(QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;

    if (options->change.all_disks && options->base != NULL) {
        return qblk_usage_error(error, "option --base cannot be used with --all-disks");
    }
    return pull_to(invocation, options->base, error);
}

static gboolean
run_rebase(QblkInvocation *invocation, GError **error)
{
    return pull_to(invocation, invocation->arguments[2], error);
}

const QblkCommand qblk_cmd_pull = {
    .name = "pull",
    .virsh_name = "blockpull",
    .arguments = "VM DISK",
    .summary = "Merge lower layers into the active layer",
    .description =
        "Without --base the active layer gets the data of all layers and needs no backing file.",
    .example = "qblk pull /run/vm1.qmp vda --base 'vda[2]'",
    .group = QBLK_COMMAND_CHANGES,
    .min_arguments = 1,
    .max_arguments = 2,
    .changes = TRUE,
    .is_offline = TRUE,
    .one_disk = TRUE,
    .options_size = sizeof(Options),
    .add_options = add_pull_options,
    .clear_options = clear_options,
    .run = run_pull,
};

const QblkCommand qblk_cmd_rebase = {
    .name = "rebase",
    .arguments = "VM DISK LAYER",
    .summary = "Pull, and keep LAYER as the base",
    .description = "The layers between LAYER and the active layer leave the chain.",
    .example = "qblk rebase /run/vm1.qmp vda 'vda[2]'",
    .group = QBLK_COMMAND_CHANGES,
    .min_arguments = 3,
    .max_arguments = 3,
    .changes = TRUE,
    .is_offline = TRUE,
    .one_disk = TRUE,
    .options_size = sizeof(Options),
    .add_options = add_rebase_options,
    .clear_options = clear_options,
    .run = run_rebase,
};
