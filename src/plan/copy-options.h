/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The options of a copy, and a copy that is being planned.
 */
#pragma once

#include "image/destination.h"
#include "plan/new-image.h"
#include "plan/plan-files.h"

#include <qblk/copy-options.h>

/** Texts are owned by options that were made with qblk_copy_options_new(). */
struct QblkCopyOptions {
    gatomicrefcount references;
    const char *destination; /* absolute path for the planners; with @protocol a name of QEMU */
    QblkJson *protocol;      /* options of blockdev-add for it, owned; NULL: it is a path */
    const char *format;      /* QEMU's name; NULL: that of the active layer */
    const char *encryption;  /* id of the secret object with the key of the copy; NULL: none */
    gboolean is_block;       /* the user knows that it is a block device */
    gboolean reuse;          /* the destination is an image, which is used as it is, or a device */
    gboolean shallow;        /* copy the active layer only; the backing images are shared */
    QblkCopyEnd end;
    gboolean synchronous; /* a write of the guest completes when it is in the copy, too */
    gint64 granularity;   /* bytes, 0: QEMU's choice */
    gint64 buffer_size;   /* bytes, 0: QEMU's choice */

    /* What is there, for the planners; borrowed. */
    const QblkChain *found; /* chain of the image that exists there; NULL: no image, or not known */
    const QblkDestination *place; /* NULL: not known, it is on another machine */
};

/** A copy that is being planned.  Borrowed, unless noted. */
typedef struct {
    const QblkPlanContext *context;
    const QblkCopyOptions *options;
    const QblkChain *chain;
    const QblkLayer *top;
    const QblkLayer *base; /* the layer below a shallow copy; NULL for a full one */
    const char *format;    /* of the copy */
    char *backing_name;    /* for its header, owned, or NULL */
    char *open_purpose;    /* of the step that opens a part of it, owned, or NULL */
    QblkNewImagePurposes purposes;
    QblkNewImage image; /* what is created and opened */
    QblkFileUses uses;
    gint64 part_size;       /* bytes of a larger raw destination that are used; 0: all of them */
    gint64 whole_size;      /* of that destination */
    gint64 image_size;      /* bytes of a larger destination that a LUKS image fills; 0: all */
    gboolean creates_image; /* QEMU formats the destination; no image there is kept */
    gboolean opens_other_backing; /* its header leads to other images than those that are open */
} QblkCopyRequest;
