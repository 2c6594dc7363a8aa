/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-job.h"

#include "graph/snapshot-jobs.h"
#include "plan/plan-check.h"

#include <string.h>

#define INTERMEDIATE "intermediate node" /* the edge to what leaves the chain (block/commit.c) */

typedef struct {
    const QblkPlanContext *context;
    const QblkJob *job;
    const QblkJobRequest *request;
    const QblkChain *chain;    /* NULL where the nodes must not be asked for */
    const QblkChain *mirrored; /* what a copy or active commit writes to; NULL for other jobs */
} Request;

/* ---- which job ---- */

/* "qblk-KIND-TARGET" */
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
    const QblkJob *job = qblk_snapshot_jobs_of(snapshot, target);
    for (guint i = 0; job == NULL && i < snapshot->jobs->len; i++) {
        const QblkJob *other = snapshot->jobs->pdata[i];
        gboolean is_it =
            g_str_equal(other->id, name) || (other->target == NULL && has_our_id(other, target));
        job = is_it ? other : NULL;
    }
    return job;
}

/* ---- how it is ---- */

static gboolean
is(const Request *request, const char *state)
{
    return g_str_equal(request->job->status, state);
}

/* A ready job that is paused is in standby. */
static gboolean
is_ready(const Request *request)
{
    return is(request, "ready") || is(request, "standby");
}

static gboolean
is_on_its_way(const Request *request)
{
    return is(request, "created") || is(request, "running") || is(request, "paused");
}

/* ---- steps ---- */

/* Wait without a command.  A job that fails meanwhile is forgotten. */
static void
add_wait(QblkPlan *plan, const char *purpose, const char *until)
{
    QblkStep *step = qblk_plan_add(plan, purpose, NULL, qblk_json_new_object());
    step->job = g_strdup(plan->job);
    step->until = g_strdup(until);
    qblk_plan_undo_job(step, FALSE);
}

/* From the command that ends the waiting of the job to its end: how much it does by itself is up to
 * whoever started it. */
