/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/planner-read.h"

#include "image/image-client.h"
#include "operation/planner-check.h"
#include "operation/planner-mend.h"
#include "operation/planner-overlay.h"
#include "plan/overlay-bitmaps.h"
#include "plan/plan-check.h"
#include "plan/plan-flush.h"
#include "plan/plan-job.h"
#include "plan/plan-json.h"
#include "plan/plan-managed.h"
#include "plan/plan-mend.h"
#include "plan/plan-monitor.h"

#include <qblk/planner.h>

/* ---- the chain ---- */

static gboolean
refuse_changed(const QblkPlan *plan, GError **error)
{
    g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_STALE,
                "the chain of disk '%s' is not the one that the plan was made for: plan again",
                plan->target);
    return FALSE;
}

/* The fingerprint alone could be that of the chain while the layers of the plan are others. */
static gboolean
check_chain(const QblkPlan *plan, const QblkChain *chain, GError **error)
{
    if (!g_str_equal(plan->fingerprint, chain->fingerprint) ||
        plan->before->len != chain->layers->len) {
        return refuse_changed(plan, error);
    }

    for (guint i = 0; i < plan->before->len; i++) {
        const QblkExpectation *before = plan->before->pdata[i];
        const QblkLayer *layer = chain->layers->pdata[i];
        if (g_strcmp0(before->node_name, layer->node_name) != 0 ||
            g_strcmp0(before->format, layer->format) != 0 ||
            g_strcmp0(before->filename, layer->filename) != 0) {
            return refuse_changed(plan, error);
        }
    }
    return TRUE;
}

