/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-job.h"

#include "graph/snapshot-jobs.h"
#include "plan/backing-string.h"
#include "plan/crash-guard.h"
#include "plan/plan-check.h"
#include "plan/plan-files.h"
#include "plan/plan-filters.h"
#include "plan/plan-flush.h"
#include "plan/plan-job-layers.h"
#include "plan/plan-job-ready.h"
#include "plan/plan-managed.h"
#include "plan/plan-space.h"
#include "plan/plan-steps.h"
#include "plan/plan-users.h"

/* ---- which job ---- */

/* TRUE if the id is "qblk-KIND-TARGET". */
static gboolean
has_our_id(const QblkJob *job, const char *target)
{
    g_autofree char *part = qblk_plan_id_part(target);
    g_autofree char *end = g_strconcat("-", part, NULL);

    return g_str_has_prefix(job->id, "qblk-") && g_str_has_suffix(job->id, end);
}

const QblkJob *
qblk_plan_job_find(const QblkSnapshot *snapshot, const char *name)
{
    g_autoptr(GError) cause = NULL;
    const QblkDevice *disk = qblk_snapshot_find_device(snapshot, name, &cause);
    const char *target = disk == NULL ? name : disk->target;

    const QblkJob *attached = qblk_snapshot_find_job_of(snapshot, target);
    if (attached != NULL) {
        return attached;
    }

    for (guint i = 0; i < snapshot->jobs->len; i++) {
        const QblkJob *job = snapshot->jobs->pdata[i];
        if (g_str_equal(job->id, name)) {
            return job;
        }
        if (job->target == NULL && has_our_id(job, target)) {
            return job;
        }
    }
    return NULL;
}

/* ---- a job that does not ---- */

/* The topmost layer that a commit within the chain removes; NULL: it is another job. */
static const QblkLayer *
find_top(const QblkJobPlanning *request)
{
    gboolean is_commit = g_str_equal(request->job->type, "commit");
    for (guint i = 1; is_commit && request->chain != NULL && i < request->chain->layers->len; i++) {
        const QblkLayer *layer = request->chain->layers->pdata[i];
        if (qblk_plan_job_layers_removes(request->job, layer)) {
            return layer;
        }
    }
    return NULL;
}

/* Set @name to what has to be written into the header above a filter that stays, or to NULL. */
static gboolean
choose_header(const QblkJobPlanning *request, char **name, GError **error)
{
    const QblkLayer *top = find_top(request);
    *name = NULL;
    if (top == NULL || !qblk_plan_filters_keep_header(top)) {
        return TRUE;
    }

    guint i = top->position + 1;
    while (i + 1 < request->chain->layers->len &&
           qblk_plan_job_layers_removes(request->job, request->chain->layers->pdata[i])) {
        i++;
    }
    const QblkLayer *overlay = qblk_chain_get_layer(request->chain, top->position - 1);
    const QblkLayer *base = qblk_chain_get_layer(request->chain, i);
    if (base == NULL ||
        !qblk_plan_filters_check_header(request->chain, overlay, top, base, error)) {
        return base == NULL;
    }
    *name = qblk_backing_string_choose(request->context->snapshot, request->chain, overlay, base,
                                       FALSE, error);
    return *name != NULL;
}

/* The filters above a layer leave with the layer above them; a stream removes those below the
 * active layer as well. */
static void
add_close(QblkPlan *plan, const QblkJobPlanning *request, const QblkLayer *layer,
          gboolean is_removed, gboolean is_next)
{
    gboolean is_stream = g_str_equal(request->job->type, "stream");
    if (is_next || (is_removed && is_stream)) {
        qblk_plan_filters_add_close(plan, request->context, layer);
    }
    if (is_removed) {
        qblk_plan_add_close_layer(plan, request->context, layer);
    }
}

/* Expect the chain without the layers that the job removes. */
static void
expect_shorter(QblkPlan *plan, const QblkJobPlanning *request, const char *header)
{
    gboolean was_removed = FALSE;
    for (guint i = 0; request->chain != NULL && i < request->chain->layers->len; i++) {
        const QblkLayer *layer = request->chain->layers->pdata[i];
        const QblkLayer *next = qblk_chain_get_layer(request->chain, i + 1);
        gboolean is_removed = qblk_plan_job_layers_removes(request->job, layer);

        add_close(plan, request, layer, is_removed, was_removed);
        if (!is_removed && next != NULL && qblk_plan_job_layers_removes(request->job, next)) {
            qblk_plan_filters_expect_header(plan, layer, next, header);
        } else if (!is_removed) {
            (void)qblk_plan_expect(plan, layer);
        }
        was_removed = is_removed;
    }
}

