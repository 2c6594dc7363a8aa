/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-overlay.h"

#include "plan/bitmap-actions.h"
#include "plan/overlay-bitmaps.h"
#include "plan/overlay-request.h"
#include "plan/plan-check.h"
#include "plan/plan-managed.h"
#include "plan/plan-secrets.h"
#include "plan/plan-space.h"
#include "plan/plan-steps.h"

static const QblkNewImagePurposes purposes = {
    .create_file = "create the file of the overlay",
    .create_image = "create the image of the overlay",
    .open_file = "open the file of the overlay",
    .open_image = "open the overlay",
};

static void
overlay_clear(QblkOverlayRequest *overlay)
{
    g_free(overlay->backing_name);
    qblk_new_image_clear(&overlay->image);
    qblk_file_uses_clear(&overlay->uses);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkOverlayRequest, overlay_clear)

/* ---- the steps ---- */

static void
set_image(QblkOverlayRequest *overlay)
{
    const QblkSnapshot *snapshot = overlay->context->snapshot;
    const QblkOverlayOptions *options = overlay->options;
    const QblkLayer *top = overlay->top;
    QblkNewImage *image = &overlay->image;

    image->purposes = &purposes;
    image->path = overlay->path;
    image->format = overlay->format;
    image->is_block = overlay->place != NULL && overlay->place->kind == QBLK_DESTINATION_BLOCK;
    image->is_created = !options->reuse;
    image->virtual_size = top->virtual_size;
    image->cluster_size = options->cluster_size;
    image->encrypt_secret = options->encryption;
    image->backing_name = overlay->backing_name;
    image->backing_format = top->format;
    image->backing = QBLK_NEW_IMAGE_NO_BACKING;
    image->like = qblk_snapshot_find_node(snapshot, top->node_name);
    qblk_new_image_choose_names(image, snapshot, overlay->chain->target);
}

static void
add_transaction(QblkPlan *plan, const QblkOverlayRequest *overlay)
{
    QblkJson *actions = qblk_json_new_array();
    qblk_overlay_bitmaps_append(plan, actions);

    QblkJson *put = qblk_json_new_object();
    qblk_json_set_string(put, "node", overlay->top->node_name);
    qblk_json_set_string(put, "overlay", overlay->image.node);
    qblk_bitmap_actions_append(actions, "blockdev-snapshot", put);

    QblkJson *arguments = qblk_json_new_object();
    qblk_json_set(arguments, "actions", actions);
    QblkStep *step =
        qblk_plan_add(plan, "make the overlay the active layer", "transaction", arguments);
    step->is_final = TRUE;
    step->is_joint = TRUE;
}

static void
add_steps(QblkPlan *plan, const QblkOverlayRequest *overlay)
{
    if (overlay->options->encryption != NULL) {
        qblk_plan_secrets_add(plan, overlay->context, overlay->options->encryption);
    }
    qblk_new_image_add(plan, &overlay->image);
    add_transaction(plan, overlay);

    if (overlay->image.is_created) {
        qblk_plan_add_created(plan, overlay->path, overlay->format, overlay->top->virtual_size,
                              overlay->backing_name);
    }
}

/* ---- the chain afterwards ---- */

static void
add_expectations(QblkPlan *plan, const QblkOverlayRequest *overlay)
{
    QblkExpectation *image =
        qblk_plan_expect_image(plan, overlay->image.node, overlay->format, overlay->path);

    image->backing_name = g_strdup(overlay->backing_name);
    image->names_next = TRUE;
    qblk_plan_expect_layers(plan, overlay->chain->layers, 0);
}

/* A new image needs room for its tables; what the guest will write is not known. */
static gboolean
check_space(const QblkOverlayRequest *overlay, QblkPlan *plan, GError **error)
{
    const QblkSpaceRequest request = {
        .chain = overlay->chain,
        .path = overlay->path,
        .format = overlay->format,
        .is_new = overlay->image.is_created,
    };
    return qblk_plan_check_space(overlay->context, &request, plan, error);
}

static QblkPlan *
make_plan(const QblkOverlayRequest *overlay, GError **error)
{
    g_autoptr(QblkPlan) plan = qblk_plan_new("snapshot", overlay->context, overlay->chain);
    qblk_plan_managed_warn(plan, overlay->context);
    plan->writes = g_strdup(overlay->path);

    if (!qblk_overlay_bitmaps_choose(plan, overlay, error)) {
        return NULL;
    }
    add_steps(plan, overlay);
    add_expectations(plan, overlay);
    qblk_file_uses_warn(&overlay->uses, plan);
    if (!check_space(overlay, plan, error)) {
        return NULL;
    }

    gboolean is_valid = qblk_plan_check_id(overlay->context, plan, error) &&
                        qblk_plan_secrets_check_used(plan, overlay->context, error);
    return is_valid ? g_steal_pointer(&plan) : NULL;
}

QblkPlan *
qblk_plan_make_overlay(const QblkOverlayRequest *requested, GError **error)
{
    const QblkPlanContext *context = requested->context;
    g_autoptr(QblkChain) chain = qblk_snapshot_chain(context->snapshot, context->target, error);
    if (chain == NULL || !qblk_plan_check_disk(context, chain, error)) {
        return NULL;
    }

    g_auto(QblkOverlayRequest) overlay = {
        .context = context,
        .options = requested->options,
        .path = requested->path,
        .place = requested->place,
        .found = requested->found,
        .chain = chain,
        .top = qblk_chain_get_layer(chain, 0),
        .format = qblk_overlay_options_get_format(requested->options),
    };
    if (!qblk_overlay_request_check(&overlay, error)) {
        return NULL;
    }
    set_image(&overlay);
    return make_plan(&overlay, error);
}