static gboolean
has_file(const GPtrArray *layers, const char *filename)
{
    for (guint i = 0; i < layers->len; i++) {
        const QblkExpectation *layer = layers->pdata[i];
        if (g_strcmp0(layer->filename, filename) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Returns: TRUE if @image is a layer of @chain, under its path, and none that stays. */
static gboolean
leaves_chain(const QblkPlan *plan, const QblkChain *chain, const QblkRemovedImage *image)
{
    for (guint i = 0; i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (g_strcmp0(layer->filename, image->filename) == 0 &&
            g_strcmp0(qblk_plan_layer_path(layer), image->path) == 0) {
            return !qblk_plan_has_layer(plan->after, layer) &&
                   !has_file(plan->after, layer->filename);
        }
    }
    return FALSE;
}

/* QEMU has other files open as well: those of other disks, its firmware, its logs. */
static gboolean
check_deleted(const QblkPlan *plan, const QblkChain *chain, GError **error)
{
    for (guint i = 0; i < plan->removed->len; i++) {
        const QblkRemovedImage *image = plan->removed->pdata[i];
        if (image->will_delete && (chain == NULL || !leaves_chain(plan, chain, image))) {
            return qblk_plan_refuse(error,
                                    "the plan of '%s' would delete '%s', which is no layer that "
                                    "leaves its chain: plan again",
                                    plan->target, image->path);
        }
    }
    return TRUE;
}

static const QblkLayer *
find_layer(const QblkChain *chain, const QblkStep *step, const char *argument)
{
    const char *name = qblk_json_get_string(step->arguments, argument);
    for (guint i = 0; name != NULL && i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (g_strcmp0(layer->node_name, name) == 0) {
            return layer;
        }
    }
    return NULL;
}

static gboolean
check_start(const QblkPlanContext *context, const QblkPlan *plan, const QblkStep *start,
            const QblkChain *chain, GError **error)
{
    gboolean is_commit = g_strcmp0(start->command, "block-commit") == 0;
    if (!is_commit && g_strcmp0(start->command, "block-stream") != 0) {
        return TRUE;
    }

    const QblkLayer *first = find_layer(chain, start, is_commit ? "top-node" : "device");
    const QblkLayer *last = is_commit ? find_layer(chain, start, "base-node") : first;
    if (first == NULL || last == NULL) {
        return refuse_changed(plan, error);
    }
    return qblk_plan_check_users(context, chain, first, last, error);
}

gboolean
qblk_planner_check_users(const QblkSnapshot *snapshot, const QblkPlan *plan, const QblkChain *chain,
                         GError **error)
{
    const QblkPlanContext context = {.snapshot = snapshot, .target = plan->target};
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        if (step->is_start && !check_start(&context, plan, step, chain, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* ---- paths of plans that were read ---- */

/* Where files that a plan names are looked up; each chain may be NULL. */
typedef struct {
    const QblkPlan *plan;
    const QblkChain *chain;  /* of the disk */
    const QblkChain *copied; /* that an existing job copies to */
} Places;

/* Returns: (nullable): the layer of @chain with @node_name; without one, that with @filename */
static const QblkLayer *
find_image(const QblkChain *chain, const char *node_name, const char *filename)
{
    for (guint i = 0; chain != NULL && i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (node_name != NULL ? g_strcmp0(layer->node_name, node_name) == 0
                              : g_strcmp0(layer->filename, filename) == 0) {
            return layer;
        }
    }
    return NULL;
}

/* The plan does not change if its path is right: another thread may read it. */
static void
set_path(char **path, const char *right)
{
    if (g_strcmp0(*path, right) != 0) {
        g_free(*path);
        *path = g_strdup(right);
    }
}

/* An image that is not open yet has the name that it will be opened with. */
static void
set_image_path(const Places *places, QblkExpectation *image)
{
    const QblkLayer *layer = find_image(places->chain, image->node_name, image->filename);
    if (layer == NULL) {
        layer = find_image(places->copied, image->node_name, image->filename);
    }

    gboolean is_path = g_path_is_absolute(image->filename);
    const char *name = is_path ? image->filename : NULL;
    set_path(&image->path, layer == NULL ? name : qblk_plan_layer_path(layer));
}

static gboolean
opens_file(const QblkPlan *plan, const char *filename)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        if (g_strcmp0(step->command, "blockdev-add") == 0 &&
            g_strcmp0(qblk_json_get_string(step->arguments, "filename"), filename) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
is_image_of(const QblkChain *chain, const char *name)
{
    for (guint i = 0; chain != NULL && i < chain->layers->len; i++) {
        const QblkLayer *layer = chain->layers->pdata[i];
        if (g_strcmp0(layer->filename, name) == 0 ||
            g_strcmp0(qblk_plan_layer_path(layer), name) == 0 ||
            (layer->file != NULL && g_strcmp0(layer->file->path, name) == 0)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* A mark is written beside @name: it is an image of the disk or of its copy, or NULL.  What is not
 * an absolute path, such as a URL, gets no mark, and is only printed. */
static gboolean
check_name(const Places *places, const char *name, GError **error)
{
    const QblkPlan *plan = places->plan;
    return name == NULL || !g_path_is_absolute(name) || is_image_of(places->chain, name) ||
           is_image_of(places->copied, name) || opens_file(plan, name) ||
           qblk_plan_refuse(error,
                            "the plan of '%s' names '%s', which is no image of its disk or of its "
                            "copy: plan again",
                            plan->target, name);
}

static gboolean
set_merged_path(const Places *places, const char *name, char **path, GError **error)
{
    const QblkLayer *layer = name == NULL ? NULL : find_image(places->chain, NULL, name);
    if (name != NULL && layer == NULL) {
        return qblk_plan_refuse(error,
                                "the plan of '%s' would mark '%s' as merged, which is no layer of "
                                "its chain: plan again",
                                places->plan->target, name);
    }
    set_path(path, layer == NULL ? NULL : qblk_plan_layer_path(layer));
    return TRUE;
}

/* The chain afterwards starts with a layer of the disk or with its copy. */
static gboolean
check_result(const Places *places, GError **error)
{
    const QblkPlan *plan = places->plan;
    const QblkExpectation *top = plan->after->len == 0 ? NULL : plan->after->pdata[0];
    return top == NULL || check_name(places, top->filename, error);
}

/*
 * Marks are written beside files, and files are opened to sync them: their paths are those of the
 * layers, whatever the text of the plan has.
 */
static gboolean
set_paths(const QblkJob *job, QblkPlan *plan, const QblkSnapshot *snapshot, const QblkChain *chain,
          GError **error)
{
    const QblkNode *target = job == NULL ? NULL : qblk_job_copy_target(job);
    g_autoptr(QblkChain) copied =
        target == NULL ? NULL : qblk_snapshot_chain_of_node(snapshot, target, NULL);
    const Places places = {.plan = plan, .chain = chain, .copied = copied};

    for (guint i = 0; i < plan->before->len; i++) {
        set_image_path(&places, plan->before->pdata[i]);
    }
    for (guint i = 0; i < plan->after->len; i++) {
        set_image_path(&places, plan->after->pdata[i]);
    }
    return set_merged_path(&places, plan->merged, &plan->merged_path, error) &&
           set_merged_path(&places, plan->merged_into, &plan->merged_into_path, error) &&
           check_name(&places, plan->partial, error) && check_name(&places, plan->copy, error) &&
           check_result(&places, error);
}

static gboolean
add_secret(QblkPlanOptions *options, const QblkStep *step, GError **error)
{
    const char *id = qblk_json_get_string(step->arguments, "id");
    const char *path = qblk_json_get_string(step->arguments, "file");
    g_autofree char *assignment = g_strdup_printf("%s=%s", id, path);

    return qblk_plan_options_add_secret(options, assignment, error);
}

/* The plan of a snapshot depends on its image and on the graph only: it is made once more.  A file
 * may exist there by now. */
static gboolean
check_overlay(QblkClient *client, const QblkSnapshot *snapshot, const QblkPlan *plan,
              gboolean is_forced, GError **error)
{
    g_autoptr(QblkOverlayOptions) options = qblk_overlay_options_of_plan(plan);
    g_autoptr(QblkPlanOptions) plan_options = qblk_plan_options_new();
    qblk_plan_options_set_force_managed(plan_options, is_forced);
    qblk_plan_options_set_allow_plaintext(plan_options, TRUE);
    qblk_plan_options_set_drop_bitmaps(plan_options, qblk_overlay_bitmaps_are_dropped(plan));

    const QblkStep *first = plan->steps->pdata[0];
    gboolean has_secret = g_strcmp0(first->command, "object-add") != 0;
    if (!has_secret && !add_secret(plan_options, first, error)) {
        return FALSE;
    }

    g_autoptr(QblkPlan) made = qblk_planner_overlay_make(client, snapshot, plan->target, options,
                                                         plan_options, has_secret, error);
    if (made == NULL) {
        return FALSE;
    }

    g_autoptr(QblkJson) expected = qblk_plan_json_new(made);
    g_autoptr(QblkJson) read = qblk_plan_json_new(plan);
    return qblk_json_equal(expected, read) ||
           qblk_plan_refuse(error,
                            "the plan of '%s' is not the one for this VM and this overlay: plan "
                            "again",
                            plan->target);
}

gboolean
qblk_planner_check_overlay(QblkClient *client, const QblkSnapshot *snapshot, const QblkPlan *plan,
                           GError **error)
{
    /* The manager of the guest was checked when the plan was made. */
    return !g_str_equal(plan->kind, "snapshot") ||
           check_overlay(client, snapshot, plan, TRUE, error);
}

static gboolean
check_new_job(const QblkPlanContext *context, QblkPlan *plan, GError **error)
{
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(context->snapshot, plan->target, error);

    return chain != NULL && check_chain(plan, chain, error) && check_deleted(plan, chain, error) &&
           qblk_plan_check_disk(context, chain, error) &&
           qblk_planner_check_users(context->snapshot, plan, chain, error) &&
           qblk_plan_check_id(context, plan, error) &&
           qblk_plan_flush_check_read(context, plan, error) &&
           set_paths(NULL, plan, context->snapshot, chain, error);
}

/* The chain of a job is not known if reading the nodes would be unsafe. */
static gboolean
check_existing_job(const QblkPlanContext *context, QblkPlan *plan, GError **error)
{
    const QblkJob *job = qblk_plan_job_find(context->snapshot, plan->job);
    if (job == NULL) {
        g_set_error(error, QBLK_GRAPH_ERROR, QBLK_GRAPH_ERROR_NO_JOB,
                    "job '%s' no longer exists: plan again", plan->job);
        return FALSE;
    }
    if (!qblk_plan_managed_check_job(context, job, error) ||
        !qblk_plan_flush_check_read(context, plan, error)) {
        return FALSE;
    }
    if (plan->fingerprint[0] == '\0') {
        return check_deleted(plan, NULL, error) &&
               set_paths(job, plan, context->snapshot, NULL, error);
    }

    g_autoptr(QblkChain) chain = qblk_snapshot_chain(context->snapshot, plan->target, error);
    return chain != NULL && check_chain(plan, chain, error) && check_deleted(plan, chain, error) &&
           set_paths(job, plan, context->snapshot, chain, error);
}

/* The plan for a monitor depends on its path only: it is made once more. */
static gboolean
check_monitor(QblkClient *client, const QblkPlan *plan, GError **error)
{
    g_autoptr(QblkMonitorOptions) options = qblk_monitor_options_new();
    g_autoptr(QblkPlanOptions) plan_options = qblk_plan_options_new();

    if (!qblk_monitor_options_set_path(options, plan->target, error)) {
        return FALSE;
    }
    qblk_monitor_options_set_close(options, g_str_equal(plan->kind, "close-monitor"));
    qblk_plan_options_set_force_managed(plan_options, plan->is_forced);
    g_autoptr(QblkPlan) made = qblk_plan_open_monitor(client, options, plan_options, error);
    if (made == NULL) {
        return FALSE;
    }

    g_autoptr(QblkJson) expected = qblk_plan_json_new(made);
    g_autoptr(QblkJson) read = qblk_plan_json_new(plan);
    return qblk_json_equal(expected, read) ||
           qblk_plan_refuse(error,
                            "the plan for monitor '%s' is not the one for this VM: plan again",
                            plan->target);
}

gboolean
qblk_planner_check_read(QblkClient *client, const QblkSnapshot *snapshot, QblkPlan *plan,
                        GError **error)
{
    const QblkPlanContext context = {
        .snapshot = snapshot,
        .target = plan->target,
        .force_managed = plan->is_forced,
        .image_layers = client == NULL ? NULL : qblk_client_get_image_layers(client),
    };
    if (qblk_plan_is_of_monitor(plan)) {
        return check_monitor(client, plan, error);
    }
    if (g_str_equal(plan->kind, QBLK_PLAN_MEND)) {
        return qblk_planner_mend_check_read(client, snapshot, plan, error);
    }

    gboolean is_valid = plan->existing_job ? check_existing_job(&context, plan, error)
                                           : check_new_job(&context, plan, error);
    if (is_valid && g_str_equal(plan->kind, "snapshot")) {
        is_valid = check_overlay(client, snapshot, plan, plan->is_forced, error);
    }

    return is_valid && qblk_planner_check(client, snapshot, plan, error);
}
