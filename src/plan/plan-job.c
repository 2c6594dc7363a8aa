/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-job.h"

#include "graph/snapshot-jobs.h"
#include "plan/plan-check.h"
#include "plan/plan-steps.h"

#define INTERMEDIATE "intermediate node" /* the edge to what leaves the chain (block/commit.c) */

typedef struct {
    const QblkPlanContext *context;
    const QblkJob *job;
    const QblkJobRequest *request;
    const QblkChain *chain;    /* NULL if reading the nodes would be unsafe */
    const QblkChain *mirrored; /* what a copy or active commit writes to; NULL for other jobs */
} Request;

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
    const QblkDevice *disk = qblk_snapshot_find(snapshot, name, &cause);
    const char *target = disk == NULL ? name : disk->target;

    const QblkJob *attached = qblk_snapshot_jobs_of(snapshot, target);
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

/* ---- its state ---- */

static gboolean
has_state(const Request *request, const char *state)
{
    return g_str_equal(request->job->status, state);
}

/* A ready job that is paused is in the state "standby". */
static gboolean
is_ready(const Request *request)
{
    return has_state(request, "ready") || has_state(request, "standby");
}

static gboolean
is_in_progress(const Request *request)
{
    return has_state(request, "created") || has_state(request, "running") ||
           has_state(request, "paused");
}

/* ---- steps ---- */

/* Add a step that waits without a command.  A job that fails meanwhile is dismissed. */
static void
add_wait(QblkPlan *plan, const char *purpose, const char *until)
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

static QblkJson *
job_arguments(const QblkPlan *plan, const char *member)
{
    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, member, plan->job);
    return arguments;
}

/* Close the nodes that a mirror has written to.  A commit writes to a layer of the chain, which
 * stays. */
static void
add_close_mirrored(QblkPlan *plan, const Request *request)
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

static void
expect_before(QblkPlan *plan, const Request *request)
{
    if (request->chain != NULL) {
        qblk_plan_expect_layers(plan, request->chain->layers, 0);
    }
}

/* ---- a job that becomes ready ---- */

static void
plan_pivot(QblkPlan *plan, const Request *request)
{
    const GPtrArray *layers = request->chain->layers;

    add_end(plan, request->job, "switch the guest to what the job has written", "job-complete",
            job_arguments(plan, "id"));

    qblk_plan_expect_layers(plan, request->mirrored->layers, 0);
    if (g_str_equal(request->job->type, "commit")) {
        qblk_plan_set_merged(plan, qblk_chain_get_layer(request->chain, 0),
                             qblk_chain_get_layer(request->mirrored, 0));
    }

    for (guint i = 0; i < layers->len; i++) {
        const QblkLayer *layer = layers->pdata[i];
        if (!qblk_plan_has_layer(plan->after, layer)) {
            qblk_plan_add_close_layer(plan, request->context, layer);
        }
    }
}

static void
plan_finish(QblkPlan *plan, const Request *request)
{
    const QblkLayer *written = qblk_chain_get_layer(request->mirrored, 0);
    QblkJson *arguments = job_arguments(plan, "device");
    qblk_json_set_boolean(arguments, "force", FALSE);

    add_end(plan, request->job, "end the job and keep the source", "block-job-cancel", arguments);
    add_close_mirrored(plan, request);
    expect_before(plan, request);
    plan->copy = g_strdup(written->filename);
}

