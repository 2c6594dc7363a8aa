/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan.h"

#include "base/const-cast.h"

#include <qblk/error.h>
#include <string.h>

/* The characters of ids and node-names (id_wellformed in util/id.c of QEMU). */
#define ID_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"

/* In a name by QEMU this stands for bytes that are not UTF-8. */
#define REPLACEMENT_CHARACTER "\xef\xbf\xbd"

/* ---- steps, expectations and removed images ---- */

void
qblk_plan_step_free(QblkStep *step)
{
    g_free(step->purpose);
    g_free(step->command);
    g_clear_pointer(&step->arguments, qblk_json_unref);
    g_free(step->job);
    g_free(step->until);
    g_ptr_array_unref(step->undo);
    g_free(step);
}

static void
step_free(gpointer data)
{
    qblk_plan_step_free(data);
}

QblkStep *
qblk_plan_step_new(void)
{
    QblkStep *step = g_new0(QblkStep, 1);

    step->undo = g_ptr_array_new_with_free_func(step_free);
    return step;
}

static void
expectation_free(gpointer data)
{
    QblkExpectation *expectation = data;

    g_free(expectation->node_name);
    g_free(expectation->format);
    g_free(expectation->filename);
    g_free(expectation->path);
    g_free(expectation->backing_name);
    g_free(expectation->left_backing_name);
    g_free(expectation);
}

QblkExpectation *
qblk_plan_expectation_new(const char *node_name, const char *format, const char *filename)
{
    QblkExpectation *expectation = g_new0(QblkExpectation, 1);

    expectation->node_name = g_strdup(node_name);
    expectation->format = g_strdup(format);
    expectation->filename = g_strdup(filename);
    if (filename != NULL && g_path_is_absolute(filename)) {
        expectation->path = g_strdup(filename);
    }
    return expectation;
}

const char *
qblk_plan_layer_path(const QblkLayer *layer)
{
    const QblkLayerFile *file = layer->file;
    if (file != NULL && file->state != QBLK_FILE_UNKNOWN) {
        return file->here;
    }
    return layer->filename != NULL && g_path_is_absolute(layer->filename) ? layer->filename : NULL;
}

void
qblk_plan_expectation_set_file(QblkExpectation *expectation, const QblkLayer *layer)
{
    g_free(expectation->path);
    expectation->path = g_strdup(qblk_plan_layer_path(layer));
    if (layer->file != NULL) {
        expectation->file = layer->file->open;
    }
}

static void
removed_image_free(gpointer data)
{
    QblkRemovedImage *image = data;

    g_free(image->filename);
    g_free(image->path);
    g_free(image->kept_because);
    g_free(image);
}

static void
created_file_free(gpointer data)
{
    QblkCreatedFile *file = data;

    g_free(file->filename);
    g_free(file->path);
    g_free(file->format);
    g_free(file->backing_name);
    g_free(file);
}

void
qblk_plan_add_created(QblkPlan *plan, const char *filename, const char *format, gint64 size,
                      const char *backing_name)
{
    QblkCreatedFile *file = g_new0(QblkCreatedFile, 1);

    file->filename = g_strdup(filename);
    file->path = g_path_is_absolute(filename) ? g_strdup(filename) : NULL;
    file->format = g_strdup(format);
    file->size = size;
    file->backing_name = g_strdup(backing_name);
    g_ptr_array_add(plan->created, file);
}

/* ---- plans ---- */

char *
qblk_plan_id_part(const char *name)
{
    return g_strcanon(g_strdup(name), ID_CHARACTERS, '_');
}

const char *
qblk_plan_removed_name(const QblkRemovedImage *image)
{
    gboolean is_lasting = image->path != NULL && !g_str_has_prefix(image->path, "/proc/");
    return is_lasting ? image->path : image->filename;
}

gboolean
qblk_plan_removed_has_no_name(const QblkRemovedImage *image)
{
    return image->path == NULL && qblk_file_identity_is_known(&image->file);
}

QblkFileIdentity
qblk_plan_get_top_file(const QblkPlan *plan)
{
    const QblkExpectation *top = plan->before->len == 0 ? NULL : plan->before->pdata[0];
    return top == NULL ? (QblkFileIdentity){0} : top->file;
}

const char *
qblk_plan_get_result_path(const QblkPlan *plan)
{
    gboolean is_path = plan->copy != NULL && g_path_is_absolute(plan->copy) &&
                       strstr(plan->copy, REPLACEMENT_CHARACTER) == NULL;
    return is_path ? plan->copy : NULL;
}

