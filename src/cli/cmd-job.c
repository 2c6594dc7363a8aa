/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `qblk job`: show or manage the job of one disk. */
#include "cli/change.h"
#include "cli/commands.h"
#include "cli/exit-code.h"
#include "cli/print/jobs-table.h"
#include "cli/print/report.h"
#include "cli/vm.h"

typedef struct {
    QblkChangeOptions change;
    gboolean info, pivot, finish, abort, pause, resume, wait;
} Options;

static void
add_options(gpointer data, QblkOptionTable *table)
{
    Options *options = data;
    const GOptionEntry entries[] = {
        {"info", 0, 0, G_OPTION_ARG_NONE, &options->info, "Show the job (default)", NULL},
        {"pivot", 0, 0, G_OPTION_ARG_NONE, &options->pivot,
         "Complete a ready copy or active commit, and switch the guest", NULL},
        {"finish", 0, 0, G_OPTION_ARG_NONE, &options->finish,
         "Complete a ready job, and keep the guest on the source", NULL},
        {"abort", 0, 0, G_OPTION_ARG_NONE, &options->abort, "Cancel the job", NULL},
        {"pause", 0, 0, G_OPTION_ARG_NONE, &options->pause, "Pause the job", NULL},
        {"resume", 0, 0, G_OPTION_ARG_NONE, &options->resume, "Resume the job", NULL},
        {"wait", 0, 0, G_OPTION_ARG_NONE, &options->wait,
         "Wait until it is ready or has ended, before --pivot or --finish", NULL},
        {"delete", 0, 0, G_OPTION_ARG_NONE, &options->change.delete_removed,
         "With --pivot, delete the files that a commit has merged", NULL},
        {"delete-internal-snapshots", 0, 0, G_OPTION_ARG_NONE,
         &options->change.delete_internal_snapshots,
         "Allow --delete to delete images that contain snapshots", NULL},
        {"async", 0, 0, G_OPTION_ARG_NONE, &options->change.is_async,
         "No effect with --abort or --pivot: their end is waited for", NULL},
        {NULL},
    };

    qblk_option_table_add(table, entries);
    qblk_change_options_add(&options->change, table, QBLK_CHANGE_OLD_JOB);
}

static void
clear_options(gpointer data)
{
    Options *options = data;

    qblk_change_options_clear(&options->change);
}

/* ---- the request ---- */

/* Returns: how many actions the options name; @action is the last of them, or to wait. */
static guint
read_actions(const Options *options, QblkJobAction *action)
{
    const struct {
        gboolean is_given;
        QblkJobAction action;
    } actions[] = {
        {options->pivot, QBLK_JOB_PIVOT},   {options->finish, QBLK_JOB_FINISH},
        {options->abort, QBLK_JOB_ABORT},   {options->pause, QBLK_JOB_PAUSE},
        {options->resume, QBLK_JOB_RESUME}, {options->change.bandwidth != NULL, QBLK_JOB_LIMIT},
    };
    guint count = 0;

    *action = QBLK_JOB_WAIT;
    for (gsize i = 0; i < G_N_ELEMENTS(actions); i++) {
        if (actions[i].is_given) {
            *action = actions[i].action;
            count++;
        }
    }

    return count;
}

/* @action: (out)
 * @is_shown: (out): the job is only shown */
static gboolean
read_request(const Options *options, QblkJobAction *action, gboolean *is_shown, GError **error)
{
    const QblkChangeOptions *change = &options->change;
    guint count = read_actions(options, action);

    *is_shown = options->info || (count == 0 && !options->wait);

    if (count + (options->info ? 1 : 0) > 1) {
        return qblk_usage_error(
            error, "use only one of --info, --pivot, --finish, --abort, --pause, --resume and "
                   "--bandwidth");
    }
    if (change->in_bytes && change->bandwidth == NULL) {
        return qblk_usage_error(error, "option --bytes needs --bandwidth");
    }
    if (*is_shown && (change->dry_run || change->time_limit > 0)) {
        return qblk_usage_error(
            error, "options --dry-run and --time-limit need an action, such as --wait or --pivot");
    }

    if (change->delete_removed && !options->pivot) {
        return qblk_usage_error(
            error, "option --delete needs --pivot: otherwise the active layer stays in use");
    }
    if (change->delete_internal_snapshots && !change->delete_removed) {
        return qblk_usage_error(error, "option --delete-internal-snapshots needs --delete");
    }
    if (change->is_async && !options->abort && !options->pivot) {
        return qblk_usage_error(error, "option --async needs --abort or --pivot");
    }

    gboolean is_alone = count == 0 && !options->info;
    gboolean can_wait = is_alone || options->pivot || options->finish;
    if (options->wait && !can_wait) {
        return qblk_usage_error(error,
                                "option --wait can be combined only with --pivot or --finish");
    }

    return TRUE;
}

