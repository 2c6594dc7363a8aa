/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/copy-request.h"

#include "plan/backing-string.h"
#include "plan/copy-destination.h"
#include "plan/copy-size.h"
#include "plan/path-use.h"
#include "plan/plan-check.h"
#include "plan/plan-content.h"
#include "plan/plan-jobs.h"
#include "plan/plan-secrets.h"
#include "source/source-node.h"

/* Formats in which a copy can be created: those that allow exactly the size of the disk. */
static const struct {
    const char *name;
    gboolean has_backing;
} formats[] = {{"raw", FALSE}, {"qcow2", TRUE}, {"qed", TRUE}, {"luks", FALSE}};

static gboolean
can_create(const char *format)
{
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (g_str_equal(formats[i].name, format)) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
qblk_copy_request_has_backing(const char *format)
{
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (g_str_equal(formats[i].name, format)) {
            return formats[i].has_backing;
        }
    }
    return FALSE;
}

GPtrArray *
qblk_copy_request_secrets(const QblkCopyOptions *options)
{
    GPtrArray *ids = qblk_source_node_secrets(options->protocol);

    if (options->encryption != NULL &&
        !g_ptr_array_find_with_equal_func(ids, options->encryption, g_str_equal, NULL)) {
        g_ptr_array_add(ids, g_strdup(options->encryption));
    }
    return ids;
}

static gboolean
check_new_image(const QblkCopyRequest *copy, GError **error)
{
    if (copy->creates_image && !can_create(copy->format)) {
        return qblk_plan_refuse(error,
                                "a copy in format '%s' cannot be created: use --format raw, "
                                "qcow2, qed or luks, or create the image and use --reuse-external",
                                copy->format);
    }
    return TRUE;
}

static gboolean
check_format(const QblkCopyRequest *copy, GError **error)
{
    if (!check_new_image(copy, error)) {
        return FALSE;
    }
    if (copy->base != NULL && !qblk_copy_request_has_backing(copy->format)) {
        return qblk_plan_refuse(
            error, "format '%s' does not support backing images: use qcow2 or qed with --shallow",
            copy->format);
    }
    return TRUE;
}

static gboolean
check_plaintext(const QblkCopyRequest *copy, GError **error)
{
    guint end = copy->base == NULL ? copy->chain->layers->len : 1;

    return qblk_plan_check_plaintext(copy->context, copy->chain, 0, end, copy->options->destination,
                                     copy->options->encryption != NULL, error);
}

static gboolean
check_secrets(const QblkCopyRequest *copy, GError **error)
{
    g_autoptr(GPtrArray) ids = qblk_copy_request_secrets(copy->options);

    for (guint i = 0; i < ids->len; i++) {
        if (!qblk_plan_secrets_check(copy->context, ids->pdata[i], error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* The destination as a path, which QEMU resolves. */
static gboolean
check_path(const QblkCopyRequest *copy, GError **error)
{
    const char *path = copy->options->destination;

    return copy->options->protocol != NULL || qblk_path_use_check(copy->context, path, error);
}

static gboolean
check_namespace(const QblkCopyRequest *copy, GError **error)
{
    const char *path = copy->options->destination;

    return copy->options->protocol != NULL ||
           qblk_path_use_check_namespace(copy->context, path, error);
}

/* TRUE if the path @name leads to the layer below the copy, or is the name that it had. */
static gboolean
names_base(const QblkCopyRequest *copy, const char *name)
{
    const QblkSnapshot *snapshot = copy->context->snapshot;
    const QblkLayerFile *file = copy->base->file;

    if (qblk_backing_string_leads_to_layer(snapshot, NULL, name, copy->base)) {
        return TRUE;
    }
    if (file == NULL || !qblk_file_identity_is_known(&file->named)) {
        return FALSE;
    }
    const QblkFileIdentity found = qblk_opened_files_look_up(snapshot->opened, name);
    return qblk_file_identity_is_same(&found, &file->named);
}

/* The header of an image that is reused names what is below it. */
static gboolean
check_found_backing(QblkCopyRequest *copy, GError **error)
{
    const QblkChain *found = copy->options->found;
    const char *destination = copy->options->destination;
    if (copy->creates_image || found == NULL) {
        return TRUE;
    }

    const QblkLayer *below = qblk_chain_get_layer(found, 1);
    if (copy->base == NULL && below != NULL) {
        return qblk_plan_refuse(error,
                                "'%s' has the backing image '%s', whose data would show through "
                                "the copy at the next start: use --shallow, or an image without "
                                "backing image",
                                destination, below->filename);
    }
    if (copy->base != NULL && below == NULL) {
        return qblk_plan_refuse(error,
                                "'%s' has no backing image: a shallow copy would lack the data of "
                                "'%s'",
                                destination, copy->base->filename);
    }

    copy->opens_other_backing = below != NULL && !names_base(copy, below->filename);
    return TRUE;
}

/* QEMU reads the layers through the descriptors that it has. */
static gboolean
check_files(QblkCopyRequest *copy, GError **error)
{
    guint end = copy->base == NULL ? copy->chain->layers->len : 1;

    qblk_file_uses_init(&copy->uses, copy->chain);
    qblk_file_uses_set(&copy->uses, 0, end, QBLK_USE_READ);
    if (copy->base != NULL && !copy->opens_other_backing) {
        qblk_file_uses_set(&copy->uses, 1, 2, QBLK_USE_NAME);
    }
    return qblk_file_uses_check(&copy->uses, error);
}

static gboolean
choose_backing_name(QblkCopyRequest *copy, GError **error)
{
    if (copy->base == NULL || !copy->creates_image) {
        return TRUE;
    }

    copy->backing_name = qblk_backing_string_absolute(copy->context->snapshot, copy->base, error);
    if (copy->backing_name == NULL) {
        g_prefix_error(error, "a shallow copy is not possible: ");
    }
    return copy->backing_name != NULL;
}

gboolean
qblk_copy_request_check(QblkCopyRequest *copy, GError **error)
{
    copy->creates_image = qblk_copy_destination_is_created(copy->options, copy->format);
    if (!qblk_copy_destination_check(copy->options, copy->format, error)) {
        return FALSE;
    }
    if (!check_format(copy, error) || !check_path(copy, error)) {
        return FALSE;
    }
    if (!qblk_copy_destination_check_use(copy, error)) {
        return FALSE;
    }
    if (!qblk_plan_check_jobs(copy->context, copy->chain, 0, copy->chain->layers->len, error)) {
        return FALSE;
    }
    if (!check_namespace(copy, error) || !check_plaintext(copy, error) ||
        !check_secrets(copy, error)) {
        return FALSE;
    }
    if (!qblk_copy_size_check(copy, error)) {
        return FALSE;
    }
    if (!check_found_backing(copy, error)) {
        return FALSE;
    }
    if (!check_files(copy, error)) {
        return FALSE;
    }
    return choose_backing_name(copy, error);
}
