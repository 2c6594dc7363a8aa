/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What nodes are as layers of disks.
 */
#pragma once

#include "cli/print/graph-selection.h"

typedef struct {
    GPtrArray *specs;         /* of char, owned: its names, such as "vda[1]", of all disks */
    char *format;             /* owned, or NULL */
    QblkFileState file_state; /* what its name leads to */
} QblkPictureLayer;

typedef struct QblkPictureLayers QblkPictureLayers;

/** Returns: (transfer full): the layers of all disks, those of @selection (nullable) first */
QblkPictureLayers *qblk_picture_layers_new(
    const QblkSnapshot *snapshot, const QblkGraphSelection *selection) G_GNUC_WARN_UNUSED_RESULT;
void qblk_picture_layers_free(QblkPictureLayers *layers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkPictureLayers, qblk_picture_layers_free)

/** Returns: (transfer none) (nullable): what @node is as a layer */
const QblkPictureLayer *qblk_picture_layers_find(const QblkPictureLayers *layers,
                                                 const QblkNode *node);

/** Returns: the number of layers of the disk @target; 0 if it has no chain */
guint qblk_picture_layers_depth(const QblkPictureLayers *layers, const char *target);
