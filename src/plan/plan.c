/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan.h"

#include "graph/snapshot-users.h"

static void
step_free(gpointer data)
{
    QblkStep *step = data;
    g_free(step->purpose);
    g_free(step->command);
    g_clear_pointer(&step->arguments, qblk_json_unref);
    g_free(step->job);
    g_free(step->until);
    g_ptr_array_unref(step->undo);
    g_free(step);
}

QblkStep *
qblk_plan_step_new(void)
{
    QblkStep *step = g_new0(QblkStep, 1);
    step->undo = g_ptr_array_new_with_free_func(step_free);
    return step;
}

static QblkStep *
step_new(const char *purpose, const char *command, QblkJson *arguments)
{
    QblkStep *step = qblk_plan_step_new();
    step->purpose = g_strdup(purpose);
    step->command = g_strdup(command);
    step->arguments = arguments;
    return step;
}

static QblkStep *
step_new_for_job(const char *purpose, const char *command, const char *id, const char *until)
{
    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "id", id);
    QblkStep *step = step_new(purpose, command, arguments);
    step->job = g_strdup(id);
    step->until = g_strdup(until);
    return step;
}

static QblkStep *
step_new_close(const char *node_name)
{
    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "node-name", node_name);
    QblkStep *step = step_new("close what is not used any more", "blockdev-del", arguments);
    step->may_fail = TRUE;
    return step;
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
expectation_new(const char *node_name, const char *format, const char *filename)
{
    QblkExpectation *expectation = g_new0(QblkExpectation, 1);
    expectation->node_name = g_strdup(node_name);
    expectation->format = g_strdup(format);
    expectation->filename = g_strdup(filename);
    return expectation;
}

static void
removal_free(gpointer data)
{
    QblkRemovedImage *removal = data;
    g_free(removal->filename);
    g_free(removal);
}

/* QEMU takes letters, digits, '-', '.' and '_' (id_wellformed in util/id.c). */
char *
qblk_plan_id_part(const char *name)
{
    return g_strcanon(g_strdup(name),
                      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._", '_');
}

QblkPlan *
qblk_plan_new_empty(void)
{
    QblkPlan *plan = g_new0(QblkPlan, 1);
    plan->steps = g_ptr_array_new_with_free_func(step_free);
    plan->before = g_ptr_array_new_with_free_func(expectation_free);
    plan->after = g_ptr_array_new_with_free_func(expectation_free);
    plan->removed = g_ptr_array_new_with_free_func(removal_free);
    return plan;
}

QblkPlan *
qblk_plan_new(const char *kind, const QblkPlanContext *context, const QblkChain *chain)
{
    QblkPlan *plan = qblk_plan_new_empty();
    g_autofree char *id = qblk_plan_id_part(chain->target);
    plan->kind = g_strdup(kind);
    plan->target = g_strdup(chain->target);
    plan->qdev = g_strdup(chain->qdev);
    plan->backend = g_strdup(chain->backend);
    plan->job =
        context->job != NULL ? g_strdup(context->job) : g_strdup_printf("qblk-%s-%s", kind, id);
    plan->fingerprint = g_strdup(chain->fingerprint);
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        g_ptr_array_add(plan->before,
                        expectation_new(layer->node_name, layer->format, layer->filename));
    }
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
    g_free(plan->reads);
    g_free(plan->writes);
    g_free(plan->copy);
    g_free(plan->partial);
    g_free(plan->merged);
    g_free(plan->merged_into);
    g_ptr_array_unref(plan->steps);
    g_ptr_array_unref(plan->before);
    g_ptr_array_unref(plan->after);
    g_ptr_array_unref(plan->removed);
    g_free(plan);
}

/* ---- steps ---- */

static QblkStep *
add(QblkPlan *plan, QblkStep *step)
{
    g_ptr_array_add(plan->steps, step);
    return step;
}

QblkStep *
qblk_plan_add(QblkPlan *plan, const char *purpose, const char *command, QblkJson *arguments)
{
    return add(plan, step_new(purpose, command, arguments));
}

QblkStep *
qblk_plan_add_job(QblkPlan *plan, const char *purpose, const char *command, QblkJson *arguments,
                  const char *id, const char *until)
{
    QblkStep *step = qblk_plan_add(plan, purpose, command, arguments);
    step->job = g_strdup(id);
    step->until = g_strdup(until);
    step->is_start = g_str_equal(id, plan->job);
    qblk_plan_undo_job(step, TRUE);
    return step;
}

void
qblk_plan_undo_job(QblkStep *step, gboolean cancels)
{
    if (cancels) {
        g_ptr_array_add(step->undo,
                        step_new_for_job("cancel the job", "job-cancel", step->job, "concluded"));
    }
    g_ptr_array_add(step->undo, step_new_for_job("forget the job", "job-dismiss", step->job, NULL));
}

QblkStep *
qblk_plan_add_for_job(QblkPlan *plan, const char *purpose, const char *command, const char *id,
                      const char *until)
{
    return add(plan, step_new_for_job(purpose, command, id == NULL ? plan->job : id, until));
}

void
qblk_plan_add_open(QblkPlan *plan, const char *purpose, const char *node, QblkJson *arguments)
{
    qblk_json_set_string(arguments, "node-name", node);
    QblkStep *step = qblk_plan_add(plan, purpose, "blockdev-add", arguments);
    g_ptr_array_add(step->undo, step_new_close(node));
}

void
qblk_plan_add_close(QblkPlan *plan, const char *node)
{
    (void)add(plan, step_new_close(node));
}

void
qblk_plan_add_dismiss(QblkPlan *plan)
{
    QblkStep *dismiss = qblk_plan_add_for_job(plan, "forget the job", "job-dismiss", NULL, NULL);
    dismiss->may_fail = TRUE;
}