QblkPlan *
qblk_plan_new_empty(void)
{
    QblkPlan *plan = g_new0(QblkPlan, 1);
    g_atomic_ref_count_init(&plan->references);

    plan->steps = g_ptr_array_new_with_free_func(step_free);
    plan->before = g_ptr_array_new_with_free_func(expectation_free);
    plan->after = g_ptr_array_new_with_free_func(expectation_free);
    plan->warnings = g_ptr_array_new_with_free_func(g_free);
    plan->bitmaps = qblk_planned_bitmaps_new();
    plan->mends = qblk_planned_mends_new();
    plan->removed = g_ptr_array_new_with_free_func(removed_image_free);
    plan->created = g_ptr_array_new_with_free_func(created_file_free);
    return plan;
}

static char *
job_id(const char *kind, const QblkPlanContext *context, const char *target)
{
    if (context->job != NULL) {
        return g_strdup(context->job);
    }
    g_autofree char *part = qblk_plan_id_part(target);
    return g_strdup_printf("qblk-%s-%s", kind, part);
}

QblkPlan *
qblk_plan_new(const char *kind, const QblkPlanContext *context, const QblkChain *chain)
{
    QblkPlan *plan = qblk_plan_new_empty();

    plan->kind = g_strdup(kind);
    plan->target = g_strdup(chain->target);
    plan->qdev = g_strdup(chain->qdev);
    plan->backend = g_strdup(chain->backend);
    plan->job = job_id(kind, context, chain->target);
    plan->fingerprint = g_strdup(chain->fingerprint);

    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        QblkExpectation *before =
            qblk_plan_expectation_new(layer->node_name, layer->format, layer->filename);
        qblk_plan_expectation_set_file(before, layer);
        g_ptr_array_add(plan->before, before);
    }
    return plan;
}

QblkPlan *
qblk_plan_ref(const QblkPlan *plan)
{
    QblkPlan *counted = qblk_const_cast(plan);

    g_atomic_ref_count_inc(&counted->references);
    return counted;
}

void
qblk_plan_unref(QblkPlan *plan)
{
    if (plan == NULL || !g_atomic_ref_count_dec(&plan->references)) {
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
    g_free(plan->closed_node);
    g_free(plan->replaced_node);
    g_free(plan->space.path);
    g_free(plan->partial);
    g_free(plan->outcome);
    g_free(plan->merged);
    g_free(plan->merged_into);
    g_free(plan->merged_path);
    g_free(plan->merged_into_path);
    g_free(plan->state_dir);
    g_ptr_array_unref(plan->steps);
    g_ptr_array_unref(plan->before);
    g_ptr_array_unref(plan->after);
    g_ptr_array_unref(plan->warnings);
    g_ptr_array_unref(plan->removed);
    g_ptr_array_unref(plan->created);
    g_ptr_array_unref(plan->bitmaps);
    g_ptr_array_unref(plan->mends);
    g_free(plan);
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
qblk_plan_has_job(const QblkPlan *plan)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        if (step->is_start) {
            return TRUE;
        }
    }
    return plan->existing_job;
}

gboolean
qblk_plan_changes_chain(const QblkPlan *plan)
{
    return plan->before->len != plan->after->len || qblk_plan_moves_top(plan);
}

void
qblk_plan_set_outcome(QblkPlan *plan, const char *outcome)
{
    g_free(plan->outcome);
    plan->outcome = g_strdup(outcome);
}

gboolean
qblk_plan_is_cancel(const QblkPlan *plan)
{
    return g_strcmp0(plan->outcome, QBLK_OUTCOME_CANCELLED) == 0;
}

gboolean
qblk_plan_moves_top(const QblkPlan *plan)
{
    if (plan->before->len == 0 || plan->after->len == 0) {
        return FALSE;
    }

    const QblkExpectation *before = plan->before->pdata[0];
    const QblkExpectation *after = plan->after->pdata[0];
    return g_strcmp0(before->filename, after->filename) != 0;
}

gboolean
qblk_plan_delete_removed(QblkPlan *plan, GError **error)
{
    for (guint i = 0; i < plan->removed->len; i++) {
        QblkRemovedImage *image = plan->removed->pdata[i];
        if (image->kept_because != NULL) {
            g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED,
                        "cannot delete '%s' after the job: %s; without --delete, qblk "
                        "lists the images to delete by hand",
                        image->filename, image->kept_because);
            return FALSE;
        }
        image->will_delete = image->is_local;
    }
    return TRUE;
}
