/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-steps.h"

#include "chain/snapshot-users.h"
#include "plan/plan-users.h"

#define MAX_BELOW 100 /* nodes below an image that are closed */

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

    QblkStep *step = step_new("delete the unused node", "blockdev-del", arguments);
    step->may_fail = TRUE;
    return step;
}

static QblkStep *
append_step(QblkPlan *plan, QblkStep *step)
{
    g_ptr_array_add(plan->steps, step);
    return step;
}

/* ---- any step ---- */

QblkStep *
qblk_plan_add(QblkPlan *plan, const char *purpose, const char *command, QblkJson *arguments)
{
    return append_step(plan, step_new(purpose, command, arguments));
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
        QblkStep *cancel = step_new_for_job("cancel the job", "job-cancel", step->job, "concluded");
        g_ptr_array_add(step->undo, cancel);
    }

    QblkStep *dismiss = step_new_for_job("dismiss the job", "job-dismiss", step->job, NULL);
    g_ptr_array_add(step->undo, dismiss);
}

QblkStep *
qblk_plan_add_for_job(QblkPlan *plan, const char *purpose, const char *command, const char *id,
                      const char *until)
{
    const char *job = id == NULL ? plan->job : id;
    return append_step(plan, step_new_for_job(purpose, command, job, until));
}

/* ---- nodes ---- */

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
    (void)append_step(plan, step_new_close(node));
}

/* What an image is stored in, as far as it can be deleted or marked. */
typedef enum {
    PLACE_FILE,
    PLACE_BLOCK,   /* a block device */
    PLACE_PART,    /* a part of one of these */
    PLACE_NO_PATH, /* a file without a name, or with one that is not known */
    PLACE_DELETED, /* a file that was deleted */
    PLACE_OTHER,   /* on the network, for example */
} Place;

static Place
find_place(const QblkLayer *layer)
{
    g_autoptr(QblkSource) source = qblk_layer_decode_source(layer, NULL);

    if (source == NULL && layer->file != NULL) { /* a name that is not UTF-8, for example */
        return PLACE_NO_PATH;
    }
    if (source == NULL || (source->type != QBLK_SOURCE_FILE && source->type != QBLK_SOURCE_BLOCK)) {
        return PLACE_OTHER;
    }
    if (source->slice_offset != NULL) {
        return PLACE_PART;
    }
    if (source->type == QBLK_SOURCE_BLOCK) {
        return PLACE_BLOCK;
    }
    if (layer->file != NULL && layer->file->is_deleted) {
        return PLACE_DELETED;
    }
    return qblk_plan_layer_path(layer) == NULL ? PLACE_NO_PATH : PLACE_FILE;
}

/* Why an image can be neither deleted nor marked, by its place. */
static const char *const obstacles[] = {
    [PLACE_FILE] = NULL,
    [PLACE_BLOCK] = NULL,
    [PLACE_PART] = "it is a part of a file or device",
    [PLACE_NO_PATH] = "no path that leads to it is known",
    [PLACE_DELETED] = NULL, /* it is gone once QEMU has closed it */
    [PLACE_OTHER] = "it is not a file of this machine",
};

static void
note_removed(QblkPlan *plan, const QblkLayer *layer)
{
    QblkRemovedImage *image = g_new0(QblkRemovedImage, 1);
    Place place = find_place(layer);

    image->filename = g_strdup(layer->filename);
    image->path = g_strdup(qblk_plan_layer_path(layer));
    image->is_local = place == PLACE_FILE;
    image->kept_because =
        g_strdup(place == PLACE_BLOCK ? "it is a block device" : obstacles[place]);
    if (layer->file != NULL) {
        image->file = layer->file->open;
    }
    g_ptr_array_add(plan->removed, image);
}

/* Close the external data file of an image, and the nodes below it: it may be a part of a file.  It
 * is of no use without its image, which may be kept, and is never deleted. */
static void
add_close_data_file(QblkPlan *plan, const QblkNode *data)
{
    const QblkNode *lowest = data, *node = data;
    for (guint i = 0; node != NULL && i < MAX_BELOW; i++) { /* it may form a cycle */
        qblk_plan_add_close(plan, node->name);
        lowest = node;
        node = qblk_node_storage(node);
    }

    QblkRemovedImage *image = g_new0(QblkRemovedImage, 1);
    image->filename = g_strdup(lowest->filename);
    g_ptr_array_add(plan->removed, image);
}

/* TRUE if something else uses a node of @layer, which leaves the chain, or a layer above it that
 * has left the chain.  The first layer of all jobs but a pull is replaced by another one. */
static gboolean
keeps_open(QblkPlan *plan, const QblkLayer *layer)
{
    gboolean is_replaced = plan->removed->len == 0 && !g_str_equal(plan->kind, "pull");
    const QblkLayerUser *user =
        plan->keeps_open ? NULL : qblk_plan_find_remaining_user(layer, is_replaced);
    if (user != NULL) {
        g_autofree char *text = qblk_user_to_text(user);
        g_ptr_array_add(plan->warnings,
                        g_strdup_printf("'%s' leaves the chain and stays open: %s uses it",
                                        layer->filename, text));
        plan->keeps_open = TRUE;
    }
    return plan->keeps_open;
}