static void
add_end(QblkPlan *plan, const QblkJob *job, const char *purpose, const char *command,
        QblkJson *arguments)
{
    QblkStep *step = qblk_plan_add(plan, purpose, command, arguments);
    step->job = g_strdup(plan->job);
    step->until = g_strdup(job->auto_finalize ? "concluded" : "pending");
    step->is_final = TRUE;
    /* Whether it has "replaces" is not seen: see plan-copy. */
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

static void
add_close_mirrored(QblkPlan *plan, const Request *request)
{
    /* A commit writes into a layer of the chain, which stays. */
    for (guint i = 0; g_str_equal(request->job->type, "mirror") && request->mirrored != NULL &&
                      i < request->mirrored->layers->len;
         i++) {
        const QblkLayer *layer = request->mirrored->layers->pdata[i];
        if (qblk_plan_has_layer(plan->before, layer)) {
            return; /* what it shares with the chain */
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
    for (guint i = 0; request->chain != NULL && i < request->chain->layers->len; i++) {
        (void)qblk_plan_expect(plan, request->chain->layers->pdata[i]);
    }
}

/* ---- a job that gets ready ---- */

static void
plan_pivot(QblkPlan *plan, const Request *request)
{
    add_end(plan, request->job, "go on with what the job has written", "job-complete",
            job_arguments(plan, "id"));
    for (guint i = 0; i < request->mirrored->layers->len; i++) {
        (void)qblk_plan_expect(plan, request->mirrored->layers->pdata[i]);
    }
    if (g_str_equal(request->job->type, "commit")) {
        qblk_plan_set_merged(plan, qblk_chain_get_layer(request->chain, 0),
                             qblk_chain_get_layer(request->mirrored, 0));
    }
    for (guint i = 0; i < request->chain->layers->len; i++) {
        const QblkLayer *layer = request->chain->layers->pdata[i];
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
check_ready(const Request *request, GError **error)
{
    const QblkJob *job = request->job;
    if (is(request, "concluded")) {
        return qblk_plan_check_refuse(error,
                                      "job '%s' (%s) is over: say --wait to see how, and forget it",
                                      job->id, job->type);
    }
    if (request->mirrored == NULL) {
        return qblk_plan_check_refuse(
            error,
            "job '%s' (%s) is no copy and no commit of an active layer, and ends by "
            "itself: say --wait or --abort",
            job->id, job->type);
    }
    if (is_ready(request) || (request->request->waits && is_on_its_way(request))) {
        return TRUE;
    }
    return qblk_plan_check_refuse(error, "job '%s' is not ready yet (%s)%s", job->id, job->status,
                                  is_on_its_way(request) ? ": add --wait" : "");
}

/* ---- a job that does not ---- */

static gboolean
leaves(const Request *request, const QblkLayer *layer)
{
    const GPtrArray *nodes = request->job->nodes;
    for (guint i = 0; i < nodes->len; i++) {
        const QblkChild *child = nodes->pdata[i];
        if (g_str_equal(child->name, INTERMEDIATE) &&
            g_strcmp0(child->node->name, layer->node_name) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* What the chain will be without the layers that the job takes out of it. */
static void
expect_shorter(QblkPlan *plan, const Request *request)
{
    const GPtrArray *layers = request->chain == NULL ? NULL : request->chain->layers;
    for (guint i = 0; layers != NULL && i < layers->len; i++) {
        const QblkLayer *layer = layers->pdata[i];
        const QblkLayer *next = i + 1 < layers->len ? layers->pdata[i + 1] : NULL;
        if (leaves(request, layer)) {
            qblk_plan_add_close_layer(plan, request->context, layer);
        } else if (next != NULL && leaves(request, next)) {
            qblk_plan_expect_header(plan, layer, NULL);
        } else {
            (void)qblk_plan_expect(plan, layer);
        }
    }
}

/* What a job that does not get ready writes to. */
static void
add_flush(QblkPlan *plan, const Request *request)
{
    static const char *const edges[] = {"base", "active node"}; /* of a commit, of a stream */
    const char *edge = edges[g_str_equal(request->job->type, "stream") ? 1 : 0];
    for (guint i = 0; i < request->job->nodes->len; i++) {
        const QblkChild *child = request->job->nodes->pdata[i];
        if (g_str_equal(child->name, edge)) {
            qblk_plan_add_flush(plan, request->context, child->node->name);
        }
    }
}

/* Where nodes must not be asked for: a stream is no job that gets ready, and needs no more than to
 * be forgotten, which also makes the nodes safe again.  What other jobs are for is not known. */
static gboolean
check_known(const Request *request, GError **error)
{
    return request->chain != NULL || g_str_equal(request->job->type, "stream") ||
           qblk_plan_check_refuse(error, "%s", request->context->snapshot->withheld);
}

/* A job that is over is forgotten, and its error told. */
static void
plan_dismiss(QblkPlan *plan, const Request *request)
{
    add_wait(plan, "look how the job has ended", "concluded");
    qblk_plan_add_dismiss(plan);
    expect_before(plan, request);
}

static gboolean
plan_wait(QblkPlan *plan, const Request *request, GError **error)
{
    const QblkJob *job = request->job;
    if (is(request, "concluded") || is(request, "aborting")) {
        plan_dismiss(plan, request);
        return TRUE;
    }
    if (!check_known(request, error)) {
        return FALSE;
    }
    if (request->mirrored != NULL) {
        if (!is_ready(request)) {
            add_wait(plan, "wait until the job is ready", "ready");
        }
        plan->stays_ready = TRUE;
        expect_before(plan, request);
        return TRUE;
    }
    if (job->auto_finalize) {
        add_wait(plan, "wait until the job is over", "concluded");
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
    return TRUE;
}

/* ---- any job ---- */

static gboolean
plan_abort(QblkPlan *plan, const Request *request, GError **error)
{
    if (is(request, "concluded")) {
        plan_dismiss(plan, request);
        return TRUE;
    }
    if (request->mirrored != NULL && is_ready(request)) {
        plan_finish(plan, request);
        return TRUE;
    }
    if (!check_known(request, error)) {
        return FALSE;
    }
    QblkStep *cancel =
        qblk_plan_add(plan, "cancel the job", "job-cancel", job_arguments(plan, "id"));
    cancel->job = g_strdup(plan->job);
    cancel->until = g_strdup("concluded");
    cancel->may_fail = TRUE;
    if (!request->job->auto_dismiss) {
        qblk_plan_add_dismiss(plan);
    }
    add_close_mirrored(plan, request);
    expect_before(plan, request);
    return TRUE;
}

static gboolean
plan_ready(QblkPlan *plan, const Request *request, GError **error)
{
    if (!check_ready(request, error)) {
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

static gboolean
plan_command(QblkPlan *plan, const Request *request, GError **error)
{
    const QblkJob *job = request->job;
    QblkJobAction action = request->request->action;
    gboolean is_paused = is(request, "paused") || is(request, "standby");
    gboolean is_running = is(request, "running") || is(request, "ready");
    if (action != QBLK_JOB_LIMIT && !(action == QBLK_JOB_PAUSE ? is_running : is_paused)) {
        return qblk_plan_check_refuse(error, "job '%s' is %s, and cannot be %s", job->id,
                                      job->status, action == QBLK_JOB_PAUSE ? "paused" : "resumed");
    }
    if (action == QBLK_JOB_LIMIT && !is_on_its_way(request) && !is_ready(request)) {
        return qblk_plan_check_refuse(error,
                                      "job '%s' is %s, and its speed cannot be changed any more",
                                      job->id, job->status);
    }
    if (action == QBLK_JOB_LIMIT) {
        QblkJson *arguments = job_arguments(plan, "device");
        qblk_json_set_integer(arguments, "speed", request->context->speed);
        (void)qblk_plan_add(plan, "change the speed of the job", "block-job-set-speed", arguments);
    } else {
        gboolean pauses = action == QBLK_JOB_PAUSE;
        (void)qblk_plan_add(plan, pauses ? "pause the job" : "let the job go on",
                            pauses ? "job-pause" : "job-resume", job_arguments(plan, "id"));
    }
    plan->stays_ready = TRUE;
    return TRUE;
}

static gboolean
add_steps(QblkPlan *plan, const Request *request, GError **error)
{
    static gboolean (*const planners[])(QblkPlan *, const Request *, GError **) = {
        [QBLK_JOB_WAIT] = plan_wait,     [QBLK_JOB_PIVOT] = plan_ready,
        [QBLK_JOB_FINISH] = plan_ready,  [QBLK_JOB_ABORT] = plan_abort,
        [QBLK_JOB_PAUSE] = plan_command, [QBLK_JOB_RESUME] = plan_command,
        [QBLK_JOB_LIMIT] = plan_command,
    };
    return planners[request->request->action](plan, request, error);
}

QblkPlan *
qblk_plan_job(const QblkPlanContext *context, const QblkJob *job, const QblkJobRequest *request,
              GError **error)
{
    const QblkSnapshot *snapshot = context->snapshot;
    const QblkNode *target = qblk_snapshot_jobs_mirror_target(job);
    g_autoptr(QblkChain) chain = NULL;
    g_autoptr(QblkChain) mirrored = NULL;
    gboolean is_over = g_str_equal(job->status, "concluded"); /* it has let go of its nodes */
    if (snapshot->withheld == NULL && job->target == NULL && !is_over) {
        (void)qblk_plan_check_refuse(error, "job '%s' (%s) works on no disk", job->id, job->type);
        return NULL;
    }
    if (snapshot->withheld == NULL && job->target != NULL) {
        chain = qblk_snapshot_chain(snapshot, job->target, error);
        if (chain == NULL || !qblk_plan_check_managed(context, chain, error)) {
            return NULL;
        }
    } else if (!qblk_plan_check_managed_job(context, job, error)) {
        return NULL;
    }
    if (target != NULL) {
        mirrored = qblk_snapshot_chain_of_node(snapshot, target, error);
        if (mirrored == NULL) {
            return NULL;
        }
    }
    const Request all = {context, job, request, chain, mirrored};
    QblkPlanContext named = *context;
    named.job = job->id;
    g_autoptr(QblkChain) none = chain == NULL ? qblk_chain_new(context->target) : NULL;
    g_autoptr(QblkPlan) plan =
        qblk_plan_new(qblk_snapshot_jobs_kind(job), &named, chain == NULL ? none : chain);
    plan->existing_job = TRUE;
    return add_steps(plan, &all, error) ? g_steal_pointer(&plan) : NULL;
}