/* Flush the nodes that a commit or stream writes to. */
static void
add_flush(QblkPlan *plan, const QblkJobPlanning *request)
{
    gboolean is_stream = g_str_equal(request->job->type, "stream");
    const char *edge = is_stream ? "active node" : "base";

    for (guint i = 0; i < request->job->nodes->len; i++) {
        const QblkChild *child = request->job->nodes->pdata[i];
        if (g_str_equal(child->name, edge)) {
            qblk_plan_add_flush(plan, request->context, child->node->name);
        }
    }
}

/* Check that enough is known of the job if reading the nodes would be unsafe.  A stream only has to
 * be dismissed, which also makes reading safe again. */
static gboolean
check_is_known(const QblkJobPlanning *request, GError **error)
{
    if (request->chain != NULL || g_str_equal(request->job->type, "stream")) {
        return TRUE;
    }
    return qblk_plan_refuse(error, "%s", request->context->snapshot->no_nodes_reason);
}

/* Dismiss a job that is concluded, and return its error. */
static void
plan_dismiss(QblkPlan *plan, const QblkJobPlanning *request)
{
    qblk_plan_job_add_wait(plan, "wait until the job is concluded", "concluded");
    qblk_plan_add_dismiss(plan);
    qblk_plan_job_expect_before(plan, request);
    qblk_plan_set_outcome(plan, QBLK_OUTCOME_DISMISSED);
}

static void
plan_wait_until_ready(QblkPlan *plan, const QblkJobPlanning *request)
{
    if (!qblk_plan_job_is_ready(request)) {
        qblk_plan_job_add_wait(plan, "wait until the job is ready", "ready");
    }
    plan->stays_ready = TRUE;
    qblk_plan_job_expect_before(plan, request);
}

static gboolean
plan_wait_until_concluded(QblkPlan *plan, const QblkJobPlanning *request, GError **error)
{
    const QblkJob *job = request->job;
    g_autofree char *header = NULL;
    if (!choose_header(request, &header, error)) {
        return FALSE;
    }

    if (job->auto_finalize) {
        if (!qblk_plan_job_layers_finalize_bitmaps(plan, request->context, job, request->chain,
                                                   error)) {
            return FALSE;
        }
        qblk_plan_job_add_wait(plan, "wait until the job is concluded", "concluded");
    } else {
        qblk_plan_job_add_wait(plan, "wait until the job is pending", "pending");
        if (!qblk_plan_job_layers_finalize_bitmaps(plan, request->context, job, request->chain,
                                                   error)) {
            return FALSE;
        }
        add_flush(plan, request);
        QblkStep *finalize =
            qblk_plan_add_for_job(plan, "change the chain", "job-finalize", NULL, "concluded");
        finalize->is_final = TRUE;
    }
    if (!job->auto_dismiss) {
        qblk_plan_add_dismiss(plan);
    }
    if (header != NULL) {
        const QblkLayer *top = find_top(request);
        qblk_plan_filters_add_header(plan, request->chain,
                                     qblk_chain_get_layer(request->chain, top->position - 1), top,
                                     header);
    }
    expect_shorter(plan, request, header);
    return TRUE;
}

/* At its end a commit replaces the topmost layer that it removes. */
static gboolean
check_crash(QblkPlan *plan, const QblkJobPlanning *request, GError **error)
{
    const QblkLayer *top = find_top(request);
    if (top == NULL) {
        return TRUE;
    }
    qblk_crash_guard_watch(plan, request->context, top);
    return qblk_crash_guard_check(request->context, top, request->chain->target, error);
}

static gboolean
plan_wait(QblkPlan *plan, const QblkJobPlanning *request, GError **error)
{
    if (qblk_plan_job_has_state(request, "concluded") ||
        qblk_plan_job_has_state(request, "aborting")) {
        plan_dismiss(plan, request);
        return TRUE;
    }
    if (!check_is_known(request, error)) {
        return FALSE;
    }

    if (request->mirrored != NULL) {
        plan_wait_until_ready(plan, request);
        return TRUE;
    }
    if (!check_crash(plan, request, error)) {
        return FALSE;
    }
    return plan_wait_until_concluded(plan, request, error);
}

/* ---- any job ---- */

/* Note the image that the job leaves incomplete.  What a commit or stream has written is in the
 * chain, which is complete without it. */
