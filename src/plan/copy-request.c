/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/copy-request.h"

#include "plan/backing-string.h"
#include "plan/plan-check.h"

/* Formats in which a copy can be created: those that allow exactly the size of the disk. */
static const struct {
    const char *name;
    gboolean has_backing;
} formats[] = {{"raw", FALSE}, {"qcow2", TRUE}, {"qed", TRUE}};

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

static gboolean
check_new_image(const QblkCopyRequest *copy, GError **error)
{
    gboolean is_encrypted = copy->top_node != NULL && copy->top_node->encryption != NULL;

    if (copy->options->reuse) {
        return TRUE;
    }
    if (is_encrypted && copy->options->format == NULL) {
        return qblk_plan_refuse(error,
                                "disk '%s' is encrypted, and a new copy would not be: use --format "
                                "to allow that, or create the image and use --reuse-external",
                                copy->chain->target);
    }
    if (!can_create(copy->format)) {
        return qblk_plan_refuse(error,
                                "a copy in format '%s' cannot be created: use --format raw, qcow2 "
                                "or qed, or create the image and use --reuse-external",
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

/* The destination must not be a file that QEMU has open. */
static gboolean
check_destination(const QblkCopyRequest *copy, GError **error)
{
    const char *destination = copy->options->destination;
    const GPtrArray *nodes = copy->context->snapshot->nodes;

    for (guint i = 0; i < nodes->len; i++) {
        const QblkNode *node = nodes->pdata[i];
        if (!g_path_is_absolute(node->filename)) {
            continue;
        }
        if (qblk_backing_string_leads_to(destination, destination, node->filename)) {
            return qblk_plan_refuse(error, "'%s' is already open in QEMU, as node '%s'",
                                    destination, node->name);
        }
    }
    return TRUE;
}

/* QEMU mirrors to an image of the same size only. */
static gboolean
check_size(const QblkCopyRequest *copy, GError **error)
{
    const QblkChain *found = copy->options->found;
    const QblkLayer *layer = found == NULL ? NULL : qblk_chain_get_layer(found, 0);

    if (layer == NULL || layer->virtual_size == copy->top->virtual_size) {
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "'%s' has %" G_GINT64_FORMAT
                            " bytes, and disk '%s' has %" G_GINT64_FORMAT
                            ": a copy needs the same size",
                            copy->options->destination, layer->virtual_size, copy->chain->target,
                            copy->top->virtual_size);
}

/* The header of an image that is reused names what is below it. */
static gboolean
check_found_backing(QblkCopyRequest *copy, GError **error)
{
    const QblkChain *found = copy->options->found;
    const char *destination = copy->options->destination;
    if (!copy->options->reuse || found == NULL) {
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

    if (below != NULL) {
        copy->opens_other_backing =
            !qblk_backing_string_leads_to(destination, below->filename, copy->base->filename);
    }
    return TRUE;
}

/* TRUE if QEMU can open the image by its file name, path or not. */
static gboolean
can_be_named(const QblkLayer *layer)
{
    if (layer->had_secrets || layer->storage_filters->len > 0) {
        return FALSE;
    }
    return layer->filename[0] != '\0';
}

static gboolean
choose_backing_name(QblkCopyRequest *copy, GError **error)
{
    if (copy->base == NULL || copy->options->reuse) {
        return TRUE;
    }

    const char *path = qblk_backing_string_absolute(copy->base);
    if (path == NULL && !can_be_named(copy->base)) {
        return qblk_plan_refuse(error,
                                "the header of '%s' cannot name '%s', which is below it: a shallow "
                                "copy is not possible",
                                copy->options->destination, copy->base->filename);
    }
    copy->backing_name = g_strdup(path == NULL ? copy->base->filename : path);
    return TRUE;
}

gboolean
qblk_copy_request_check(QblkCopyRequest *copy, GError **error)
{
    if (!check_format(copy, error) || !check_destination(copy, error)) {
        return FALSE;
    }
    if (!check_size(copy, error)) {
        return FALSE;
    }
    if (!check_found_backing(copy, error)) {
        return FALSE;
    }
    return choose_backing_name(copy, error);
}
