/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Images that several nodes of one QEMU have open, such as the base of two disks that were started
 * with -drive: their layers are different nodes of the same file.
 *
 * Layers that are one node are not listed: qblk_layer_get_user() has the other users of a node.
 */
#pragma once

#include <qblk/snapshot.h>

G_BEGIN_DECLS

/**
 * QblkSharedImages:
 *
 * The images of a graph snapshot that are layers more than once.  It has copies of all its values,
 * and does not change.
 *
 * Since: 0.1.0
 */
typedef struct QblkSharedImages QblkSharedImages;

/**
 * qblk_shared_images_new:
 * @snapshot: the snapshot
 *
 * Look for them in the chains of all disks.  Files are compared by device and inode if they are
 * known, otherwise by name.  Disks without a chain are left out.
 *
 * Returns: (transfer full): the images
 *
 * Since: 0.1.0
 */
QblkSharedImages *qblk_shared_images_new(const QblkSnapshot *snapshot) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_shared_images_ref:
 * @images: the images
 *
 * Add a reference.
 *
 * Returns: (transfer full): @images
 *
 * Since: 0.1.0
 */
QblkSharedImages *qblk_shared_images_ref(const QblkSharedImages *images);

/**
 * qblk_shared_images_unref:
 * @images: (transfer full) (nullable): the images
 *
 * Drop a reference; the last one frees the object.
 *
 * Since: 0.1.0
 */
void qblk_shared_images_unref(QblkSharedImages *images);

/**
 * qblk_shared_images_list:
 * @images: the images
 * @node_name: the node of a layer
 *
 * List the layers that have the same image open in other nodes.
 *
 * Returns: (transfer full) (array zero-terminated=1): such as "vdb[1]"; empty if no other layer has
 *
 * Since: 0.1.0
 */
char **qblk_shared_images_list(const QblkSharedImages *images,
                               const char *node_name) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_shared_images_to_text:
 * @images: the images
 * @node_name: the node of a layer
 *
 * Returns: (transfer full) (nullable): such as "same image as vdb[1], vdc[1] and 7 more layers", or
 *   NULL if no other layer has; it is not escaped for a terminal
 *
 * Since: 0.1.0
 */
char *qblk_shared_images_to_text(const QblkSharedImages *images,
                                 const char *node_name) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkSharedImages, qblk_shared_images_unref)

G_END_DECLS
