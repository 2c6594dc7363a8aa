/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/copy-destination.h"

#include "image/image-header.h"
#include "plan/copy-server.h"
#include "plan/plan-check.h"
#include "source/driver.h"
#include "source/source-compare.h"
#include "source/source-decode.h"

#include <string.h>

/* ---- what it is ---- */

gboolean
qblk_copy_destination_is_block(const QblkCopyOptions *options)
{
    const QblkDestination *place = options->place;
    return options->is_block || (place != NULL && place->kind == QBLK_DESTINATION_BLOCK);
}

/* TRUE if the content of an existing file or device is an image of @format. */
static gboolean
has_image(const QblkDestination *place, const char *format)
{
    return g_str_equal(format, "raw") || g_strcmp0(place->format, format) == 0;
}

/* A device has no size of its own that could tell that it is empty: it is formatted, unless it has
 * an image of the format. */
gboolean
qblk_copy_destination_is_created(const QblkCopyOptions *options, const char *format)
{
    const QblkDestination *place = options->place;
    if (!options->reuse) {
        return TRUE;
    }
    return place != NULL && place->kind == QBLK_DESTINATION_BLOCK && !has_image(place, format);
}

static gboolean
check_missing(const QblkCopyOptions *options, GError **error)
{
    const char *name = options->destination;

    if (options->is_block) {
        return qblk_plan_refuse(error, "block device '%s' does not exist", name);
    }
    if (options->reuse) {
        return qblk_plan_refuse(error, "image '%s' does not exist: omit --reuse-external", name);
    }
    return TRUE;
}

static gboolean
check_file(const QblkCopyOptions *options, const char *format, GError **error)
{
    const char *name = options->destination;

    if (options->is_block) {
        return qblk_plan_refuse(error, "'%s' is not a block device: omit --blockdev", name);
    }
    if (!options->reuse && qblk_image_header_has_backing(format) &&
        !has_image(options->place, format)) {
        return qblk_plan_refuse(error,
                                "'%s' already exists, and is not an image of format '%s': use "
                                "another name",
                                name, format);
    }
    if (!options->reuse) {
        return qblk_plan_refuse(error,
                                "'%s' already exists: use another name, or --reuse-external to "
                                "overwrite its content",
                                name);
    }
    return TRUE;
}

static gboolean
check_kind(const QblkCopyOptions *options, const char *format, GError **error)
{
    const QblkDestination *place = options->place;
    const char *name = options->destination;

    switch (place->kind) {
    case QBLK_DESTINATION_NOTHING:
        return check_missing(options, error);
    case QBLK_DESTINATION_FILE:
        return check_file(options, format, error);
    case QBLK_DESTINATION_BLOCK:
        return TRUE;
    case QBLK_DESTINATION_OTHER:
        return qblk_plan_refuse(error, "'%s' is neither a file nor a block device", name);
    case QBLK_DESTINATION_UNKNOWN:
    default:
        return qblk_plan_refuse(error, "cannot check '%s': %s", name,
                                g_strerror(place->error_number));
    }
}

static gboolean
check_device(const QblkCopyOptions *options, GError **error)
{
    const QblkDestination *place = options->place;
    const char *name = options->destination;

    if (!options->reuse) {
        return qblk_plan_refuse(error,
                                "'%s' is a block device: use --reuse-external to overwrite its "
                                "content",
                                name);
    }
    if (place != NULL && place->use != NULL && place->use->is_read_only) {
        return qblk_plan_refuse(error, "block device '%s' is read-only", name);
    }
    return TRUE;
}

static gboolean
can_encrypt(const char *format)
{
    return g_str_equal(format, "luks") || g_str_equal(format, "qcow2");
}

/* The key of an encrypted copy is a secret object of QEMU. */
static gboolean
check_encryption(const QblkCopyOptions *options, const char *format, GError **error)
{
    const QblkDestination *place = options->place;
    const char *name = options->destination;
    gboolean is_kept = place != NULL && !qblk_copy_destination_is_created(options, format) &&
                       has_image(place, format);

    if (options->encryption != NULL && !can_encrypt(format)) {
        return qblk_plan_refuse(error,
                                "a copy in format '%s' cannot be encrypted: use --format luks or "
                                "qcow2",
                                format);
    }
    if (options->encryption == NULL && g_str_equal(format, "luks")) {
        return qblk_plan_refuse(error, "a copy in format 'luks' needs a key: use --encrypt ID, and "
                                       "--secret ID=FILE unless QEMU has that secret object");
    }
    if (is_kept && options->encryption == NULL && place->is_encrypted &&
        !g_str_equal(format, "raw")) {
        return qblk_plan_refuse(error,
                                "'%s' is encrypted: use --encrypt ID, and --secret ID=FILE unless "
                                "QEMU has the secret object with its key",
                                name);
    }
    if (is_kept && options->encryption != NULL && !place->is_encrypted) {
        return qblk_plan_refuse(error, "'%s' is not encrypted: omit --encrypt", name);
    }
    return TRUE;
}

