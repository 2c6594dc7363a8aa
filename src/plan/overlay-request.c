/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/overlay-request.h"

#include "chain/layer-users.h"
#include "chain/snapshot-users.h"
#include "plan/backing-string.h"
#include "plan/copy-destination.h"
#include "plan/path-use.h"
#include "plan/plan-check.h"
#include "plan/plan-content.h"
#include "plan/plan-jobs.h"
#include "plan/plan-secrets.h"

/* ---- options ---- */

/* A rollback deletes an image only if it proves that it has no data. */
static gboolean
check_format(const QblkOverlayRequest *overlay, GError **error)
{
    return g_str_equal(overlay->format, "qcow2") ||
           qblk_plan_refuse(error, "an overlay in format '%s' is not supported: use qcow2",
                            overlay->format);
}

/* QEMU's bounds (qcow2_opt_get_cluster_size_del()). */
static gboolean
check_cluster_size(const QblkOverlayRequest *overlay, GError **error)
{
    const gint64 least = 512, most = 2 * 1024 * 1024;
    gint64 size = overlay->options->cluster_size;
    if (size == 0) {
        return TRUE;
    }
    if (overlay->options->reuse) {
        return qblk_plan_refuse(error, "a cluster size is for new images, and '%s' exists",
                                overlay->path);
    }
    if (size < least || size > most || (size & (size - 1)) != 0) {
        return qblk_plan_refuse(error,
                                "invalid cluster size %" G_GINT64_FORMAT ": use a power of 2 from "
                                "%" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " bytes",
                                size, least, most);
    }
    return TRUE;
}

/* What a reused image contains is known without its key only. */
static gboolean
check_encryption(const QblkOverlayRequest *overlay, GError **error)
{
    const char *secret = overlay->options->encryption;
    if (secret == NULL) {
        return TRUE;
    }
    if (overlay->options->reuse) {
        return qblk_plan_refuse(error,
                                "an encrypted overlay cannot be reused: omit --reuse-external, to "
                                "create '%s'",
                                overlay->path);
    }
    return qblk_plan_secrets_check(overlay->context, secret, error);
}

/* ---- what is there ---- */

static gboolean
check_new(const QblkOverlayRequest *overlay, GError **error)
{
    const QblkDestination *place = overlay->place;
    if (place == NULL || place->kind == QBLK_DESTINATION_NOTHING) {
        return TRUE;
    }
    if (place->kind == QBLK_DESTINATION_UNKNOWN) {
        return qblk_plan_refuse(error, "cannot check '%s': %s", overlay->path,
                                g_strerror(place->error_number));
    }
    return qblk_plan_refuse(error,
                            "'%s' already exists: use another name, with --suffix or --file, or "
                            "--reuse-external if it is an overlay without data",
                            overlay->path);
}

static QblkCopyOptions
as_copy(const QblkOverlayRequest *overlay)
{
    return (QblkCopyOptions){
        .destination = overlay->path,
        .format = overlay->format,
        .place = overlay->place,
        .found = overlay->found,
        .reuse = TRUE,
    };
}

static gboolean
check_reused(const QblkOverlayRequest *overlay, GError **error)
{
    const QblkDestination *place = overlay->place;
    const QblkCopyOptions options = as_copy(overlay);
    if (!qblk_copy_destination_check(&options, overlay->format, error)) {
        return FALSE;
    }
    if (place == NULL || g_strcmp0(place->format, overlay->format) == 0) {
        return TRUE;
    }
    return qblk_plan_refuse(error, "'%s' is not an image of format '%s'", overlay->path,
                            overlay->format);
}

gboolean
qblk_overlay_request_check_place(const QblkOverlayRequest *overlay, GError **error)
{
    return overlay->options->reuse ? check_reused(overlay, error) : check_new(overlay, error);
}

/* ---- an image that is reused ---- */

static gboolean
check_found_size(const QblkOverlayRequest *overlay, const QblkLayer *found, GError **error)
{
    if (found->virtual_size == overlay->top->virtual_size) {
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "'%s' has a virtual size of %" G_GINT64_FORMAT " bytes, and disk '%s' "
                            "of %" G_GINT64_FORMAT ": an overlay has to have the same",
                            overlay->path, found->virtual_size, overlay->chain->target,
                            overlay->top->virtual_size);
}

/* QEMU does not write the header: the next start of the guest relies on it. */
static gboolean
check_found_header(const QblkOverlayRequest *overlay, const QblkLayer *found, GError **error)
{
    const QblkLayer *top = overlay->top, *below = qblk_chain_get_layer(overlay->found, 1);
    if (below == NULL) {
        return qblk_plan_refuse(error,
                                "'%s' has no backing image, and the guest would lack the data of "
                                "'%s' at its next start: create it with 'qemu-img create -b'",
                                overlay->path, top->filename);
    }
    if (!qblk_backing_string_leads_to_layer(overlay->context->snapshot, NULL, below->filename,
                                            top)) {
        return qblk_plan_refuse(error,
                                "'%s' has the backing image '%s', which is not the active image "
                                "'%s' of disk '%s'",
                                overlay->path, below->filename, top->filename,
                                overlay->chain->target);
    }
    if (g_strcmp0(found->backing_format, top->format) == 0) {
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "the header of '%s' does not record the format '%s' of its backing "
                            "image: use 'qemu-img rebase -u -F %s' with that image",
                            overlay->path, top->format, top->format);
}