/* Delete nodes from top to bottom: one in use cannot be deleted.  QEMU deletes by itself the nodes
 * that it opened by itself, and keeps those that got a name with -blockdev. */
void
qblk_plan_add_close_layer(QblkPlan *plan, const QblkPlanContext *context, const QblkLayer *layer)
{
    if (qblk_snapshot_users_other(context->snapshot, plan->target, layer) != NULL ||
        keeps_open(plan, layer)) {
        return;
    }

    qblk_plan_add_close(plan, layer->node_name);
    for (guint i = 0; i < layer->storage_filters->len; i++) {
        const QblkFilter *filter = layer->storage_filters->pdata[i];
        qblk_plan_add_close(plan, filter->node_name);
    }
    if (layer->storage != NULL && g_strcmp0(layer->storage, layer->node_name) != 0) {
        qblk_plan_add_close(plan, layer->storage);
    }

    const QblkNode *node = qblk_snapshot_find_node(context->snapshot, layer->node_name);
    const QblkNode *data = node == NULL ? NULL : qblk_node_find_child(node, "data-file");
    note_removed(plan, layer);
    if (data != NULL) {
        add_close_data_file(plan, data);
    }
}

/* ---- the end of a job ---- */

void
qblk_plan_add_dismiss(QblkPlan *plan)
{
    QblkStep *dismiss = qblk_plan_add_for_job(plan, "dismiss the job", "job-dismiss", NULL, NULL);
    dismiss->may_fail = TRUE;
}

void
qblk_plan_add_finalize(QblkPlan *plan)
{
    QblkStep *finalize =
        qblk_plan_add_for_job(plan, "change the chain", "job-finalize", NULL, "concluded");

    finalize->is_final = TRUE;
    qblk_plan_add_dismiss(plan);
}

QblkStep *
qblk_plan_add_complete(QblkPlan *plan, const char *purpose)
{
    QblkStep *complete = qblk_plan_add_for_job(plan, purpose, "job-complete", NULL, "concluded");

    complete->is_final = TRUE;
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
    qblk_plan_add_dismiss(plan);
    qblk_plan_set_outcome(plan, QBLK_OUTCOME_FINISHED);
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

/* ---- the chain afterwards ---- */

QblkExpectation *
qblk_plan_expect_image(QblkPlan *plan, const char *node_name, const char *format,
                       const char *filename)
{
    QblkExpectation *expectation = qblk_plan_expectation_new(node_name, format, filename);

    g_ptr_array_add(plan->after, expectation);
    return expectation;
}

QblkExpectation *
qblk_plan_expect(QblkPlan *plan, const QblkLayer *layer)
{
    QblkExpectation *expectation =
        qblk_plan_expect_image(plan, layer->node_name, layer->format, layer->filename);

    qblk_plan_expectation_set_file(expectation, layer);
    return expectation;
}

void
qblk_plan_expect_layers(QblkPlan *plan, const GPtrArray *layers, guint first)
{
    for (guint i = first; i < layers->len; i++) {
        (void)qblk_plan_expect(plan, layers->pdata[i]);
    }
}

void
qblk_plan_expect_header(QblkPlan *plan, const QblkLayer *layer, const char *backing_name)
{
    QblkExpectation *expectation = qblk_plan_expect(plan, layer);

    expectation->backing_name = g_strdup(backing_name);
    expectation->names_next = TRUE;
}

void
qblk_plan_set_copy(QblkPlan *plan, const QblkLayer *layer)
{
    const QblkLayerFile *file = layer->file;
    gboolean is_named =
        file == NULL || file->state == QBLK_FILE_SAME || file->state == QBLK_FILE_UNKNOWN;

    plan->copy = g_strdup(is_named ? layer->filename : file->path);
}

void
qblk_plan_set_merged(QblkPlan *plan, const QblkLayer *layer, const QblkLayer *base)
{
    Place place = find_place(layer);

    if (place == PLACE_FILE || place == PLACE_BLOCK) {
        plan->merged = g_strdup(layer->filename);
        plan->merged_into = g_strdup(base->filename);
        plan->merged_path = g_strdup(qblk_plan_layer_path(layer));
        plan->merged_into_path = g_strdup(qblk_plan_layer_path(base));
    } else if (place == PLACE_PART || place == PLACE_NO_PATH) {
        char *warning = g_strdup_printf(
            "disk '%s': '%s' is not marked as merged, because %s, and 'qblk recover image:' cannot "
            "recognize it: do not use it afterwards",
            plan->target, layer->filename, obstacles[place]);
        g_ptr_array_add(plan->warnings, warning);
    }
}
