/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Options of new overlays: external snapshots of disks.
 *
 * Setters copy what they are given.
 */
#pragma once

#include <glib.h>
#include <qblk/error.h>

G_BEGIN_DECLS

/**
 * QblkOverlayOptions:
 *
 * Which images become the active layers of disks, and how they are made.
 *
 * It belongs to one thread until it is passed on.  After that it does not change, and several
 * threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkOverlayOptions QblkOverlayOptions;

/**
 * qblk_overlay_options_new:
 *
 * Returns: (transfer full): options of new qcow2 images beside the active images of the disks
 *
 * Since: 0.1.0
 */
QblkOverlayOptions *qblk_overlay_options_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_overlay_options_ref:
 * @options: the options
 *
 * Returns: (transfer full): a further reference to @options
 *
 * Since: 0.1.0
 */
QblkOverlayOptions *qblk_overlay_options_ref(QblkOverlayOptions *options);

/**
 * qblk_overlay_options_unref:
 * @options: (nullable) (transfer full): the options
 *
 * Release a reference; the last one frees the options.
 *
 * Since: 0.1.0
 */
void qblk_overlay_options_unref(QblkOverlayOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkOverlayOptions, qblk_overlay_options_unref)

/**
 * qblk_overlay_options_set_file:
 * @options: the options
 * @disk: name of a disk, such as `vda`
 * @path: (type filename): the file of its overlay
 *
 * Set where the overlay of a disk is.  A relative path is relative to the working directory of this
 * process when the plan is made, and is refused then if QEMU runs on another machine.
 *
 * Returns: TRUE; FALSE with QBLK_QMP_ERROR_ARGUMENT if @disk or @path is empty, or @disk has a file
 *   already
 *
 * Since: 0.1.0
 */
gboolean qblk_overlay_options_set_file(QblkOverlayOptions *options, const char *disk,
                                       const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_overlay_options_set_suffix:
 * @options: the options
 * @suffix: (nullable): the end of the names of files that are not set; NULL: the time in UTC, as
 *   `20261129T140447Z`
 *
 * The overlay of `/images/vm.qcow2` with the suffix `monday` is `/images/vm.monday`.
 *
 * Returns: TRUE; FALSE with QBLK_QMP_ERROR_ARGUMENT if @suffix is empty or contains a slash
 *
 * Since: 0.1.0
 */
gboolean qblk_overlay_options_set_suffix(QblkOverlayOptions *options, const char *suffix,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_overlay_options_set_reuse:
 * @options: the options
 * @reuse: the files exist, and are overlays of the active images without data of their own
 *
 * Since: 0.1.0
 */
void qblk_overlay_options_set_reuse(QblkOverlayOptions *options, gboolean reuse);

/**
 * qblk_overlay_options_set_format:
 * @options: the options
 * @format: (nullable): QEMU's name of the format of the overlays; NULL: `qcow2`
 *
 * Since: 0.1.0
 */
void qblk_overlay_options_set_format(QblkOverlayOptions *options, const char *format);

/**
 * qblk_overlay_options_set_cluster_size:
 * @options: the options
 * @bytes: size of the clusters of new images, a power of 2; 0: QEMU's choice
 *
 * Since: 0.1.0
 */
void qblk_overlay_options_set_cluster_size(QblkOverlayOptions *options, gint64 bytes);

/**
 * qblk_overlay_options_set_relative:
 * @options: the options
 * @relative: the backing strings of new images have to be relative; FALSE: they are if that of the
 *   active image is
 *
 * Since: 0.1.0
 */
void qblk_overlay_options_set_relative(QblkOverlayOptions *options, gboolean relative);

/**
 * qblk_overlay_options_set_encryption:
 * @options: the options
 * @secret: (nullable): id of a secret object of QEMU, or of a secret of
 *   qblk_plan_options_add_secret(), with the key of the new images; NULL: they are not encrypted
 *
 * Since: 0.1.0
 */
void qblk_overlay_options_set_encryption(QblkOverlayOptions *options, const char *secret);

G_END_DECLS
