/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The dirty bitmaps of layers that leave the chain or are copied: QEMU does not carry them over,
 * and with them a backup program would lose which parts have changed since its last backup.
 *
 * A bitmap is carried over as libvirt does it: it is added to the image that has the data
 * afterwards, and the bitmaps of that name in all layers are merged into it, while the job waits
 * for the command that changes the chain.  Until then the guest still writes to the old layers,
 * whose bitmaps record that; what is written to the new image from the merge on is recorded by the
 * bitmap there.
 */
#pragma once

#include "plan/plan.h"

/** The image that gets the bitmaps.  Borrowed. */
typedef struct {
    const char *node_name;
    const char *filename; /* for messages */
    const char *format;
    gboolean is_qcow2_v2;
    gint64 virtual_size;      /* bytes, after the job; or QBLK_UNKNOWN */
    const GPtrArray *bitmaps; /* of QblkBitmap; NULL: it has none */
} QblkBitmapTarget;

typedef enum {
    QBLK_BITMAPS_DOWN,   /* into the layer directly below: a commit */
    QBLK_BITMAPS_UP,     /* into the layer directly above: a pull */
    QBLK_BITMAPS_BESIDE, /* into an image that is not in the chain: a copy */
} QblkBitmapDirection;

/** A merge of bitmaps that is being planned.  Borrowed. */
typedef struct {
    const QblkPlanContext *context;
    const QblkChain *chain;
    guint first, end; /* the layers from the position first up to, but not including, end */
    QblkBitmapDirection direction;
    QblkBitmapTarget target;
    gboolean is_deleted; /* the images of these layers are deleted after the job */
    const char *unable;  /* why no bitmap can be carried over, or NULL */
} QblkBitmapMove;

/** Returns: @layer as a target */
QblkBitmapTarget qblk_plan_bitmaps_get_target(const QblkLayer *layer);

/**
 * Set what becomes of each bitmap in the layers of @move: plan->bitmaps.  A bitmap that cannot be
 * carried over is left out with a warning, because it does not have all changes: it is
 * inconsistent, or a layer lacks it, for example.
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED if a bitmap is in use, the target or this
 * QEMU cannot have it, or an image would be deleted with one that is left out, unless the user has
 * dropped the bitmaps
 */
gboolean qblk_plan_bitmaps_choose(QblkPlan *plan, const QblkBitmapMove *move,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Add the step that carries the bitmaps over, if there are any.  It goes directly before the step
 * that changes the chain.
 *
 * @is_kept: the image that gets the bitmaps stays if the job is rolled back
 */
void qblk_plan_bitmaps_add_step(QblkPlan *plan, gboolean is_kept);