static QblkRecoverPurpose
purpose_of(QblkJobAction action)
{
    gboolean is_setting =
        action == QBLK_JOB_PAUSE || action == QBLK_JOB_RESUME || action == QBLK_JOB_LIMIT;

    return is_setting ? QBLK_RECOVER_FOR_SETTING : QBLK_RECOVER_FOR_JOB_END;
}

/* ---- showing ---- */

static void
print_text(QblkOutput *output, const char *name, const QblkJob *job)
{
    if (job == NULL) {
        g_autofree char *safe = qblk_output_escape(name);
        qblk_output_print(output, "no job on '%s'\n", safe);
        return;
    }

    qblk_jobs_table_print(&job, 1, output);
}

static void
print_json(QblkOutput *output, const QblkJob *job)
{
    QblkJson *result = qblk_json_new_object();

    qblk_json_set(result, "job", job == NULL ? qblk_json_new_null() : qblk_report_job(job));
    qblk_output_json(output, result);
}

/* A disk without a job is not an error: scripts test for a job in this way. */
static gboolean
show_job(QblkInvocation *invocation, GError **error)
{
    const char *name = invocation->arguments[1];
    g_autoptr(QblkVm) vm = qblk_vm_open(invocation, error);
    if (vm == NULL) {
        return FALSE;
    }

    const QblkSnapshot *snapshot = qblk_vm_get_snapshot(vm, error);
    if (snapshot == NULL) {
        return FALSE;
    }

    const QblkJob *job = qblk_plan_find_job(snapshot, name);
    if (job == NULL && qblk_snapshot_find_device(snapshot, name, error) == NULL) {
        return FALSE;
    }

    if (invocation->output.json) {
        print_json(&invocation->output, job);
    } else {
        print_text(&invocation->output, name, job);
    }
    return TRUE;
}

/* ---- managing ---- */

static QblkPlans *
plan_job(const QblkChange *change, gconstpointer data, GError **error)
{
    return qblk_plans_new_one(qblk_plan_job(change->client, change->snapshot,
                                            qblk_change_get_disk(change), data,
                                            change->plan_options, error));
}

static gboolean
manage_job(QblkInvocation *invocation, QblkJobAction action, GError **error)
{
    const Options *options = invocation->options;
    g_autoptr(QblkJobRequest) request = qblk_job_request_new();

    qblk_job_request_set_action(request, action);
    qblk_job_request_set_waits(request, options->wait);
    qblk_job_request_set_delete_removed(request, options->change.delete_removed);
    return qblk_change_run(invocation, &options->change, purpose_of(action), plan_job, request,
                           error);
}

static gboolean
run(QblkInvocation *invocation, GError **error)
{
    const Options *options = invocation->options;
    QblkJobAction action;
    gboolean is_shown;

    if (!read_request(options, &action, &is_shown, error)) {
        return FALSE;
    }
    return is_shown ? show_job(invocation, error) : manage_job(invocation, action, error);
}

const QblkCommand qblk_cmd_job = {
    .name = "job",
    .virsh_name = "blockjob",
    .arguments = "VM DISK",
    .summary = "Show or control the job of a disk",
    .description = "Without an option, show it.",
    .example = "qblk job /run/vm1.qmp vda --pivot",
    .group = QBLK_COMMAND_CHANGES,
    .needs_qemu = TRUE,
    .min_arguments = 2,
    .max_arguments = 2,
    .changes = TRUE,
    .one_disk = TRUE,
    .options_size = sizeof(Options),
    .add_options = add_options,
    .clear_options = clear_options,
    .run = run,
};
