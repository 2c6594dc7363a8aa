/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Options of a mend: what the headers of images have to name.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QblkMendOptions:
 *
 * The backing files that the user knows.
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
 * @layer: (nullable): the layer whose header is wrong, as a user names it, such as `vda[1]`; NULL:
 *   the only one of the disk with such a header
 * @path: (type filename): the image below it; a relative path is relative to the working directory
 *
 * Set the backing file of a layer.  It has to be the file that QEMU has open below that layer, or
 * the request is refused.
 *
 * Since: 0.1.0
 */
void qblk_mend_options_add_backing(QblkMendOptions *options, const char *layer, const char *path);

G_END_DECLS
