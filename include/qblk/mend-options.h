/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Options of a mend: what the headers of images have to name, and what is removed.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QblkMendOptions:
 *
 * The backing files that the user knows, and if what operations may have left is removed.
 *
 * It belongs to one thread until it is passed on.  After that it does not change, and several
 * threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkMendOptions QblkMendOptions;

/**
 * qblk_mend_options_new:
 *
 * Returns: (transfer full): options without backing files: the headers get the names of the files
 *   that QEMU has open
 *
 * Since: 0.1.0
 */
QblkMendOptions *qblk_mend_options_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_mend_options_ref:
 * @options: the options
 *
 * Returns: (transfer full): a further reference to @options
 *
 * Since: 0.1.0
 */
QblkMendOptions *qblk_mend_options_ref(QblkMendOptions *options);

/**
 * qblk_mend_options_unref:
 * @options: (nullable) (transfer full): the options
 *
 * Release a reference; the last one frees the options.
 *
 * Since: 0.1.0
 */
void qblk_mend_options_unref(QblkMendOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkMendOptions, qblk_mend_options_unref)

/**
 * qblk_mend_options_add_backing:
 * @options: the options
 * @assignment: `[LAYER=]PATH`: a layer whose header is wrong, as a user names it, such as `vda[1]`,
 *   and the image below it; without a layer, the only one of the disk with such a header.  What
 *   contains a slash before the first `=` is a path.
 *
 * Set the backing file of a layer.  It has to be the file that QEMU has open below that layer, or
 * the request is refused.  For an image that no QEMU has open, and that cannot be opened because of
 * that header, see qblk_image_options_add_backing().
 *
 * Since: 0.1.0
 */
void qblk_mend_options_add_backing(QblkMendOptions *options, const char *assignment);

/**
 * qblk_mend_options_set_leftovers:
 * @options: the options
 * @removes: TRUE: remove them; FALSE, the default: list them as what remains
 *
 * Remove nodes that nothing uses and jobs that have concluded, if they have the names that
 * operations of qblk give for the disk.  A name does not prove whose they are: another client may
 * have given it, or need it for an operation with a journal in another directory.  What a journal
 * in the state directory names remains in any case.
 *
 * For an image without a QEMU it has no effect.
 *
 * Since: 0.1.0
 */
void qblk_mend_options_set_leftovers(QblkMendOptions *options, gboolean removes);

G_END_DECLS
