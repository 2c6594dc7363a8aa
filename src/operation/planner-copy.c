/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <qblk/planner.h>

#include "operation/planner-machine.h"
#include "operation/planner-request.h"
#include "plan/copy-destination.h"
#include "plan/copy-request.h"
#include "plan/plan-check.h"
#include "plan/plan-copy.h"

#include <qblk/capture.h>
#include <qblk/image-options.h>

/* QEMU's bounds (blockdev_mirror_common()). */
#define MIN_GRANULARITY 512
#define MAX_GRANULARITY (64 * 1024 * 1024)

/* A copy and what exists at its destination. */
typedef struct {
    QblkCopyOptions options; /* borrows the members below */
    char *path;              /* owned */
    QblkDestination *place;  /* owned, or NULL */
    QblkChain *found;        /* owned, or NULL */
    QblkChain *chain;        /* of the disk, owned */
    const char *format;      /* of the copy; NULL: an empty drive, which cannot be copied */
} Copy;

static void
copy_clear(Copy *copy)
{
    g_clear_pointer(&copy->found, qblk_chain_unref);
    g_clear_pointer(&copy->chain, qblk_chain_unref);
    g_clear_pointer(&copy->place, qblk_destination_free);
    g_free(copy->path);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Copy, copy_clear)

/* TRUE if this process has the files of QEMU. */
static gboolean
is_local(const QblkPlannerRequest *request)
{
    return request->client != NULL && qblk_client_is_local(request->client);
}

/* A relative path is relative to this process, not to QEMU: only valid on the same machine. */
static gboolean
set_path(Copy *copy, const QblkPlannerRequest *request, GError **error)
{
    const char *path = copy->options.destination;

    if (path == NULL) {
        return qblk_plan_refuse(error, "a copy needs a destination");
    }
    if (copy->options.protocol != NULL) {
        copy->path = g_strdup(path);
        return TRUE;
    }
    if (!is_local(request) && !g_path_is_absolute(path)) {
        g_set_error(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_ARGUMENT,
                    "invalid destination '%s': it is relative to the directory of this process, "
                    "and QEMU may be on another machine: use an absolute path",
                    path);
        return FALSE;
    }

    copy->path = g_canonicalize_filename(path, NULL);
    copy->options.destination = copy->path;
    return TRUE;
}

static gboolean
is_valid_granularity(gint64 granularity)
{
    gboolean is_in_bounds = granularity >= MIN_GRANULARITY && granularity <= MAX_GRANULARITY;

    return granularity == 0 || (is_in_bounds && (granularity & (granularity - 1)) == 0);
}

static gboolean
check_sizes(const QblkCopyOptions *options, GError **error)
{
    if (!is_valid_granularity(options->granularity)) {
        return qblk_plan_refuse(
            error, "invalid granularity %" G_GINT64_FORMAT ": use a power of 2 from %d to %d bytes",
            options->granularity, MIN_GRANULARITY, MAX_GRANULARITY);
    }
    if (options->buffer_size < 0) {
        return qblk_plan_refuse(error, "invalid buffer size: use 0 or more bytes");
    }
    return TRUE;
}

/* blockdev-create truncates an existing file, and files of another machine cannot be seen. */
static gboolean
check_remote_file(const Copy *copy, const QblkPlannerRequest *request, GError **error)
{
    gboolean is_remote = request->client != NULL && !is_local(request);

    if (!is_remote || copy->options.protocol != NULL || copy->options.reuse ||
        copy->options.is_block) {
        return TRUE;
    }
    return qblk_plan_refuse(
        error,
        "cannot check over the network whether '%s' exists, and QEMU would overwrite it: "
        "create the image there with qemu-img, and use --reuse-external",
        copy->path);
}

static gboolean
set_disk(Copy *copy, const QblkPlannerRequest *request, GError **error)
{
    copy->chain = qblk_snapshot_chain(request->context.snapshot, request->context.target, error);
    if (copy->chain == NULL) {
        return FALSE;
    }

    const QblkLayer *top = qblk_chain_get_layer(copy->chain, 0);
    copy->format = copy->options.format != NULL || top == NULL ? copy->options.format : top->format;
    return TRUE;
}

/* The key of a LUKS image is the only secret, if no other id is specified. */
static void
set_encryption(Copy *copy, QblkPlannerRequest *request)
{
    gboolean is_luks = g_strcmp0(copy->format, "luks") == 0;

    if (is_luks && copy->options.encryption == NULL && request->secrets->len == 1) {
        const QblkSecretFile *secret = request->secrets->pdata[0];
        copy->options.encryption = secret->id;
    }

    g_autoptr(GPtrArray) secrets = qblk_copy_request_secrets(&copy->options);
    if (secrets->len > 0) {
        qblk_planner_request_look_up_objects(request);
    }
}

/* ---- the image at the destination ---- */

/* Of an encrypted image the headers are read, for which no key is needed. */
static QblkChain *
open_image(const char *path, const char *format, int timeout_ms, GError **error)
{
    g_autoptr(QblkImageOptions) how = qblk_image_options_new();

    qblk_image_options_set_format(how, format);
    qblk_image_options_set_timeout(how, timeout_ms);
    g_autoptr(QblkSnapshot) snapshot = qblk_snapshot_open_image(path, how, NULL, error);
    return snapshot == NULL ? NULL : qblk_snapshot_chain(snapshot, "vda", error);
}

/* Check the destination, and open an image there that is reused. */
static gboolean
look_up(Copy *copy, const QblkPlannerRequest *request, GError **error)
{
    QblkCopyOptions *options = &copy->options;

    copy->place = qblk_destination_look_up(copy->path);
    options->place = copy->place;

    if (copy->format == NULL) {
        return TRUE;
    }
    if (!qblk_copy_destination_check(options, copy->format, error)) {
        return FALSE;
    }
    if (qblk_copy_destination_is_created(options, copy->format)) {
        return TRUE;
    }

    copy->found = open_image(copy->path, copy->format, request->options->timeout_ms, error);
    if (copy->found == NULL) {
        g_prefix_error(error, "cannot read the destination '%s': ", copy->path);
    }
    options->found = copy->found;
    return copy->found != NULL;
}

QblkPlan *
qblk_plan_copy(QblkClient *client, const QblkSnapshot *snapshot, const char *disk,
               const QblkCopyOptions *options, const QblkPlanOptions *plan_options, GError **error)
{
    g_auto(QblkPlannerRequest) request = {0};
    g_auto(Copy) copy = {.options = *options};

    if (!qblk_planner_request_init(&request, client, snapshot, disk, plan_options, error)) {
        return NULL;
    }
    if (!check_sizes(options, error)) {
        return NULL;
    }
    if (!set_path(&copy, &request, error) || !check_remote_file(&copy, &request, error)) {
        return NULL;
    }
    if (!set_disk(&copy, &request, error)) {
        return NULL;
    }
    set_encryption(&copy, &request);
    gboolean is_here = is_local(&request) && options->protocol == NULL;
    if (is_here && !qblk_planner_machine_check(snapshot, copy.chain, copy.path, error)) {
        return NULL;
    }
    if (is_here && !look_up(&copy, &request, error)) {
        return NULL;
    }
    return qblk_planner_request_end(
        &request, qblk_plan_make_copy(&request.context, &copy.options, error), error);
}
