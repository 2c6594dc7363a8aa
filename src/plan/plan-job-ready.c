/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-job-ready.h"

#include "plan/crash-guard.h"
#include "plan/plan-check.h"
#include "plan/plan-content.h"
#include "plan/plan-files.h"
#include "plan/plan-filters.h"
#include "plan/plan-job-layers.h"
#include "plan/plan-steps.h"

/* ---- its state ---- */

gboolean
qblk_plan_job_has_state(const QblkJobPlanning *request, const char *state)
{
    return g_str_equal(request->job->status, state);
}

gboolean
qblk_plan_job_is_ready(const QblkJobPlanning *request)
{
    return qblk_plan_job_has_state(request, "ready") || qblk_plan_job_has_state(request, "standby");
}

gboolean
qblk_plan_job_is_in_progress(const QblkJobPlanning *request)
{
    return qblk_plan_job_has_state(request, "created") ||
           qblk_plan_job_has_state(request, "running") ||
           qblk_plan_job_has_state(request, "paused");
}

/* ---- steps ---- */

void
qblk_plan_job_add_wait(QblkPlan *plan, const char *purpose, const char *until)
{
    QblkStep *step = qblk_plan_add(plan, purpose, NULL, qblk_json_new_object());

    step->job = g_strdup(plan->job);
    step->until = g_strdup(until);
    qblk_plan_undo_job(step, FALSE);
}

/* Add the steps from the command that ends a ready job until the job is gone.  How much the job
 * does by itself was decided by the client that started it. */
static void
add_end(QblkPlan *plan, const QblkJob *job, const char *purpose, const char *command,
        QblkJson *arguments)
{
    QblkStep *step = qblk_plan_add(plan, purpose, command, arguments);

    step->job = g_strdup(plan->job);
    step->until = g_strdup(job->auto_finalize ? "concluded" : "pending");
    step->is_final = TRUE;
    /* It is not known if the mirror has "replaces": see plan-copy.c. */
    step->at_most_once = g_str_equal(job->type, "mirror") && g_str_equal(command, "job-complete");

    if (!job->auto_finalize) {
        (void)qblk_plan_add_for_job(plan, "change the chain", "job-finalize", NULL, "concluded");
    }
    if (!job->auto_dismiss) {
        qblk_plan_add_dismiss(plan);
    }
}

QblkJson *
qblk_plan_job_id_arguments(const QblkPlan *plan, const char *member)
{
    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, member, plan->job);
    return arguments;
}

void
qblk_plan_job_add_close_mirrored(QblkPlan *plan, const QblkJobPlanning *request)
{
    if (request->mirrored == NULL || !g_str_equal(request->job->type, "mirror")) {
        return;
    }

    for (guint i = 0; i < request->mirrored->layers->len; i++) {
        const QblkLayer *layer = request->mirrored->layers->pdata[i];
        if (qblk_plan_has_layer(plan->before, layer)) {
            return; /* from here on it shares the layers of the chain */
        }
        qblk_plan_add_close(plan, layer->node_name);
        if (layer->storage != NULL && !g_str_equal(layer->storage, layer->node_name)) {
            qblk_plan_add_close(plan, layer->storage);
        }
    }
}

void
qblk_plan_job_expect_before(QblkPlan *plan, const QblkJobPlanning *request)
{
    if (request->chain != NULL) {
        qblk_plan_expect_layers(plan, request->chain->layers, 0);
    }
}

/* ---- a job that becomes ready ---- */

/* The guest would be switched to a file without a name, or with one that means another file; or the
 * user would take that file for the copy. */
static gboolean
check_mirrored_file(const QblkJobPlanning *request, QblkFileUse use, GError **error)
{
    g_auto(QblkFileUses) uses = {0};

    qblk_file_uses_init(&uses, request->mirrored);
    qblk_file_uses_set(&uses, 0, 1, use);
    return qblk_file_uses_check(&uses, error);
}

static void
plan_pivot(QblkPlan *plan, const QblkJobPlanning *request)
{
    const GPtrArray *layers = request->chain->layers;

    add_end(plan, request->job, "switch the guest to what the job has written", "job-complete",
            qblk_plan_job_id_arguments(plan, "id"));

    qblk_crash_guard_watch(plan, request->context, qblk_chain_get_layer(request->chain, 0));
    qblk_plan_expect_layers(plan, request->mirrored->layers, 0);
    if (g_str_equal(request->job->type, "commit")) {
        qblk_plan_set_merged(plan, qblk_chain_get_layer(request->chain, 0),
                             qblk_chain_get_layer(request->mirrored, 0));
    }

    for (guint i = 0; i < layers->len; i++) {
        const QblkLayer *layer = layers->pdata[i];
        if (qblk_plan_has_layer(plan->after, layer)) {
            break; /* from here on the chains are the same */
        }
        qblk_plan_add_close_layer(plan, request->context, layer);
        if (i + 1 < layers->len) {
            qblk_plan_filters_add_close(plan, request->context, layers->pdata[i + 1]);
        }
    }
}

