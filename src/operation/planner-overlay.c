/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/planner-overlay.h"

#include "base/text.h"
#include "operation/overlay-files.h"
#include "operation/planner-machine.h"
#include "operation/planner-request.h"
#include "plan/overlay-path.h"
#include "plan/overlay-request.h"
#include "plan/plan-check.h"
#include "plan/plan-overlay.h"

#include <qblk/client-async.h>
#include <qblk/image.h>

/* An overlay and what exists at its path. */
typedef struct {
    QblkOverlayRequest overlay;  /* borrows the members below */
    QblkOverlayOptions *options; /* owned */
    QblkChain *chain;            /* owned: of the disk */
    char *path;                  /* owned */
    QblkDestination *place;      /* owned, or NULL */
    QblkChain *found;            /* owned, or NULL */
} Overlay;

static void
overlay_clear(Overlay *overlay)
{
    qblk_overlay_options_unref(overlay->options);
    g_clear_pointer(&overlay->chain, qblk_chain_unref);
    g_free(overlay->path);
    g_clear_pointer(&overlay->place, qblk_destination_free);
    g_clear_pointer(&overlay->found, qblk_chain_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Overlay, overlay_clear)

static gboolean
is_local(const QblkPlannerRequest *request)
{
    return request->client != NULL && qblk_client_is_local(request->client);
}

/* blockdev-create truncates an existing file, and files of another machine cannot be seen. */
static gboolean
check_remote(const Overlay *overlay, const QblkPlannerRequest *request, GError **error)
{
    gboolean is_remote = request->client != NULL && !is_local(request);

    if (is_remote) {
        return qblk_plan_refuse(error,
                                "cannot check over the network what '%s' is, and QEMU would "
                                "overwrite it: run qblk on the machine of QEMU",
                                overlay->path);
    }
    return qblk_planner_machine_check(request->context.snapshot, overlay->chain, overlay->path,
                                      error);
}

/* A relative path is relative to this process, not to QEMU: only valid on the same machine. */
static gboolean
set_path(Overlay *overlay, const QblkPlannerRequest *request, GError **error)
{
    g_autofree char *path = qblk_overlay_path_choose(overlay->options, overlay->chain, error);
    if (path == NULL) {
        return FALSE;
    }
    if (qblk_text_is_url(path)) {
        return qblk_plan_refuse(error,
                                "invalid file '%s': it is a URL, and an overlay is a file: use a "
                                "path",
                                path);
    }
    if (!is_local(request) && !g_path_is_absolute(path)) {
        return qblk_plan_refuse(error,
                                "invalid file '%s': it is relative to the directory of this "
                                "process, and QEMU may be on another machine: use an absolute path",
                                path);
    }

    overlay->path = g_canonicalize_filename(path, NULL);
    overlay->overlay.path = overlay->path;
    return check_remote(overlay, request, error);
}

/* ---- what is there ---- */

static gboolean
check_directory(const char *path, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);
    return g_file_test(directory, G_FILE_TEST_IS_DIR) ||
           qblk_plan_refuse(error, "'%s' cannot be created: directory '%s' does not exist", path,
                            directory);
}

static QblkChain *
open_image(const char *path, const char *format, int timeout_ms, GError **error)
{
    g_autoptr(QblkImage) image = qblk_image_open(path, format, timeout_ms, error);
    if (image == NULL) {
        return NULL;
    }

    g_autoptr(QblkClient) client =
        qblk_client_start_fd(qblk_image_take_fd(image), timeout_ms, error);
    if (client == NULL) {
        return NULL;
    }

    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_fetch(client, NULL, error);
    return snapshot == NULL ? NULL : qblk_snapshot_chain(snapshot, "vda", error);
}

static gboolean
look_up(Overlay *overlay, const QblkPlannerRequest *request, GError **error)
{
    QblkOverlayRequest *requested = &overlay->overlay;
    overlay->place = qblk_destination_look_up(overlay->path);
    requested->place = overlay->place;
    if (!qblk_overlay_request_check_place(requested, error)) {
        return FALSE;
    }
    if (!overlay->options->reuse) {
        return check_directory(overlay->path, error);
    }

    overlay->found =
        open_image(overlay->path, requested->format, request->options->timeout_ms, error);
    if (overlay->found == NULL) {
        g_prefix_error(error, "cannot read the overlay '%s': ", overlay->path);
    }
    requested->found = overlay->found;
    return overlay->found != NULL;
}

/* @has_secret: no step creates the object, and QEMU need not have it yet */
static void
set_secret(const Overlay *overlay, QblkPlannerRequest *request, gboolean has_secret)
{
    if (overlay->options->encryption == NULL) {
        return;
    }
    if (has_secret) {
        request->context.has_secret_objects = TRUE;
    } else {
        qblk_planner_request_look_up_objects(request);
    }
}

QblkPlan *
qblk_planner_overlay_make(QblkClient *client, const QblkSnapshot *snapshot, const char *disk,
                          const QblkOverlayOptions *options, const QblkPlanOptions *plan_options,
                          gboolean has_secret, GError **error)
{
    g_auto(QblkPlannerRequest) request = {0};
    g_auto(Overlay) overlay = {.overlay = {.context = &request.context}};

    if (!qblk_planner_request_init(&request, client, snapshot, disk, plan_options, error)) {
        return NULL;
    }
    overlay.options = qblk_overlay_files_resolve(options, snapshot, error);
    overlay.chain = overlay.options == NULL ? NULL : qblk_snapshot_chain(snapshot, disk, error);
    if (overlay.chain == NULL || !qblk_plan_check_disk(&request.context, overlay.chain, error)) {
        return NULL;
    }
    overlay.overlay.options = overlay.options;
    overlay.overlay.format = qblk_overlay_options_get_format(overlay.options);

    set_secret(&overlay, &request, has_secret);
    if (!set_path(&overlay, &request, error)) {
        return NULL;
    }
    if (is_local(&request) && !look_up(&overlay, &request, error)) {
        return NULL;
    }
    return qblk_planner_request_end(&request, qblk_plan_make_overlay(&overlay.overlay, error),
                                    error);
}

QblkPlan *
qblk_plan_overlay(QblkClient *client, const QblkSnapshot *snapshot, const char *disk,
                  const QblkOverlayOptions *options, const QblkPlanOptions *plan_options,
                  GError **error)
{
    return qblk_planner_overlay_make(client, snapshot, disk, options, plan_options, FALSE, error);
}
