/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Plan a copy: all that the guest sees goes to another image, which can then take its place.
 */
#pragma once

#include "plan/plan.h"

typedef enum {
    QBLK_COPY_STAY,   /* stop where the copy is in step with the guest */
    QBLK_COPY_PIVOT,  /* then go on with the copy */
    QBLK_COPY_FINISH, /* then go on with the source; the copy is of one moment */
} QblkCopyEnd;

typedef struct {
    const char *destination; /* absolute path */
    const char *format;      /* QEMU's name; NULL: that of the active layer */
    const QblkChain *found;  /* what is there already; NULL: nothing, or it is not known */
    gboolean is_block;       /* the destination is a block device */
    gboolean reuse;          /* the destination is an image to write into as it is */
    gboolean shallow;        /* only the active layer; the backing images are shared */
    QblkCopyEnd end;
    gboolean synchronous; /* the guest's writes wait until they are in the copy too */
    gint64 granularity;   /* bytes, 0: QEMU's choice */
    gint64 buffer_size;   /* bytes, 0: QEMU's choice */
} QblkCopyOptions;

/**
 * The plan for the copy.
 *
 * The destination is made by QEMU (`blockdev-create`), unless it is reused, and opened with the
 * cache mode of the active layer.  Filters above the chain stay: QEMU mirrors only a topmost node,
 * and `replaces` has it put the copy in the place of the active layer below them.
 *
 * Errors as for qblk_plan_commit.
 */
QblkPlan *qblk_plan_copy(const QblkPlanContext *context, const QblkCopyOptions *options,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
