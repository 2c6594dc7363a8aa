/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/copy-size.h"

#include "plan/copy-destination.h"
#include "plan/plan-check.h"

/* Of the images that QEMU creates by default. */
#define CLUSTER                ((gint64)65536)
#define QCOW2_ENTRIES          (CLUSTER / 8) /* of a table of clusters, or of refcount blocks */
#define QCOW2_REFCOUNTS        (CLUSTER / 2) /* of 16 bits, in a block */
#define QED_TABLE              (4 * CLUSTER)
#define QED_CLUSTERS_PER_TABLE (QED_TABLE / 8)

/* The header with 8 key slots of 504 sectors each, for a key of 64 bytes (aes-256 in mode xts). */
#define LUKS_HEADER ((gint64)4040 * 512)

static gint64
divide_up(gint64 number, gint64 by)
{
    return number / by + (number % by != 0);
}

/* Header, L1 table, L2 tables, data, and refcounts of all these and of the refcounts. */
static gint64
qcow2_clusters(gint64 size)
{
    gint64 data = divide_up(size, CLUSTER);
    gint64 l2 = divide_up(data, QCOW2_ENTRIES);
    gint64 counted = 1 + divide_up(l2, QCOW2_ENTRIES) + l2 + data;
    gint64 refcounts = 0, before;

    do {
        before = refcounts;
        gint64 blocks = divide_up(counted + refcounts, QCOW2_REFCOUNTS);
        refcounts = blocks + divide_up(blocks, QCOW2_ENTRIES);
    } while (refcounts != before);
    return counted + refcounts;
}

gint64
qblk_copy_size_of_full_image(const char *format, gint64 size)
{
    gboolean is_qcow2 = g_str_equal(format, "qcow2"), is_qed = g_str_equal(format, "qed");
    if ((is_qcow2 || is_qed) && size > G_MAXINT64 / 2) {
        return G_MAXINT64; /* no image has that size: it is what a broken peer reports */
    }

    if (is_qcow2) {
        return qcow2_clusters(size) * CLUSTER;
    }
    if (is_qed) {
        gint64 data = divide_up(size, CLUSTER);
        gint64 tables = 1 + divide_up(data, QED_CLUSTERS_PER_TABLE);
        return (1 + data) * CLUSTER + tables * QED_TABLE;
    }
    return g_str_equal(format, "luks") && size < G_MAXINT64 - LUKS_HEADER ? size + LUKS_HEADER
                                                                          : size;
}

/* A guest writes until its disk is full.  An image in a smaller device, which its user enlarges in
 * time, has to be created by that user. */
static gboolean
check_new_image(const QblkCopyRequest *copy, GError **error)
{
    const QblkDestination *place = copy->options->place;
    gint64 needed = qblk_copy_size_of_full_image(copy->format, copy->top->virtual_size);

    if (place->size == QBLK_UNKNOWN || place->size >= needed) {
        return TRUE;
    }
    return qblk_plan_refuse(error,
                            "'%s' has %" G_GINT64_FORMAT " bytes, and a copy of disk '%s' in "
                            "format '%s' can need %" G_GINT64_FORMAT
                            ": use a larger device, or, to enlarge it when needed, create the "
                            "image there with qemu-img first",
                            copy->options->destination, place->size, copy->chain->target,
                            copy->format, needed);
}

/* The size of a LUKS image is that of its file or device without the header, so only a part of a
 * larger one is used. */
static void
set_image_size(QblkCopyRequest *copy, gint64 header)
{
    const QblkDestination *place = copy->options->place;
    gint64 needed = header + copy->top->virtual_size;

    if (place->size > needed) {
        copy->image_size = needed;
        copy->whole_size = place->size;
    }
}

/* QEMU mirrors to an image of the same size only, which may be a part of a raw image. */
static gboolean
check_image(QblkCopyRequest *copy, gint64 size, GError **error)
{
    gint64 wanted = copy->top->virtual_size;
    gboolean is_raw = g_str_equal(copy->format, "raw");

    if (size == QBLK_UNKNOWN || wanted == QBLK_UNKNOWN || size == wanted) {
        return TRUE;
    }
    if (size > wanted && g_str_equal(copy->format, "luks") && copy->options->place != NULL) {
        set_image_size(copy, copy->options->place->size - size);
        return TRUE;
    }
    if (is_raw && size > wanted) {
        copy->part_size = wanted;
        copy->whole_size = size;
        return TRUE;
    }
    if (is_raw) {
        return qblk_plan_refuse(error,
                                "'%s' has %" G_GINT64_FORMAT " bytes, and disk '%s' has "
                                "%" G_GINT64_FORMAT ": enlarge it first, or use a larger one",
                                copy->options->destination, size, copy->chain->target, wanted);
    }
    return qblk_plan_refuse(error,
                            "'%s' has %" G_GINT64_FORMAT
                            " bytes, and disk '%s' has %" G_GINT64_FORMAT
                            ": a copy needs the same size: create the image again with that size",
                            copy->options->destination, size, copy->chain->target, wanted);
}

/* Returns: the size of the image that is reused, or QBLK_UNKNOWN */
static gint64
size_of_image(const QblkCopyRequest *copy)
{
    const QblkChain *found = copy->options->found;
    const QblkLayer *layer = found == NULL ? NULL : qblk_chain_get_layer(found, 0);
    const QblkDestination *place = copy->options->place;

    if (layer != NULL) {
        return layer->virtual_size;
    }
    return place != NULL && g_str_equal(copy->format, "raw") ? place->size : QBLK_UNKNOWN;
}

gboolean
qblk_copy_size_check(QblkCopyRequest *copy, GError **error)
{
    if (copy->options->protocol != NULL && g_str_equal(copy->format, "raw")) {
        gint64 size = copy->top->virtual_size;
        copy->part_size = size == QBLK_UNKNOWN ? 0 : size; /* QEMU checks that there is so much */
        return TRUE;
    }
    if (!copy->creates_image) {
        return check_image(copy, size_of_image(copy), error);
    }
    if (!qblk_copy_destination_is_block(copy->options) || copy->options->place == NULL) {
        return TRUE;
    }
    if (g_str_equal(copy->format, "luks") && copy->top->virtual_size != QBLK_UNKNOWN) {
        set_image_size(copy, LUKS_HEADER);
    }
    return check_new_image(copy, error);
}

void
qblk_copy_size_warn(const QblkCopyRequest *copy, QblkPlan *plan)
{
    gint64 used = copy->image_size > 0 ? copy->image_size : copy->part_size;
    if (used == 0 || copy->whole_size == 0) {
        return;
    }
    if (copy->image_size > 0) {
        char *warning = g_strdup_printf(
            "'%s' has %" G_GINT64_FORMAT " bytes, and only the first %" G_GINT64_FORMAT
            ", the header and the size of disk '%s', will be used: a guest that is started with "
            "all of it has a larger disk",
            copy->options->destination, copy->whole_size, used, copy->chain->target);
        g_ptr_array_add(plan->warnings, warning);
        return;
    }
    char *warning = g_strdup_printf(
        "'%s' has %" G_GINT64_FORMAT " bytes, and only the first %" G_GINT64_FORMAT
        ", the size of disk '%s', will be used: a guest that is started with all of it has a "
        "larger disk",
        copy->options->destination, copy->whole_size, copy->part_size, copy->chain->target);
    g_ptr_array_add(plan->warnings, warning);
}