static void
set_partial(QblkPlan *plan, const QblkJobPlanning *request)
{
    const QblkSnapshot *snapshot = request->context->snapshot;
    const QblkNode *target = qblk_job_copy_target(request->job);
    g_autoptr(QblkChain) copy =
        target == NULL ? NULL : qblk_snapshot_chain_of_node(snapshot, target, NULL);
    const QblkLayer *written = copy == NULL ? NULL : qblk_chain_get_layer(copy, 0);

    if (written != NULL) {
        const char *path = qblk_plan_layer_path(written);
        plan->partial = g_strdup(path == NULL ? written->filename : path);
    }
}

static void
plan_cancel(QblkPlan *plan, const QblkJobPlanning *request)
{
    QblkStep *cancel =
        qblk_plan_add_for_job(plan, "cancel the job", "job-cancel", NULL, "concluded");

    cancel->may_fail = TRUE;
    if (!request->job->auto_dismiss) {
        qblk_plan_add_dismiss(plan);
    }
    qblk_plan_job_add_close_mirrored(plan, request);
    qblk_plan_job_expect_before(plan, request);
    qblk_plan_set_outcome(plan, QBLK_OUTCOME_CANCELLED);
    set_partial(plan, request);
}

static gboolean
plan_abort(QblkPlan *plan, const QblkJobPlanning *request, GError **error)
{
    if (qblk_plan_job_has_state(request, "concluded")) {
        plan_dismiss(plan, request);
        return TRUE;
    }
    if (request->mirrored != NULL && qblk_plan_job_is_ready(request)) {
        qblk_plan_job_finish(plan, request);
        return TRUE;
    }
    if (!check_is_known(request, error)) {
        return FALSE;
    }
    plan_cancel(plan, request);
    return TRUE;
}

static gboolean
plan_pause(QblkPlan *plan, const QblkJobPlanning *request, GError **error)
{
    const QblkJob *job = request->job;

    if (!qblk_plan_job_has_state(request, "running") &&
        !qblk_plan_job_has_state(request, "ready")) {
        return qblk_plan_refuse(error, "job '%s' cannot be paused: it is %s", job->id, job->status);
    }
    (void)qblk_plan_add(plan, "pause the job", "job-pause", qblk_plan_job_id_arguments(plan, "id"));
    plan->stays_ready = TRUE;
    return TRUE;
}

static gboolean
plan_resume(QblkPlan *plan, const QblkJobPlanning *request, GError **error)
{
    const QblkJob *job = request->job;

    if (!qblk_plan_job_has_state(request, "paused") &&
        !qblk_plan_job_has_state(request, "standby")) {
        return qblk_plan_refuse(error, "job '%s' cannot be resumed: it is %s", job->id,
                                job->status);
    }
    (void)qblk_plan_add(plan, "resume the job", "job-resume",
                        qblk_plan_job_id_arguments(plan, "id"));
    plan->stays_ready = TRUE;
    return TRUE;
}

static gboolean
plan_limit(QblkPlan *plan, const QblkJobPlanning *request, GError **error)
{
    const QblkJob *job = request->job;
    if (!qblk_plan_job_is_in_progress(request) && !qblk_plan_job_is_ready(request)) {
        return qblk_plan_refuse(error, "the speed of job '%s' cannot be changed: it is %s", job->id,
                                job->status);
    }

    QblkJson *arguments = qblk_plan_job_id_arguments(plan, "device");
    qblk_json_set_integer(arguments, "speed", request->context->speed);
    (void)qblk_plan_add(plan, "change the speed of the job", "block-job-set-speed", arguments);
    plan->stays_ready = TRUE;
    return TRUE;
}

static gboolean
add_steps(QblkPlan *plan, const QblkJobPlanning *request, GError **error)
{
    static gboolean (*const planners[])(QblkPlan *, const QblkJobPlanning *, GError **) = {
        [QBLK_JOB_WAIT] = plan_wait,           [QBLK_JOB_PIVOT] = qblk_plan_job_end,
        [QBLK_JOB_FINISH] = qblk_plan_job_end, [QBLK_JOB_ABORT] = plan_abort,
        [QBLK_JOB_PAUSE] = plan_pause,         [QBLK_JOB_RESUME] = plan_resume,
        [QBLK_JOB_LIMIT] = plan_limit,
    };
    return planners[request->request->action](plan, request, error);
}

