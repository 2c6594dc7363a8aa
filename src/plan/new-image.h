/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * An image that a plan creates, or opens if it exists: the copy of a disk, or a new overlay.
 */
#pragma once

#include "plan/plan.h"

/** The purposes of its steps, in the imperative. */
typedef struct {
    const char *create_file, *create_image, *open_file, *open_image;
} QblkNewImagePurposes;

/** How its node gets the images below it. */
typedef enum {
    QBLK_NEW_IMAGE_ALONE,       /* it has none: its format has no backing images */
    QBLK_NEW_IMAGE_NO_BACKING,  /* it is opened without those that its header names */
    QBLK_NEW_IMAGE_BACKING,     /* a node that is open */
    QBLK_NEW_IMAGE_FROM_HEADER, /* QEMU opens those that its header names */
} QblkNewImageBacking;

/** Borrowed, unless noted. */
typedef struct {
    const QblkNewImagePurposes *purposes;
    char *node;                 /* its node-name, owned */
    char *storage;              /* node-name of its file, owned */
    char *part;                 /* node-name of the part of it, owned */
    gint64 storage_size;        /* bytes of its file that are used: the part; 0: all of them */
    const char *path;           /* absolute; with @protocol a name for messages */
    const QblkJson *protocol;   /* options of blockdev-add of its storage; NULL: it is at @path */
    const char *format;         /* QEMU's name */
    gboolean is_block;          /* a block device, which exists */
    gboolean is_created;        /* QEMU formats it; no image there is kept */
    gint64 virtual_size;        /* bytes */
    gint64 part_size;           /* bytes of a larger raw image that are used; 0: all of them */
    gint64 cluster_size;        /* bytes; 0: QEMU's choice */
    const char *encrypt_secret; /* id of the secret object with its key; NULL: not encrypted */
    const char *backing_name;   /* for its header, or NULL */
    const char *backing_format;
    QblkNewImageBacking backing;
    const char *backing_node; /* with QBLK_NEW_IMAGE_BACKING */
    const QblkNode *like;     /* active layer, whose options it gets; NULL: not known */
} QblkNewImage;

void qblk_new_image_clear(QblkNewImage *image);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkNewImage, qblk_new_image_clear)

/** Returns: (transfer full): what the node-names of images for the disk @target contain */
char *qblk_new_image_id_part(const char *target) G_GNUC_WARN_UNUSED_RESULT;

/** Choose node-names for an image of the disk @target that no node of @snapshot has: an earlier one
 * may be a layer now. */
void qblk_new_image_choose_names(QblkNewImage *image, const QblkSnapshot *snapshot,
                                 const char *target);

/** Returns: (transfer none) (nullable): the mode of zero detection of its node; NULL: none */
const char *qblk_new_image_get_zero_detection(const QblkNewImage *image);

/** Add the steps that create @image, and open it. */
void qblk_new_image_add(QblkPlan *plan, const QblkNewImage *image);
