/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The boxes of block nodes: which nodes have one together, and which box is below which.
 */
#pragma once

#include "cli/print/picture-layers.h"
#include "cli/print/picture.h"

#include <qblk/shared-images.h>

typedef struct {
    const QblkSnapshot *snapshot; /* borrowed */
    QblkPicture *picture;         /* borrowed */
    QblkPictureSection section;   /* of new boxes */

    QblkSharedImages *images;  /* owned */
    GHashTable *boxes;         /* of node-name, owned, to the index of its box */
    QblkPictureLayers *layers; /* owned */
    GArray *pending;           /* children whose boxes are added later */
    guint next_pending;
} QblkPictureNodes;

/**
 * Begin with no boxes.  Layers have their names in all chains of @snapshot, those of @selection
 * (nullable) first.
 */
void qblk_picture_nodes_init(QblkPictureNodes *nodes, const QblkSnapshot *snapshot,
                             const QblkGraphSelection *selection, QblkPicture *picture);
void qblk_picture_nodes_clear(QblkPictureNodes *nodes);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkPictureNodes, qblk_picture_nodes_clear)

/** Returns: the index of the box of @node; QBLK_PICTURE_NONE if it has no box */
guint qblk_picture_nodes_find(const QblkPictureNodes *nodes, const QblkNode *node);

/** Returns: TRUE once the picture is too large; no boxes of nodes are added then */
gboolean qblk_picture_nodes_are_too_many(const QblkPictureNodes *nodes);

/** Add an empty box in the current section.  Its id is @prefix and @name. */
guint qblk_picture_nodes_add_box(QblkPictureNodes *nodes, QblkPictureKind kind, const char *prefix,
                                 const char *name);

/**
 * Add the boxes of @node and of all below it, as far as they do not exist.
 *
 * @above: the box of the device above @node, or QBLK_PICTURE_NONE
 */
void qblk_picture_nodes_add(QblkPictureNodes *nodes, const QblkNode *node, guint above);

/** Returns: the box of @node, which is added if it does not exist; QBLK_PICTURE_NONE if the picture
 * is too large */
guint qblk_picture_nodes_need(QblkPictureNodes *nodes, const QblkNode *node);

/** Add the boxes of the children that are beside those that were added, and all below them. */
void qblk_picture_nodes_add_pending(QblkPictureNodes *nodes);