/* The guest would see the data of the overlay in place of its own. */
static gboolean
check_found_data(const QblkOverlayRequest *overlay, const QblkLayer *found, GError **error)
{
    const QblkSpaceSource *space = overlay->context->space;
    QblkImageData data = {0};

    if (space == NULL ||
        !space->count_data(overlay->path, found->format, found->virtual_size, FALSE, 0, &data)) {
        return qblk_plan_refuse(error,
                                "cannot check that '%s' has no data of its own: use a new qcow2 "
                                "image",
                                overlay->path);
    }
    if (data.data == 0 && data.covered == 0) {
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "'%s' has data of its own, which the guest would see in place of those "
                            "of '%s': use a new image",
                            overlay->path, overlay->top->filename);
}

static gboolean
check_found(const QblkOverlayRequest *overlay, GError **error)
{
    const QblkLayer *found =
        overlay->found == NULL ? NULL : qblk_chain_get_layer(overlay->found, 0);
    const QblkCopyOptions options = as_copy(overlay);
    const QblkCopyRequest copy = {.context = overlay->context, .options = &options};

    return found == NULL ||
           (qblk_copy_destination_check_use(&copy, error) &&
            check_found_size(overlay, found, error) && check_found_header(overlay, found, error) &&
            check_found_data(overlay, found, error));
}

/* ---- what uses the active image ---- */

static gboolean
check_other_disks(const QblkOverlayRequest *overlay, GError **error)
{
    const QblkLayer *top = overlay->top;
    const char *other =
        qblk_snapshot_users_other(overlay->context->snapshot, overlay->chain->target, top);

    return other == NULL || qblk_plan_refuse(error,
                                             "image '%s' is also used by disk '%s', which would "
                                             "not see what the guest writes to '%s' from then on",
                                             top->filename, other, overlay->chain->target);
}

/* QEMU does not start a snapshot then ("node is used as backing hd"). */
static gboolean
check_overlays(const QblkOverlayRequest *overlay, GError **error)
{
    const QblkLayer *top = overlay->top;

    for (guint i = 0; top->users != NULL && i < top->users->len; i++) {
        const QblkLayerUser *user = top->users->pdata[i];
        gboolean is_overlay = user->is_direct && g_strcmp0(user->role, "backing") == 0 &&
                              g_strcmp0(user->node, top->node_name) == 0;
        if (is_overlay) {
            g_autofree char *text = qblk_user_to_text(user);
            return qblk_plan_refuse(error,
                                    "%s has '%s' as its backing image: QEMU would put no other "
                                    "overlay over that image: remove it first",
                                    text, top->filename);
        }
    }
    return TRUE;
}

static gboolean
check_users(const QblkOverlayRequest *overlay, GError **error)
{
    return qblk_plan_check_jobs(overlay->context, overlay->chain, 0, 0, error) &&
           check_other_disks(overlay, error) && check_overlays(overlay, error);
}

/* ---- the header of the overlay ---- */

/* That of -drive snapshot=on, for example. */
static gboolean
check_is_lasting(const QblkOverlayRequest *overlay, GError **error)
{
    const QblkLayer *top = overlay->top;

    return top->file == NULL || !top->file->is_deleted ||
           qblk_plan_refuse(error,
                            "the file of '%s', the active image of disk '%s', was deleted, as that "
                            "of snapshot=on is: an overlay of it would be useless when QEMU ends",
                            top->filename, overlay->chain->target);
}

static gboolean
check_size(const QblkOverlayRequest *overlay, GError **error)
{
    return overlay->top->virtual_size != QBLK_UNKNOWN ||
           qblk_plan_refuse(error, "the size of '%s' is not known", overlay->top->filename);
}

/* The header of the overlay names the active image; all others stay below it. */
static gboolean
check_files(QblkOverlayRequest *overlay, GError **error)
{
    qblk_file_uses_init(&overlay->uses, overlay->chain);
    qblk_file_uses_set(&overlay->uses, 0, 1, QBLK_USE_NAME);
    return qblk_file_uses_check(&overlay->uses, error);
}

static gboolean
choose_backing_name(QblkOverlayRequest *overlay, GError **error)
{
    if (overlay->options->reuse) {
        return TRUE;
    }
    overlay->backing_name = qblk_backing_string_for_new(
        overlay->context->snapshot, overlay->path, overlay->top, overlay->options->relative, error);
    return overlay->backing_name != NULL;
}

gboolean
qblk_overlay_request_check(QblkOverlayRequest *overlay, GError **error)
{
    const QblkPlanContext *context = overlay->context;

    if (!check_format(overlay, error) || !check_cluster_size(overlay, error) ||
        !check_encryption(overlay, error) || !check_size(overlay, error) ||
        !check_is_lasting(overlay, error)) {
        return FALSE;
    }
    if (!qblk_overlay_request_check_place(overlay, error) ||
        !qblk_path_use_check(context, overlay->path, error) ||
        !qblk_path_use_check_namespace(context, overlay->path, error)) {
        return FALSE;
    }
    if (!check_users(overlay, error) || !check_found(overlay, error)) {
        return FALSE;
    }
    if (!qblk_plan_check_plaintext(context, overlay->chain, 0, 1, overlay->path,
                                   overlay->options->encryption != NULL, error)) {
        return FALSE;
    }
    return check_files(overlay, error) && choose_backing_name(overlay, error);
}
