/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/commands.h"

#include "base/const-cast.h"
#include "cli/change.h"
#include "cli/print/jobs-table.h"
#include "cli/print/output.h"
#include "cli/print/report.h"
#include "cli/vm.h"
#include "plan/plan-job.h"

void
qblk_cmd_job_options(QblkInvocation *invocation, GOptionContext *context)
{
    QblkJobOptions *options = &invocation->job;
    const GOptionEntry entries[] = {
        {"info", 0, 0, G_OPTION_ARG_NONE, &options->info, "Show the job (default)", NULL},
        {"pivot", 0, 0, G_OPTION_ARG_NONE, &options->pivot,
         "End a copy or active commit that is ready, and go on with what it has written", NULL},
        {"finish", 0, 0, G_OPTION_ARG_NONE, &options->finish,
         "End one that is ready, and go on with the source", NULL},
        {"abort", 0, 0, G_OPTION_ARG_NONE, &options->abort, "End the job as it is", NULL},
        {"pause", 0, 0, G_OPTION_ARG_NONE, &options->pause, "Let the job stand still", NULL},
        {"resume", 0, 0, G_OPTION_ARG_NONE, &options->resume, "Let it go on", NULL},
        {"wait", 0, 0, G_OPTION_ARG_NONE, &options->wait,
         "Wait until the job is over, or ready; with --pivot or --finish before those", NULL},
        {NULL},
    };
    g_option_context_add_main_entries(context, entries, NULL);
    qblk_change_options(invocation, context, FALSE);
}

/* What is to be done; FALSE in @is_asked where the job is only to be shown. */
static gboolean
read_request(const QblkJobOptions *options, QblkJobRequest *request, gboolean *is_asked,
             GError **error)
{
    const struct {
        gboolean is_said;
        QblkJobAction action;
    } actions[] = {
        {options->pivot, QBLK_JOB_PIVOT},
        {options->finish, QBLK_JOB_FINISH},
        {options->abort, QBLK_JOB_ABORT},
        {options->pause, QBLK_JOB_PAUSE},
        {options->resume, QBLK_JOB_RESUME},
        {options->bandwidth != QBLK_INVOCATION_UNSET, QBLK_JOB_LIMIT},
    };
    guint said = options->info ? 1 : 0;
    *request = (QblkJobRequest){QBLK_JOB_WAIT, options->wait};
    for (gsize i = 0; i < G_N_ELEMENTS(actions); i++) {
        said += actions[i].is_said ? 1 : 0;
        request->action = actions[i].is_said ? actions[i].action : request->action;
    }
    *is_asked = (said > 0 || options->wait) && !options->info;
    if (said > 1) {
        return qblk_invocation_usage(
            error, "say one of --info, --pivot, --finish, --abort, --pause, --resume and "
                   "--bandwidth");
    }
    gboolean is_bare = options->in_bytes && options->bandwidth == QBLK_INVOCATION_UNSET;
    if (is_bare || (!*is_asked && (options->dry_run || options->time_limit > 0))) {
        return qblk_invocation_usage(
            error, is_bare ? "--bytes says what --bandwidth is in, and there is none"
                           : "--dry-run and --timeout are for what is done to a job, not "
                             "for looking at it");
    }
    gboolean may_wait = said == 0 || options->pivot || options->finish;
    return !options->wait || may_wait ||
           qblk_invocation_usage(error, "--wait goes alone, or with --pivot or --finish");
}

/* Only a job, or that there is none: scripts ask for it. */
static gboolean
show(QblkInvocation *invocation, const QblkJob *job)
{
    if (invocation->output.json) {
        QblkJson *result = qblk_json_new_object();
        qblk_json_set(result, "job", job == NULL ? qblk_json_new_null() : qblk_report_job(job));
        qblk_output_json(&invocation->output, result);
    } else if (job == NULL) {
        g_autofree char *safe = qblk_output_escape(invocation->arguments[1]);
        qblk_output_print(&invocation->output, "no job on '%s'\n", safe);
    } else {
        g_autoptr(GPtrArray) jobs = g_ptr_array_new();
        g_ptr_array_add(jobs, qblk_const_cast(job));
        qblk_jobs_table_print(jobs, invocation->output.text);
    }
    return TRUE;
}

static gboolean
show_from_vm(QblkInvocation *invocation, GError **error)
{
    g_autoptr(QblkVm) vm = qblk_vm_open(invocation, error);
    const QblkSnapshot *snapshot = vm == NULL ? NULL : qblk_vm_snapshot(vm, invocation, error);
    if (snapshot == NULL) {
        return FALSE;
    }
    const char *name = invocation->arguments[1];
    const QblkJob *job = qblk_plan_job_find(snapshot, name);
    return (job != NULL || qblk_snapshot_find(snapshot, name, error) != NULL) &&
           show(invocation, job);
}

typedef struct {
    const QblkJob *job;
    const QblkJobRequest *request;
} Planned;

static QblkPlan *
plan_job(const QblkPlanContext *context, gconstpointer options, GError **error)
{
    const Planned *planned = options;
    return qblk_plan_job(context, planned->job, planned->request, error);
}

static gboolean
fail_without_job(const QblkLive *live, const char *name, GError **error)
{
    if (qblk_snapshot_find(live->snapshot, name, error) != NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_LAYER, "disk '%s' has no job",
                    name);
    }
    return FALSE;
}

gboolean
qblk_cmd_job(QblkInvocation *invocation, GError **error)
{
    QblkJobRequest request;
    gboolean is_asked;
    if (!read_request(&invocation->job, &request, &is_asked, error)) {
        return FALSE;
    }
    if (!is_asked) {
        return show_from_vm(invocation, error);
    }
    g_autoptr(QblkLive) live = qblk_change_open(invocation, error);
    if (live == NULL) {
        return FALSE;
    }
    const char *name = invocation->arguments[1];
    const Planned planned = {qblk_plan_job_find(live->snapshot, name), &request};
    if (planned.job == NULL) {
        return fail_without_job(live, name, error);
    }
    g_autoptr(GPtrArray) plans = qblk_change_plan(live, invocation, plan_job, &planned, error);
    return plans != NULL && qblk_change_finish(live, invocation, plans, error);
}
