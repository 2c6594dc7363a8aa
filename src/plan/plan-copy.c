/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-copy.h"

#include "plan/copy-destination.h"
#include "plan/copy-size.h"
#include "plan/crash-guard.h"
#include "plan/plan-bitmaps.h"
#include "plan/plan-check.h"
#include "plan/plan-content.h"
#include "plan/plan-filters.h"
#include "plan/plan-managed.h"
#include "plan/plan-secrets.h"
#include "plan/plan-space.h"
#include "plan/plan-steps.h"
#include "plan/plan-users.h"

static void
copy_clear(QblkCopyRequest *copy)
{
    qblk_new_image_clear(&copy->image);
    g_free(copy->backing_name);
    g_free(copy->open_purpose);
    qblk_file_uses_clear(&copy->uses);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkCopyRequest, copy_clear)

/* ---- the steps ---- */

static const QblkNewImagePurposes purposes = {
    .create_file = "create the file of the copy",
    .create_image = "create the image of the copy",
    .open_file = "open the file of the copy",
    .open_image = "open the copy",
};

/* QEMU reports the size of a server's image that is too small, and this is the size it needs.  What
 * format it has is not known before QEMU opens it. */
static void
set_purposes(QblkCopyRequest *copy)
{
    copy->purposes = purposes;
    if (copy->options->protocol != NULL && copy->part_size > 0) {
        copy->open_purpose =
            g_strdup_printf("open %" G_GINT64_FORMAT " bytes as the copy", copy->part_size);
        copy->purposes.open_image = copy->open_purpose;
    } else if (copy->options->protocol != NULL && copy->options->format == NULL) {
        copy->open_purpose = g_strdup_printf(
            "open the copy in format '%s' of the disk (of a raw image: use --format raw)",
            copy->format);
        copy->purposes.open_image = copy->open_purpose;
    }
}

static void
set_backing(QblkNewImage *image, const QblkCopyRequest *copy)
{
    image->backing_name = copy->backing_name;
    image->backing_format = copy->base == NULL ? NULL : copy->base->format;

    if (copy->base == NULL) {
        gboolean has_backing = qblk_copy_request_has_backing(copy->format);
        image->backing = has_backing ? QBLK_NEW_IMAGE_NO_BACKING : QBLK_NEW_IMAGE_ALONE;
    } else if (copy->opens_other_backing) {
        image->backing = QBLK_NEW_IMAGE_FROM_HEADER;
    } else {
        image->backing = QBLK_NEW_IMAGE_BACKING;
        image->backing_node = qblk_plan_filters_get_topmost(copy->base);
    }
}

static void
describe_image(QblkCopyRequest *copy)
{
    const QblkNode *top_node =
        qblk_snapshot_find_node(copy->context->snapshot, copy->top->node_name);

    set_purposes(copy);
    copy->image = (QblkNewImage){
        .purposes = &copy->purposes,
        .path = copy->options->destination,
        .protocol = copy->options->protocol,
        .format = copy->format,
        .is_block = qblk_copy_destination_is_block(copy->options),
        .is_created = copy->creates_image,
        .virtual_size = copy->top->virtual_size,
        .part_size = copy->part_size,
        .storage_size = copy->image_size,
        .encrypt_secret = copy->options->encryption,
        .like = top_node,
    };
    qblk_new_image_choose_names(&copy->image, copy->context->snapshot, copy->chain->target);
    set_backing(&copy->image, copy);
}

static gboolean
is_below_filter(const QblkCopyRequest *copy)
{
    return g_strcmp0(copy->chain->root, copy->top->node_name) != 0;
}

static void
add_start(QblkPlan *plan, const QblkCopyRequest *copy)
{
    const QblkCopyOptions *options = copy->options;
    QblkJson *arguments = qblk_plan_job_arguments(plan, copy->context, TRUE);

    qblk_json_set_string(arguments, "device", copy->chain->root);
    qblk_json_set_string(arguments, "target", copy->image.node);
    qblk_json_set_string(arguments, "sync", copy->base == NULL ? "full" : "top");
    if (is_below_filter(copy)) {
        qblk_json_set_string(arguments, "replaces", copy->top->node_name);
    }
    if (options->synchronous) {
        qblk_json_set_string(arguments, "copy-mode", "write-blocking");
    }
    if (options->granularity > 0) {
        qblk_json_set_integer(arguments, "granularity", options->granularity);
    }
    if (options->buffer_size > 0) {
        qblk_json_set_integer(arguments, "buf-size", options->buffer_size);
    }

    (void)qblk_plan_add_job(plan, "start the job", "blockdev-mirror", arguments, plan->job,
                            "ready");
}