static gboolean
check_can_end(const Request *request, GError **error)
{
    const QblkJob *job = request->job;

    if (has_state(request, "concluded")) {
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
    if (is_ready(request)) {
        return TRUE;
    }
    if (!is_in_progress(request)) {
        return qblk_plan_refuse(error, "job '%s' is not ready (%s)", job->id, job->status);
    }
    if (!request->request->waits) {
        return qblk_plan_refuse(error, "job '%s' is not ready yet (%s): add --wait", job->id,
                                job->status);
    }
    return TRUE;
}

static gboolean
plan_ready(QblkPlan *plan, const Request *request, GError **error)
{
    if (!check_can_end(request, error)) {
        return FALSE;
    }

    if (!is_ready(request)) {
        add_wait(plan, "wait until the job is ready", "ready");
    }
    if (request->request->action == QBLK_JOB_PIVOT) {
        plan_pivot(plan, request);
    } else {
        plan_finish(plan, request);
    }
    return TRUE;
}

/* ---- a job that does not ---- */

/* TRUE if the job removes @layer from the chain. */
static gboolean
removes_layer(const Request *request, const QblkLayer *layer)
{
    const GPtrArray *nodes = request->job->nodes;

    for (guint i = 0; i < nodes->len; i++) {
        const QblkChild *child = nodes->pdata[i];
        if (!g_str_equal(child->name, INTERMEDIATE)) {
            continue;
        }
        if (g_strcmp0(child->node->name, layer->node_name) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Expect the chain without the layers that the job removes. */
static void
expect_shorter(QblkPlan *plan, const Request *request)
{
    if (request->chain == NULL) {
        return;
    }

    const GPtrArray *layers = request->chain->layers;
    for (guint i = 0; i < layers->len; i++) {
        const QblkLayer *layer = layers->pdata[i];
        const QblkLayer *next = i + 1 < layers->len ? layers->pdata[i + 1] : NULL;
        if (removes_layer(request, layer)) {
            qblk_plan_add_close_layer(plan, request->context, layer);
        } else if (next != NULL && removes_layer(request, next)) {
            qblk_plan_expect_header(plan, layer, NULL);
        } else {
            (void)qblk_plan_expect(plan, layer);
        }
    }
}

/* Flush the nodes that a commit or stream writes to. */
static void
add_flush(QblkPlan *plan, const Request *request)
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
check_is_known(const Request *request, GError **error)
{
    if (request->chain != NULL || g_str_equal(request->job->type, "stream")) {
        return TRUE;
    }
    return qblk_plan_refuse(error, "%s", request->context->snapshot->no_nodes_reason);
}

/* Dismiss a job that is concluded, and return its error. */
static void
plan_dismiss(QblkPlan *plan, const Request *request)
{
    add_wait(plan, "wait until the job is concluded", "concluded");
    qblk_plan_add_dismiss(plan);
    expect_before(plan, request);
}

static void
plan_wait_until_ready(QblkPlan *plan, const Request *request)
{
    if (!is_ready(request)) {
        add_wait(plan, "wait until the job is ready", "ready");
    }
    plan->stays_ready = TRUE;
    expect_before(plan, request);
}

static void
plan_wait_until_concluded(QblkPlan *plan, const Request *request)
{
    const QblkJob *job = request->job;

    if (job->auto_finalize) {
        add_wait(plan, "wait until the job is concluded", "concluded");
    } else {
        add_wait(plan, "wait until the job is pending", "pending");
        add_flush(plan, request);
        QblkStep *finalize =
            qblk_plan_add_for_job(plan, "change the chain", "job-finalize", NULL, "concluded");
        finalize->is_final = TRUE;
    }
    if (!job->auto_dismiss) {
        qblk_plan_add_dismiss(plan);
    }
    expect_shorter(plan, request);
}

static gboolean
plan_wait(QblkPlan *plan, const Request *request, GError **error)
{
    if (has_state(request, "concluded") || has_state(request, "aborting")) {
        plan_dismiss(plan, request);
        return TRUE;
    }
    if (!check_is_known(request, error)) {
        return FALSE;
    }

    if (request->mirrored != NULL) {
        plan_wait_until_ready(plan, request);
    } else {
        plan_wait_until_concluded(plan, request);
    }
    return TRUE;
}

/* ---- any job ---- */

static void
plan_cancel(QblkPlan *plan, const Request *request)
{
    QblkStep *cancel =
        qblk_plan_add_for_job(plan, "cancel the job", "job-cancel", NULL, "concluded");

    cancel->may_fail = TRUE;
    if (!request->job->auto_dismiss) {
        qblk_plan_add_dismiss(plan);
    }
    add_close_mirrored(plan, request);
    expect_before(plan, request);
}

static gboolean
plan_abort(QblkPlan *plan, const Request *request, GError **error)
{
    if (has_state(request, "concluded")) {
        plan_dismiss(plan, request);
        return TRUE;
    }
    if (request->mirrored != NULL && is_ready(request)) {
        plan_finish(plan, request);
        return TRUE;
    }
    if (!check_is_known(request, error)) {
        return FALSE;
    }
    plan_cancel(plan, request);
    return TRUE;
}

static gboolean
plan_pause(QblkPlan *plan, const Request *request, GError **error)
{
    const QblkJob *job = request->job;

    if (!has_state(request, "running") && !has_state(request, "ready")) {
        return qblk_plan_refuse(error, "job '%s' cannot be paused: it is %s", job->id, job->status);
    }
    (void)qblk_plan_add(plan, "pause the job", "job-pause", job_arguments(plan, "id"));
    plan->stays_ready = TRUE;
    return TRUE;
}

static gboolean
plan_resume(QblkPlan *plan, const Request *request, GError **error)
{
    const QblkJob *job = request->job;

    if (!has_state(request, "paused") && !has_state(request, "standby")) {
        return qblk_plan_refuse(error, "job '%s' cannot be resumed: it is %s", job->id,
                                job->status);
    }
    (void)qblk_plan_add(plan, "resume the job", "job-resume", job_arguments(plan, "id"));
    plan->stays_ready = TRUE;
    return TRUE;
}

static gboolean
plan_limit(QblkPlan *plan, const Request *request, GError **error)
{
    const QblkJob *job = request->job;
    if (!is_in_progress(request) && !is_ready(request)) {
        return qblk_plan_refuse(error, "the speed of job '%s' cannot be changed: it is %s", job->id,
                                job->status);
    }

    QblkJson *arguments = job_arguments(plan, "device");
    qblk_json_set_integer(arguments, "speed", request->context->speed);
    (void)qblk_plan_add(plan, "change the speed of the job", "block-job-set-speed", arguments);
    plan->stays_ready = TRUE;
    return TRUE;
}

static gboolean
add_steps(QblkPlan *plan, const Request *request, GError **error)
{
    static gboolean (*const planners[])(QblkPlan *, const Request *, GError **) = {
        [QBLK_JOB_WAIT] = plan_wait,    [QBLK_JOB_PIVOT] = plan_ready,
        [QBLK_JOB_FINISH] = plan_ready, [QBLK_JOB_ABORT] = plan_abort,
        [QBLK_JOB_PAUSE] = plan_pause,  [QBLK_JOB_RESUME] = plan_resume,
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
        return qblk_plan_check_managed_job(context, job, error);
    }

    *chain = qblk_snapshot_chain(context->snapshot, job->target, error);
    return *chain != NULL && qblk_plan_check_managed(context, *chain, error);
}

/* Set @chain to the chain of the image that the job mirrors to; NULL if it does not mirror. */
static gboolean
load_mirrored(const QblkPlanContext *context, const QblkJob *job, QblkChain **chain, GError **error)
{
    const QblkNode *target = qblk_snapshot_jobs_mirror_target(job);
    if (target == NULL) {
        return TRUE;
    }
    *chain = qblk_snapshot_chain_of_node(context->snapshot, target, error);
    return *chain != NULL;
}

QblkPlan *
qblk_plan_job(const QblkPlanContext *context, const QblkJob *job, const QblkJobRequest *request,
              GError **error)
{
    g_autoptr(QblkChain) chain = NULL;
    g_autoptr(QblkChain) mirrored = NULL;
    if (!load_chain(context, job, &chain, error)) {
        return NULL;
    }
    if (!load_mirrored(context, job, &mirrored, error)) {
        return NULL;
    }

    const Request all = {context, job, request, chain, mirrored};
    QblkPlanContext named = *context;
    named.job = job->id;
    g_autoptr(QblkChain) unknown = chain == NULL ? qblk_chain_new(context->target) : NULL;
    g_autoptr(QblkPlan) plan =
        qblk_plan_new(qblk_snapshot_jobs_kind(job), &named, chain == NULL ? unknown : chain);

    plan->existing_job = TRUE;
    return add_steps(plan, &all, error) ? g_steal_pointer(&plan) : NULL;
}
