/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The input of all kinds of plans: the VM, what this QEMU can do, and what the user allows.
 */
#pragma once

#include "base/secret-file.h"
#include "graph/snapshot.h"
#include "image/image-data.h"
#include "image/room.h"

/** How plans find out about the space that this machine has for images. */
typedef struct {
    gboolean (*find_room)(const char *path, QblkRoom *room);
    gboolean (*count_data)(const char *path, const char *format, gint64 size, gboolean skips_zeros,
                           gint64 enough, QblkImageData *result);
} QblkSpaceSource;

/** The input of all kinds of plans.  Everything is borrowed. */
typedef struct {
    const QblkSnapshot *snapshot;
    const char *target;                 /* disk */
    const char *job;                    /* id to use, NULL: "qblk-KIND-TARGET" */
    gint64 speed;                       /* bytes per second, 0: no limit */
    gboolean allow_plaintext;           /* allow data of an encrypted image in one that is not */
    gboolean delete_internal_snapshots; /* allow to delete images with snapshots in them */
    const QblkSpaceSource *space;       /* NULL: the space is not checked */
    gboolean force_managed;  /* allow a guest of a manager, which is not informed of the change */
    gboolean is_dry_run;     /* the plan is only printed: a manager is a warning */
    gboolean masks_protocol; /* this QEMU has the argument backing-mask-protocol (since 9.0) */
    gboolean lacks_hmp;      /* it has no human-monitor-command: a storage daemon */
    gboolean lacks_reopen;   /* this QEMU has no blockdev-reopen (since 6.1) */
    const GPtrArray
        *image_layers;           /* of QblkImageLayer: of the private daemon of an image, or NULL */
    gboolean drops_bitmaps;      /* the bitmaps of layers that leave are not carried over */
    gboolean lacks_bitmap_merge; /* this QEMU cannot merge bitmaps */
    gboolean has_secret_objects; /* it already has the objects of @secrets: a storage daemon */
    const GPtrArray *secrets;    /* of QblkSecretFile, with absolute paths; NULL: none */
    const QblkJson *objects;     /* reply to qom-list of /objects; NULL: not known */
    const char *const *ignored_users; /* exports and nodes that may lose what they read, or NULL */
} QblkPlanContext;