void
qblk_plan_add_flush(QblkPlan *plan, const QblkPlanContext *context, const char *node)
{
    if (context->lacks_hmp) {
        return;
    }
    g_autofree char *line = g_strdup_printf("qemu-io \"%s\" flush", node);
    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "command-line", line);
    QblkStep *step =
        qblk_plan_add(plan, "have what was written on disk", "human-monitor-command", arguments);
    step->is_silent = TRUE;
}

void
qblk_plan_add_finalize(QblkPlan *plan)
{
    QblkStep *finalize =
        qblk_plan_add_for_job(plan, "change the chain", "job-finalize", NULL, "concluded");
    finalize->is_final = TRUE;
    plan->ends_by = "--wait";
    qblk_plan_add_dismiss(plan);
}

QblkStep *
qblk_plan_add_complete(QblkPlan *plan, const char *purpose)
{
    QblkStep *complete = qblk_plan_add_for_job(plan, purpose, "job-complete", NULL, "concluded");
    complete->is_final = TRUE;
    plan->ends_by = "--wait --pivot";
    qblk_plan_add_dismiss(plan);
    return complete;
}

void
qblk_plan_add_leave(QblkPlan *plan, const char *purpose)
{
    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "device", plan->job);
    qblk_json_set_boolean(arguments, "force", FALSE);
    QblkStep *step = qblk_plan_add(plan, purpose, "block-job-cancel", arguments);
    step->job = g_strdup(plan->job);
    step->until = g_strdup("concluded");
    step->is_final = TRUE;
    plan->ends_by = "--wait --finish";
    qblk_plan_add_dismiss(plan);
}

static void
add_close_filters(QblkPlan *plan, const GPtrArray *filters)
{
    for (guint i = 0; i < filters->len; i++) {
        const QblkFilter *filter = filters->pdata[i];
        qblk_plan_add_close(plan, filter->node_name);
    }
}

static gboolean
is_local_file(const QblkLayer *layer)
{
    return layer->source != NULL && layer->source->type == QBLK_SOURCE_FILE &&
           layer->filename != NULL && layer->filename[0] == '/';
}

/* From top to bottom: a node in use cannot be closed.  QEMU closes by itself what it opened by
 * itself, and keeps what somebody gave a name with -blockdev. */
void
qblk_plan_add_close_layer(QblkPlan *plan, const QblkPlanContext *context, const QblkLayer *layer)
{
    const QblkNode *node = qblk_snapshot_node(context->snapshot, layer->node_name);
    const QblkNode *data = node == NULL ? NULL : qblk_node_child(node, "data-file");
    if (qblk_snapshot_users_other(context->snapshot, plan->target, layer) != NULL) {
        return;
    }
    qblk_plan_add_close(plan, layer->node_name);
    add_close_filters(plan, layer->storage_filters);
    if (layer->storage != NULL && g_strcmp0(layer->storage, layer->node_name) != 0) {
        qblk_plan_add_close(plan, layer->storage);
    }
    if (data != NULL) {
        qblk_plan_add_close(plan, data->name);
    }
    QblkRemovedImage *removal = g_new0(QblkRemovedImage, 1);
    removal->filename = g_strdup(layer->filename);
    removal->is_local = is_local_file(layer);
    g_ptr_array_add(plan->removed, removal);
}

gboolean
qblk_plan_has_layer(const GPtrArray *expectations, const QblkLayer *layer)
{
    for (guint i = 0; i < expectations->len; i++) {
        const QblkExpectation *expectation = expectations->pdata[i];
        if (g_strcmp0(expectation->node_name, layer->node_name) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
qblk_plan_moves_top(const QblkPlan *plan)
{
    if (plan->before->len == 0 || plan->after->len == 0) {
        return FALSE;
    }
    const QblkExpectation *before = plan->before->pdata[0], *after = plan->after->pdata[0];
    return g_strcmp0(before->filename, after->filename) != 0;
}

void
qblk_plan_set_merged(QblkPlan *plan, const QblkLayer *layer, const QblkLayer *base)
{
    if (is_local_file(layer)) {
        plan->merged = g_strdup(layer->filename);
        plan->merged_into = g_strdup(base->filename);
    }
}

void
qblk_plan_delete_removed(QblkPlan *plan)
{
    for (guint i = 0; i < plan->removed->len; i++) {
        QblkRemovedImage *removal = plan->removed->pdata[i];
        removal->will_delete = removal->is_local;
    }
}

QblkJson *
qblk_plan_job_arguments(const QblkPlan *plan, const QblkPlanContext *context, gboolean gets_ready)
{
    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set_string(arguments, "job-id", plan->job);
    if (context->speed > 0) {
        qblk_json_set_integer(arguments, "speed", context->speed);
    }
    qblk_json_set_boolean(arguments, "auto-finalize", gets_ready);
    qblk_json_set_boolean(arguments, "auto-dismiss", FALSE);
    return arguments;
}

QblkExpectation *
qblk_plan_expect_image(QblkPlan *plan, const char *node_name, const char *format,
                       const char *filename)
{
    QblkExpectation *expectation = expectation_new(node_name, format, filename);
    g_ptr_array_add(plan->after, expectation);
    return expectation;
}

QblkExpectation *
qblk_plan_expect(QblkPlan *plan, const QblkLayer *layer)
{
    return qblk_plan_expect_image(plan, layer->node_name, layer->format, layer->filename);
}

void
qblk_plan_expect_header(QblkPlan *plan, const QblkLayer *layer, const char *backing_name)
{
    QblkExpectation *expectation = qblk_plan_expect(plan, layer);
    expectation->backing_name = g_strdup(backing_name);
    expectation->names_next = TRUE;
}
