/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/plan.h"

#include "graph/snapshot-users.h"

static void
step_free(gpointer data)
{
    QblkStep *step = data;
    g_free(step->purpose);
    g_free(step->command);
    g_clear_pointer(&step->arguments, qblk_json_unref);
    g_free(step->until);
    g_free(step);
}

static void
expectation_free(gpointer data)
{
    QblkExpectation *expectation = data;
    g_free(expectation->node_name);
    g_free(expectation->format);
    g_free(expectation->filename);
    g_free(expectation->backing_name);
    g_free(expectation);
}

static QblkExpectation *
expectation_new(const QblkLayer *layer)
{
    QblkExpectation *expectation = g_new0(QblkExpectation, 1);
    expectation->node_name = g_strdup(layer->node_name);
    expectation->format = g_strdup(layer->format);
    expectation->filename = g_strdup(layer->filename);
    return expectation;
}

/* What undoes a job that has not been finalized: it is cancelled, and forgotten once it is over. */
static void
add_undo(QblkPlan *plan)
{
    GPtrArray *steps = plan->steps;
    plan->steps = plan->undo;
    (void)qblk_plan_add_for_job(plan, "cancel the job", "job-cancel", "concluded");
    (void)qblk_plan_add_for_job(plan, "forget the job", "job-dismiss", NULL);
    plan->steps = steps;
}

QblkPlan *
qblk_plan_new(const char *kind, const QblkPlanContext *context, const QblkChain *chain)
{
    QblkPlan *plan = g_new0(QblkPlan, 1);
    plan->kind = g_strdup(kind);
    plan->target = g_strdup(chain->target);
    plan->qdev = g_strdup(chain->qdev);
    plan->backend = g_strdup(chain->backend);
    plan->job = context->job != NULL ? g_strdup(context->job)
                                     : g_strdup_printf("qblk-%s-%s", kind, chain->target);
    plan->fingerprint = g_strdup(chain->fingerprint);
    plan->steps = g_ptr_array_new_with_free_func(step_free);
    plan->undo = g_ptr_array_new_with_free_func(step_free);
    plan->before = g_ptr_array_new_with_free_func(expectation_free);
    plan->after = g_ptr_array_new_with_free_func(expectation_free);
    plan->removed = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < chain->layers->len; i++) {
        g_ptr_array_add(plan->before, expectation_new(chain->layers->pdata[i]));
    }
    add_undo(plan);
    return plan;
}

void
qblk_plan_free(QblkPlan *plan)
{
    if (plan == NULL) {
        return;
    }
    g_free(plan->kind);
    g_free(plan->target);
    g_free(plan->qdev);
    g_free(plan->backend);
    g_free(plan->job);
    g_free(plan->fingerprint);
    g_ptr_array_unref(plan->steps);
    g_ptr_array_unref(plan->undo);
    g_ptr_array_unref(plan->before);
    g_ptr_array_unref(plan->after);
    g_ptr_array_unref(plan->removed);
    g_free(plan);
}

QblkStep *
qblk_plan_add(QblkPlan *plan, const char *purpose, const char *command, QblkJson *arguments,
              const char *until)
{
    QblkStep *step = g_new0(QblkStep, 1);
    step->purpose = g_strdup(purpose);
    step->command = g_strdup(command);
    step->arguments = arguments;
    step->until = g_strdup(until);
    g_ptr_array_add(plan->steps, step);
    return step;
}

QblkStep *
qblk_plan_add_for_job(QblkPlan *plan, const char *purpose, const char *command, const char *until)
{
    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "id", plan->job);
    return qblk_plan_add(plan, purpose, command, arguments, until);
}

void
qblk_plan_add_end(QblkPlan *plan)
{
    QblkStep *finalize =
        qblk_plan_add_for_job(plan, "change the chain", "job-finalize", "concluded");
    finalize->is_final = TRUE;
    QblkStep *dismiss = qblk_plan_add_for_job(plan, "forget the job", "job-dismiss", NULL);
    dismiss->may_fail = TRUE;
}

static void
add_close_node(QblkPlan *plan, const char *node_name)
{
    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "node-name", node_name);
    QblkStep *step =
        qblk_plan_add(plan, "close what left the chain", "blockdev-del", arguments, NULL);
    step->may_fail = TRUE;
}

static void
add_close_filters(QblkPlan *plan, const GPtrArray *filters)
{
    for (guint i = 0; i < filters->len; i++) {
        const QblkFilter *filter = filters->pdata[i];
        add_close_node(plan, filter->node_name);
    }
}