/* How many layers leave the chain with the pivot. */
static guint
count_removed(const QblkCopyRequest *copy)
{
    gboolean removes_all = copy->base == NULL || copy->opens_other_backing;
    return removes_all ? copy->chain->layers->len : 1;
}

static void
add_closes(QblkPlan *plan, const QblkCopyRequest *copy)
{
    const GPtrArray *layers = copy->chain->layers;
    guint end = count_removed(copy);

    for (guint i = 0; i < end; i++) {
        qblk_plan_add_close_layer(plan, copy->context, layers->pdata[i]);
        if (i + 1 < end) {
            qblk_plan_filters_add_close(plan, copy->context, layers->pdata[i + 1]);
        }
    }
}

static void
add_pivot(QblkPlan *plan, const QblkCopyRequest *copy)
{
    qblk_plan_bitmaps_add_step(plan, FALSE);
    QblkStep *complete = qblk_plan_add_complete(plan, "make the copy the active layer");

    /* With "replaces" mirror_complete() sets an error that is already set (5.2, 7.2). */
    complete->at_most_once = is_below_filter(copy);
    qblk_crash_guard_watch(plan, copy->context, copy->top);
    add_closes(plan, copy);
}

static void
add_finish(QblkPlan *plan, const QblkCopyRequest *copy)
{
    qblk_plan_add_leave(plan, "end the job and keep the source");
    qblk_plan_add_close(plan, copy->image.node);
    if (copy->image.storage_size > 0) {
        qblk_plan_add_close(plan, copy->image.part);
    }
    qblk_plan_add_close(plan, copy->image.storage);

    g_autoptr(GPtrArray) secrets = qblk_copy_request_secrets(copy->options);
    for (guint i = 0; i < secrets->len; i++) {
        qblk_plan_secrets_remove(plan, copy->context, secrets->pdata[i]);
    }
    plan->copy = g_strdup(copy->options->destination);
}

static void
add_steps(QblkPlan *plan, const QblkCopyRequest *copy)
{
    g_autoptr(GPtrArray) secrets = qblk_copy_request_secrets(copy->options);
    for (guint i = 0; i < secrets->len; i++) {
        qblk_plan_secrets_add(plan, copy->context, secrets->pdata[i]);
    }
    qblk_new_image_add(plan, &copy->image);
    add_start(plan, copy);

    switch (copy->options->end) {
    case QBLK_COPY_STAY:
        plan->stays_ready = TRUE;
        break;
    case QBLK_COPY_PIVOT:
        add_pivot(plan, copy);
        break;
    case QBLK_COPY_FINISH:
        add_finish(plan, copy);
        break;
    }
}

/* ---- the chain afterwards ---- */

/* Expect the images that the header of the copy leads to. */
static void
expect_found_backing(QblkPlan *plan, const QblkChain *found)
{
    for (guint i = 1; i < found->layers->len; i++) {
        const QblkLayer *layer = found->layers->pdata[i];
        (void)qblk_plan_expect_image(plan, NULL, layer->format, layer->filename);
    }
}

static void
add_expectations(QblkPlan *plan, const QblkCopyRequest *copy)
{
    const GPtrArray *layers = copy->chain->layers;
    if (copy->options->end != QBLK_COPY_PIVOT) {
        qblk_plan_expect_layers(plan, layers, 0);
        return;
    }

    QblkExpectation *image =
        qblk_plan_expect_image(plan, copy->image.node, copy->format, copy->options->destination);
    image->backing_name = g_strdup(copy->backing_name);
    image->names_next = TRUE;
    image->is_other_name = copy->options->protocol != NULL;

    if (copy->opens_other_backing) {
        expect_found_backing(plan, copy->options->found);
    } else if (copy->base != NULL) {
        qblk_plan_expect_layers(plan, layers, 1);
    }
}