/* ---- who uses it ---- */

static gboolean
refuse_use(const QblkDeviceUse *use, GError **error)
{
    switch (use->kind) {
    case QBLK_DEVICE_MOUNTED:
        return qblk_plan_refuse(error, "'%s' is mounted at '%s': unmount it first", use->device,
                                use->by);
    case QBLK_DEVICE_SWAP:
        return qblk_plan_refuse(error, "'%s' is used as swap: disable it with swapoff first",
                                use->device);
    case QBLK_DEVICE_HELD:
        return qblk_plan_refuse(error, "'%s' is a part of '%s': use another destination",
                                use->device, use->by);
    case QBLK_DEVICE_LOOP:
        return qblk_plan_refuse(error,
                                "'%s' is attached to loop device '%s': detach it with 'losetup "
                                "--detach' first",
                                use->device, use->by);
    case QBLK_DEVICE_EXCLUSIVE:
        return qblk_plan_refuse(error,
                                "'%s' is in use: the kernel or another process has it open "
                                "exclusively",
                                use->device);
    case QBLK_DEVICE_FREE:
    default:
        return TRUE;
    }
}

/* A partition is used with its disk, and a disk with its partitions. */
static gboolean
check_device_use(const QblkDeviceUse *use, const char *name, GError **error)
{
    if (refuse_use(use, error)) {
        return TRUE;
    }
    if (!g_str_equal(use->device, name)) {
        g_prefix_error(error, "cannot write to '%s': ", name);
    }
    return FALSE;
}

/* An image on a server can be neither looked at nor created: a server may serve one client only. */
static gboolean
check_protocol(const QblkCopyOptions *options, GError **error)
{
    const char *name = options->destination;

    if (options->is_block) {
        return qblk_plan_refuse(error, "'%s' is not a block device: omit --blockdev", name);
    }
    if (!options->reuse) {
        return qblk_plan_refuse(error,
                                "'%s' is not a path: create the image there, and use "
                                "--reuse-external to overwrite its content",
                                name);
    }
    return TRUE;
}

gboolean
qblk_copy_destination_check(const QblkCopyOptions *options, const char *format, GError **error)
{
    if (!check_encryption(options, format, error)) {
        return FALSE;
    }
    if (options->protocol != NULL) {
        return check_protocol(options, error);
    }
    if (options->place != NULL && !check_kind(options, format, error)) {
        return FALSE;
    }
    if (qblk_copy_destination_is_block(options) && !check_device(options, error)) {
        return FALSE;
    }

    const QblkDeviceUse *use = options->place == NULL ? NULL : options->place->use;
    return use == NULL || check_device_use(use, options->destination, error);
}

/* ---- who has it open ---- */

/* A disk of the guest may be a partition of the destination, or be made of it. */
static gboolean
check_parts(const QblkCopyRequest *copy, const GPtrArray *parts, GError **error)
{
    const QblkOpenedFiles *opened = copy->context->snapshot->opened;

    for (guint i = 0; opened != NULL && i < parts->len; i++) {
        const QblkDevicePart *part = parts->pdata[i];
        if (qblk_opened_files_find(opened, &part->file) != NULL) {
            return qblk_plan_refuse(error,
                                    "cannot write to '%s': '%s', which has the same data, is "
                                    "already open in QEMU",
                                    copy->options->destination, part->name);
        }
    }
    return TRUE;
}

/* The same place as that of a node of QEMU; not known if libvirt's XML cannot express it. */
static gboolean
check_nodes(const QblkCopyRequest *copy, GError **error)
{
    const char *name = copy->options->destination;
    const GPtrArray *nodes = copy->context->snapshot->nodes;
    g_autoptr(QblkSource) source = qblk_source_parse(name, NULL, NULL);

    for (guint i = 0; source != NULL && i < nodes->len; i++) {
        const QblkNode *node = nodes->pdata[i];
        g_autoptr(QblkSource) other = qblk_source_decode_node(node->driver, node->filename, NULL);
        if (other != NULL && qblk_source_is_same_place(source, other)) {
            return qblk_plan_refuse(error, "'%s' is already open in QEMU, as node '%s'", name,
                                    node->name);
        }
    }
    return TRUE;
}

gboolean
qblk_copy_destination_check_use(const QblkCopyRequest *copy, GError **error)
{
    if (copy->options->protocol != NULL) {
        return check_nodes(copy, error) &&
               qblk_copy_server_check(copy->options, copy->context->snapshot->opened, error);
    }

    const QblkDestination *place = copy->options->place;
    if (place == NULL || place->use == NULL) {
        return TRUE;
    }

    if (!check_parts(copy, place->use->parts, error)) {
        return FALSE;
    }
    if (place->locked_by == NULL) {
        return TRUE;
    }
    return qblk_plan_refuse(error, "'%s' is in use by %s: use another destination, or end that",
                            copy->options->destination, place->locked_by);
}