/* From top to bottom: a node in use cannot be closed.  QEMU closes by itself what it opened by
 * itself, and keeps what somebody gave a name with -blockdev. */
void
qblk_plan_add_close(QblkPlan *plan, const QblkPlanContext *context, const QblkLayer *layer)
{
    const QblkNode *node = qblk_snapshot_node(context->snapshot, layer->node_name);
    const QblkNode *data = node == NULL ? NULL : qblk_node_child(node, "data-file");
    if (qblk_snapshot_users_other(context->snapshot, plan->target, layer) != NULL) {
        return;
    }
    add_close_node(plan, layer->node_name);
    add_close_filters(plan, layer->storage_filters);
    if (layer->storage != NULL && g_strcmp0(layer->storage, layer->node_name) != 0) {
        add_close_node(plan, layer->storage);
    }
    if (data != NULL) {
        add_close_node(plan, data->name);
    }
    g_ptr_array_add(plan->removed, g_strdup(layer->filename));
}

QblkJson *
qblk_plan_job_arguments(const QblkPlan *plan, const QblkPlanContext *context)
{
    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "job-id", plan->job);
    if (context->speed > 0) {
        qblk_json_set_integer(arguments, "speed", context->speed);
    }
    /* Nothing changes before we say so, and the result stays until it was read. */
    qblk_json_set_boolean(arguments, "auto-finalize", FALSE);
    qblk_json_set_boolean(arguments, "auto-dismiss", FALSE);
    return arguments;
}

QblkExpectation *
qblk_plan_expect(QblkPlan *plan, const QblkLayer *layer)
{
    QblkExpectation *expectation = expectation_new(layer);
    g_ptr_array_add(plan->after, expectation);
    return expectation;
}

void
qblk_plan_expect_header(QblkPlan *plan, const QblkLayer *layer, const char *backing_name)
{
    QblkExpectation *expectation = qblk_plan_expect(plan, layer);
    expectation->backing_name = g_strdup(backing_name);
    expectation->names_next = TRUE;
}

/* ---- as JSON ---- */

static QblkJson *
step_to_json(const QblkStep *step)
{
    QblkJson *object = qblk_json_new_object();
    qblk_json_set_string(object, "purpose", step->purpose);
    qblk_json_set_string(object, "execute", step->command);
    qblk_json_set(object, "arguments", qblk_json_ref(step->arguments));
    qblk_json_set_string(object, "until", step->until);
    qblk_json_set_boolean(object, "final", step->is_final);
    qblk_json_set_boolean(object, "may-fail", step->may_fail);
    return object;
}

static QblkJson *
steps_to_json(const GPtrArray *steps)
{
    QblkJson *list = qblk_json_new_array();
    for (guint i = 0; i < steps->len; i++) {
        qblk_json_append(list, step_to_json(steps->pdata[i]));
    }
    return list;
}

static QblkJson *
chain_to_json(const GPtrArray *expectations)
{
    QblkJson *list = qblk_json_new_array();
    for (guint i = 0; i < expectations->len; i++) {
        const QblkExpectation *layer = expectations->pdata[i];
        QblkJson *object = qblk_json_new_object();
        qblk_json_set_string(object, "node", layer->node_name);
        qblk_json_set_string(object, "format", layer->format);
        qblk_json_set_string(object, "file", layer->filename);
        qblk_json_set_string(object, "backing-string", layer->backing_name);
        qblk_json_append(list, object);
    }
    return list;
}

QblkJson *
qblk_plan_to_json(const QblkPlan *plan)
{
    QblkJson *object = qblk_json_new_object();
    QblkJson *removed = qblk_json_new_array();
    for (guint i = 0; i < plan->removed->len; i++) {
        qblk_json_append(removed, qblk_json_new_string(plan->removed->pdata[i]));
    }
    qblk_json_set_string(object, "kind", plan->kind);
    qblk_json_set_string(object, "target", plan->target);
    qblk_json_set_string(object, "job", plan->job);
    qblk_json_set_string(object, "fingerprint", plan->fingerprint);
    qblk_json_set(object, "steps", steps_to_json(plan->steps));
    qblk_json_set(object, "undo", steps_to_json(plan->undo));
    qblk_json_set(object, "before", chain_to_json(plan->before));
    qblk_json_set(object, "after", chain_to_json(plan->after));
    qblk_json_set(object, "removed", removed);
    qblk_json_set_boolean(object, "stays-ready", plan->stays_ready);
    return object;
}