static gboolean
check_space(const QblkCopyRequest *copy, QblkPlan *plan, GError **error)
{
    const QblkSpaceRequest request = {
        .chain = copy->chain,
        .first = 0,
        .end = copy->base == NULL ? copy->chain->layers->len : 1,
        .path = copy->options->destination,
        .format = copy->format,
        .is_new = copy->creates_image,
        .skips_zeros = qblk_new_image_get_zero_detection(&copy->image) != NULL,
    };
    return copy->options->protocol != NULL ||
           qblk_plan_check_space(copy->context, &request, plan, error);
}

/* A copy that the guest is not switched to is not the disk: that keeps its bitmaps. */
static gboolean
choose_bitmaps(QblkPlan *plan, const QblkCopyRequest *copy, GError **error)
{
    const QblkCopyOptions *options = copy->options;
    const QblkLayer *found =
        options->reuse && options->found != NULL ? qblk_chain_get_layer(options->found, 0) : NULL;
    const QblkBitmapMove move = {
        .context = copy->context,
        .chain = copy->chain,
        .end = copy->base == NULL ? copy->chain->layers->len : 1,
        .direction = QBLK_BITMAPS_BESIDE,
        .target =
            {
                .node_name = copy->image.node,
                .filename = options->destination,
                .format = copy->format,
                .is_qcow2_v2 = found != NULL && found->is_qcow2_v2,
                .virtual_size = copy->top->virtual_size,
                .bitmaps = found == NULL ? NULL : found->bitmaps,
            },
    };
    return options->end != QBLK_COPY_PIVOT || qblk_plan_bitmaps_choose(plan, &move, error);
}

static QblkPlan *
make_plan(const QblkCopyRequest *copy, GError **error)
{
    const char *destination = copy->options->destination;
    g_autoptr(QblkPlan) plan = qblk_plan_new("copy", copy->context, copy->chain);
    qblk_plan_managed_warn(plan, copy->context);

    plan->writes = g_strdup(destination);
    plan->partial = g_strdup(destination);
    if (copy->chain->layers->len == 1) {
        plan->reads = g_strdup(copy->top->filename);
    }
    if (!choose_bitmaps(plan, copy, error)) {
        return NULL;
    }
    add_steps(plan, copy);
    if (!qblk_crash_guard_check_closed(plan, copy->context, error)) {
        return NULL;
    }
    add_expectations(plan, copy);
    qblk_file_uses_warn(&copy->uses, plan);
    qblk_copy_size_warn(copy, plan);
    if (!check_space(copy, plan, error)) {
        return NULL;
    }
    if (copy->options->end == QBLK_COPY_PIVOT &&
        !qblk_plan_check_internal_snapshots(copy->context, copy->chain, 0, count_removed(copy),
                                            FALSE, plan, error)) {
        return NULL;
    }

    /* The steps have jobs of their own. */
    gboolean is_valid = qblk_plan_check_id(copy->context, plan, error) &&
                        qblk_plan_secrets_check_used(plan, copy->context, error);
    return is_valid ? g_steal_pointer(&plan) : NULL;
}

QblkPlan *
qblk_plan_make_copy(const QblkPlanContext *context, const QblkCopyOptions *options, GError **error)
{
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(context->snapshot, context->target, error);
    if (chain == NULL || !qblk_plan_check_disk(context, chain, error)) {
        return NULL;
    }

    const QblkLayer *top = qblk_chain_get_layer(chain, 0);
    g_auto(QblkCopyRequest) copy = {
        .context = context,
        .options = options,
        .chain = chain,
        .top = top,
        .base = options->shallow ? qblk_chain_get_layer(chain, 1) : NULL,
        .format = options->format != NULL ? options->format : top->format,
    };
    if (!qblk_copy_request_check(&copy, error)) {
        return NULL;
    }
    if (options->end == QBLK_COPY_PIVOT &&
        !qblk_crash_guard_check(context, top, chain->target, error)) {
        return NULL;
    }
    if (!qblk_crash_guard_check_mirror(context, chain, error)) {
        return NULL;
    }
    if (!qblk_plan_filters_check_root(context, chain, error) ||
        !qblk_plan_check_replaced(chain, error)) {
        return NULL;
    }
    describe_image(&copy);
    return make_plan(&copy, error);
}