/* Set @chain to the chain of the disk that the job works on; NULL if it is not known. */
static gboolean
load_chain(const QblkPlanContext *context, const QblkJob *job, QblkChain **chain, GError **error)
{
    gboolean is_over = g_str_equal(job->status, "concluded"); /* it has released its nodes */
    gboolean is_readable = context->snapshot->no_nodes_reason == NULL;

    if (is_readable && job->target == NULL && !is_over) {
        return qblk_plan_refuse(error, "job '%s' (%s) does not work on a disk", job->id, job->type);
    }
    if (!is_readable || job->target == NULL) {
        return qblk_plan_managed_check_job(context, job, error);
    }

    *chain = qblk_snapshot_chain(context->snapshot, job->target, error);
    return *chain != NULL && qblk_plan_managed_check_disk(context, (*chain)->target, error);
}

/* Set @chain to the chain of the image that the job mirrors to; NULL if it does not mirror. */
static gboolean
load_mirrored(const QblkPlanContext *context, const QblkJob *job, QblkChain **chain, GError **error)
{
    const QblkNode *target = qblk_job_mirror_target(job);
    if (target == NULL) {
        return TRUE;
    }
    *chain = qblk_snapshot_chain_of_node(context->snapshot, target, error);
    return *chain != NULL;
}

/* ---- the file of a base ---- */

static const QblkLayer *
find_layer(const QblkChain *chain, const char *node_name)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (g_strcmp0(layer->node_name, node_name) == 0) {
            return layer;
        }
    }
    return NULL;
}

/* The layer that a commit writes to, if it is known. */
static const QblkLayer *
find_base(const QblkJobPlanning *request)
{
    const GPtrArray *nodes = request->job->nodes;
    if (request->chain == NULL || !g_str_equal(request->job->type, "commit")) {
        return NULL;
    }

    if (request->mirrored != NULL) { /* an active commit */
        const QblkLayer *written = qblk_chain_get_layer(request->mirrored, 0);
        return written == NULL ? NULL : find_layer(request->chain, written->node_name);
    }
    for (guint i = 0; i < nodes->len; i++) {
        const QblkChild *child = nodes->pdata[i];
        if (g_str_equal(child->name, "base")) {
            return find_layer(request->chain, child->node->name);
        }
    }
    return NULL;
}

/* TRUE if the request ends the job, without a pivot. */
static gboolean
ends_job(const QblkJobPlanning *request)
{
    switch (request->request->action) {
    case QBLK_JOB_FINISH:
    case QBLK_JOB_ABORT:
        return TRUE;
    case QBLK_JOB_WAIT:
        return request->mirrored == NULL && !request->job->auto_finalize;
    case QBLK_JOB_PIVOT:
    case QBLK_JOB_PAUSE:
    case QBLK_JOB_RESUME:
    case QBLK_JOB_LIMIT:
        break;
    }
    return FALSE;
}

static gboolean
check_base(const QblkJobPlanning *request, GError **error)
{
    const QblkLayer *base = find_base(request);
    gboolean has_ended = qblk_plan_job_has_state(request, "concluded");

    if (base == NULL || has_ended || !ends_job(request)) {
        return TRUE;
    }
    return qblk_file_uses_check_end(request->chain, base, error);
}

QblkPlan *
qblk_plan_make_job(const QblkPlanContext *context, const QblkJob *job,
                   const QblkJobRequest *request, GError **error)
{
    g_autoptr(QblkChain) chain = NULL;
    g_autoptr(QblkChain) mirrored = NULL;
    if (!load_chain(context, job, &chain, error)) {
        return NULL;
    }
    if (!load_mirrored(context, job, &mirrored, error)) {
        return NULL;
    }

    const QblkJobPlanning all = {context, job, request, chain, mirrored};
    QblkPlanContext named = *context;
    named.job = job->id;
    g_autoptr(QblkChain) unknown = chain == NULL ? qblk_chain_new(context->target) : NULL;
    g_autoptr(QblkPlan) plan =
        qblk_plan_new(qblk_job_get_kind_name(job), &named, chain == NULL ? unknown : chain);

    plan->existing_job = TRUE;
    qblk_plan_managed_warn(plan, context);
    qblk_plan_space_set_written(plan, qblk_plan_job_layers_get_written(job, chain, mirrored));
    if (!qblk_plan_job_check_deletion(&all, error) || !check_base(&all, error)) {
        return NULL;
    }
    if (request->action <= QBLK_JOB_FINISH) {
        qblk_plan_warn_of_readers(plan, find_base(&all));
    }
    if (!add_steps(plan, &all, error) || !qblk_crash_guard_check_closed(plan, context, error)) {
        return NULL;
    }
    return g_steal_pointer(&plan);
}