void
qblk_plan_job_finish(QblkPlan *plan, const QblkJobPlanning *request)
{
    const QblkLayer *written = qblk_chain_get_layer(request->mirrored, 0);
    QblkJson *arguments = qblk_plan_job_id_arguments(plan, "device");
    qblk_json_set_boolean(arguments, "force", FALSE);

    add_end(plan, request->job, "end the job and keep the source", "block-job-cancel", arguments);
    qblk_plan_job_add_close_mirrored(plan, request);
    qblk_plan_job_expect_before(plan, request);
    qblk_plan_set_copy(plan, written);
    qblk_plan_set_outcome(plan, request->request->action == QBLK_JOB_ABORT ? QBLK_OUTCOME_CANCELLED
                                                                           : QBLK_OUTCOME_FINISHED);
}

gboolean
qblk_plan_job_check_deletion(const QblkJobPlanning *request, GError **error)
{
    const QblkJob *job = request->job;
    if (!request->request->delete_removed) {
        return TRUE;
    }

    if (request->request->action != QBLK_JOB_PIVOT) {
        return qblk_plan_refuse(error,
                                "images can be deleted only if job '%s' ends with a pivot: "
                                "otherwise the active layer stays in use",
                                job->id);
    }
    /* It may be one of the changes of one layer only, which QEMU does not report. */
    if (!g_str_equal(job->type, "commit")) {
        return qblk_plan_refuse(error,
                                "images can be deleted only after a commit: it is not known what "
                                "job '%s' (%s) has copied",
                                job->id, job->type);
    }
    return TRUE;
}

/* Delete the layers above the base. */
static gboolean
delete_removed(QblkPlan *plan, const QblkJobPlanning *request, GError **error)
{
    const QblkChain *chain = request->chain;
    guint end = 0;
    if (!request->request->delete_removed) {
        return TRUE;
    }

    while (end < chain->layers->len &&
           !qblk_plan_has_layer(plan->after, qblk_chain_get_layer(chain, end))) {
        end++;
    }
    if (end == chain->layers->len) {
        return qblk_plan_refuse(error,
                                "images cannot be deleted: job '%s' does not write to a "
                                "layer of '%s'",
                                request->job->id, chain->target);
    }
    return qblk_plan_check_users(request->context, chain, qblk_chain_get_layer(chain, 0),
                                 qblk_chain_get_layer(chain, end - 1), error) &&
           qblk_plan_check_internal_snapshots(request->context, chain, 0, end, TRUE, plan, error) &&
           qblk_plan_delete_removed(plan, error);
}

static gboolean
check_can_end(const QblkJobPlanning *request, GError **error)
{
    const QblkJob *job = request->job;

    if (qblk_plan_job_has_state(request, "concluded")) {
        return qblk_plan_refuse(error,
                                "job '%s' (%s) is concluded: use --wait to see its result and "
                                "dismiss it",
                                job->id, job->type);
    }
    if (request->mirrored == NULL) {
        return qblk_plan_refuse(error,
                                "job '%s' (%s) is not a copy or an active commit, and ends by "
                                "itself: use --wait or --abort",
                                job->id, job->type);
    }
    if (qblk_plan_job_is_ready(request)) {
        return TRUE;
    }
    if (!qblk_plan_job_is_in_progress(request)) {
        return qblk_plan_refuse(error, "job '%s' is not ready (%s)", job->id, job->status);
    }
    if (!request->request->waits) {
        return qblk_plan_refuse(error, "job '%s' is not ready yet (%s): add --wait", job->id,
                                job->status);
    }
    return TRUE;
}

gboolean
qblk_plan_job_end(QblkPlan *plan, const QblkJobPlanning *request, GError **error)
{
    if (!check_can_end(request, error)) {
        return FALSE;
    }

    gboolean is_pivot = request->request->action == QBLK_JOB_PIVOT;
    if (!check_mirrored_file(request, is_pivot ? QBLK_USE_PIVOT : QBLK_USE_COPY, error)) {
        return FALSE;
    }
    if (is_pivot &&
        !qblk_crash_guard_check(request->context, qblk_chain_get_layer(request->chain, 0),
                                request->chain->target, error)) {
        return FALSE;
    }

    if (!qblk_plan_job_is_ready(request)) {
        qblk_plan_job_add_wait(plan, "wait until the job is ready", "ready");
    }
    if (!is_pivot) {
        qblk_plan_job_finish(plan, request);
        return TRUE;
    }
    if (!qblk_plan_job_layers_pivot_bitmaps(plan, request->context, request->job, request->chain,
                                            request->mirrored, request->request->delete_removed,
                                            error)) {
        return FALSE;
    }
    plan_pivot(plan, request);
    return delete_removed(plan, request, error);
}
