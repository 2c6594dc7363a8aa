/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stale images: those that were merged into another one, or are incomplete copies.  A guest that
 * boots from such an image has old data, or lacks some.
 */
#pragma once

#include <qblk/chain.h>

G_BEGIN_DECLS

/**
 * QblkStaleImages:
 *
 * The stale images of chains.  It never changes, and may be used by several threads at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkStaleImages QblkStaleImages;

/**
 * QblkStaleImage:
 *
 * One of them.  It belongs to its list, never changes, and may be used by several threads at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkStaleImage QblkStaleImage;

/**
 * qblk_stale_images_find:
 * @chains: (array length=n_chains): chains whose names are those of files of this machine
 * @n_chains: how many
 * @state_directory: (nullable): where marks are that are not beside their images; NULL: the
 *   default directory
 *
 * Find the images of @chains that have a mark.
 *
 * Returns: (transfer full): the stale images, each once
 *
 * Since: 0.1.0
 */
QblkStaleImages *qblk_stale_images_find(const QblkChain *const *chains, guint n_chains,
                                        const char *state_directory) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_stale_images_ref:
 * @images: the stale images
 *
 * Returns: (transfer full): a further reference to @images
 *
 * Since: 0.1.0
 */
QblkStaleImages *qblk_stale_images_ref(QblkStaleImages *images);

/**
 * qblk_stale_images_unref:
 * @images: (nullable) (transfer full): the stale images
 *
 * Release a reference; the last one frees the images.
 *
 * Since: 0.1.0
 */
void qblk_stale_images_unref(QblkStaleImages *images);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkStaleImages, qblk_stale_images_unref)

/**
 * qblk_stale_images_get_n_images:
 * @images: the stale images
 *
 * Returns: the number of stale images
 *
 * Since: 0.1.0
 */
guint qblk_stale_images_get_n_images(const QblkStaleImages *images);

/**
 * qblk_stale_images_get_image:
 * @images: the stale images
 * @index: from 0
 *
 * Returns: (transfer none) (nullable): a stale image; NULL if there are not so many
 *
 * Since: 0.1.0
 */
const QblkStaleImage *qblk_stale_images_get_image(const QblkStaleImages *images, guint index);

/**
 * qblk_stale_image_ref:
 * @stale: the stale image
 *
 * A reference to it is one to its list.
 *
 * Returns: (transfer full): a further reference to @stale
 *
 * Since: 0.1.0
 */
QblkStaleImage *qblk_stale_image_ref(const QblkStaleImage *stale);

/**
 * qblk_stale_image_unref:
 * @stale: (nullable) (transfer full): the stale image
 *
 * Release a reference.
 *
 * Since: 0.1.0
 */
void qblk_stale_image_unref(QblkStaleImage *stale);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkStaleImage, qblk_stale_image_unref)

/**
 * qblk_stale_image_get_disk:
 * @stale: the stale image
 *
 * Returns: the target name of the disk
 *
 * Since: 0.1.0
 */
const char *qblk_stale_image_get_disk(const QblkStaleImage *stale);

/**
 * qblk_stale_image_get_position:
 * @stale: the stale image
 *
 * Returns: the position of its layer in the chain, 0 for the active layer
 *
 * Since: 0.1.0
 */
guint qblk_stale_image_get_position(const QblkStaleImage *stale);

/**
 * qblk_stale_image_get_file:
 * @stale: the stale image
 *
 * Returns: the path of the image
 *
 * Since: 0.1.0
 */
const char *qblk_stale_image_get_file(const QblkStaleImage *stale);

/**
 * qblk_stale_image_get_into:
 * @stale: the stale image
 *
 * Returns: (nullable): the image that has its data, or of which it is a copy
 *
 * Since: 0.1.0
 */
const char *qblk_stale_image_get_into(const QblkStaleImage *stale);

/**
 * qblk_stale_image_is_copy:
 * @stale: the stale image
 *
 * Returns: TRUE if it is an incomplete copy, and was not merged
 *
 * Since: 0.1.0
 */
gboolean qblk_stale_image_is_copy(const QblkStaleImage *stale);

/**
 * qblk_stale_image_get_mark:
 * @stale: the stale image
 *
 * Returns: the path of its mark
 *
 * Since: 0.1.0
 */
const char *qblk_stale_image_get_mark(const QblkStaleImage *stale);

/**
 * qblk_stale_image_to_text:
 * @stale: the stale image
 *
 * Returns: (transfer full): a sentence on it, and what tells more
 *
 * Since: 0.1.0
 */
char *qblk_stale_image_to_text(const QblkStaleImage *stale) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
