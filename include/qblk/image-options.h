/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How an image that no QEMU has open is opened.
 *
 * Setters copy what they are given.  Options must not be changed once they were passed to a
 * function that opens an image; then several threads may use them at once.
 */
#pragma once

#include <glib.h>
#include <qblk/error.h>

G_BEGIN_DECLS

/**
 * QblkImageOptions:
 *
 * How an image is opened.
 *
 * It belongs to one thread until it is passed on.  After that it does not change, and several
 * threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkImageOptions QblkImageOptions;

/**
 * qblk_image_options_new:
 *
 * Returns: (transfer full): options with which an image is only read: its format is not known, no
 *   secret is given, and opening it may take 5 seconds
 *
 * Since: 0.1.0
 */
QblkImageOptions *qblk_image_options_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_image_options_ref:
 * @options: the options
 *
 * Returns: (transfer full): a further reference to @options
 *
 * Since: 0.1.0
 */
QblkImageOptions *qblk_image_options_ref(QblkImageOptions *options);

/**
 * qblk_image_options_unref:
 * @options: (nullable) (transfer full): the options
 *
 * Release a reference; the last one frees the options.
 *
 * Since: 0.1.0
 */
void qblk_image_options_unref(QblkImageOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkImageOptions, qblk_image_options_unref)

/**
 * qblk_image_options_set_format:
 * @options: the options
 * @format: (nullable): QEMU's name of the format of the image ("qcow2", "raw"); NULL if it is not
 *   known: see qblk_image_open()
 *
 * Set the format of the active image.
 *
 * Since: 0.1.0
 */
void qblk_image_options_set_format(QblkImageOptions *options, const char *format);

/**
 * qblk_image_options_set_writable:
 * @options: the options
 * @is_writable: TRUE to open the image for changes, with QEMU's locks: it must not be in use
 *
 * Open the active image for reading and writing, and let jobs write to the images below it.
 *
 * Since: 0.1.0
 */
void qblk_image_options_set_writable(QblkImageOptions *options, gboolean is_writable);

/**
 * qblk_image_options_set_timeout:
 * @options: the options
 * @timeout_ms: how long opening all files may take, and closing them, in milliseconds; it is also
 *   the time limit of each command; 0 or less means 5 seconds.  Each encrypted image may take 10
 *   seconds more to open, because checking a key takes long on purpose.
 *
 * Since: 0.1.0
 */
void qblk_image_options_set_timeout(QblkImageOptions *options, int timeout_ms);

/**
 * qblk_image_options_add_secret:
 * @options: the options
 * @assignment: `ID=FILE`: an id, and the path of a file with the key or passphrase.  Its content
 *   is used as it is, with a line end if it has one.
 *
 * Add a secret for encrypted images.  If it is the only one it is the key of each encrypted image
 * of the chain.  If there are several, an encrypted image has that whose id is the path of the
 * image or its file name.
 *
 * The content of the file is read by QEMU only.  A secret whose id QEMU accepts (letters, digits,
 * '-', '.' and '_' after a letter) is a secret object of the storage daemon with that id.
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR_SPEC if @assignment is not valid or the id was used before,
 *   QBLK_GRAPH_ERROR_FILE if the file cannot be read
 *
 * Since: 0.1.0
 */
gboolean qblk_image_options_add_secret(QblkImageOptions *options, const char *assignment,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_image_options_add_backing:
 * @options: the options
 * @assignment: `[LAYER=]PATH`: a layer whose header names a file that does not exist, such as
 *   `vda[1]`, and the image to open below it; without a layer it is any such layer.  What contains
 *   a slash before the first `=` is a path.
 *
 * Open a chain whose headers do not lead to all of its images, to be mended with
 * qblk_plans_new_mend().  The image has to have the format that the header records.
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR_SPEC if the layer is not one of an image
 *
 * Since: 0.1.0
 */
gboolean qblk_image_options_add_backing(QblkImageOptions *options, const char *assignment,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_image_options_add_backing_format:
 * @options: the options
 * @assignment: `[LAYER=]FORMAT`: a layer, such as `vda[1]`, and the format of its backing file;
 *   without a layer it is the only backing file whose format is not known for certain
 *
 * Decide the format of a backing file: its header is wrong, does not record the format, or the file
 * has the magic of a format, which a guest can write into a raw image.
 *
 * Opening the image fails with QBLK_GRAPH_ERROR_SPEC if the format is not needed or unknown, and
 * with QBLK_GRAPH_ERROR_FILE if the file does not have its magic.
 *
 * Returns: FALSE with QBLK_GRAPH_ERROR_SPEC if the layer is not one of an image
 *
 * Since: 0.1.0
 */
gboolean qblk_image_options_add_backing_format(QblkImageOptions *options, const char *assignment,
                                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_image_options_set_wrong_formats:
 * @options: the options
 * @are_accepted: TRUE to open a chain in whose headers the formats of backing files are wrong
 *
 * Open a chain to find or mend such headers, with qblk_check_snapshot() or qblk_plans_new_mend().
 * Each backing file is opened with its real format if the file proves it, and as raw if a guest may
 * have written its first bytes.  By default a wrong format is an error.
 *
 * Since: 0.1.0
 */
void qblk_image_options_set_wrong_formats(QblkImageOptions *options, gboolean are_accepted);

G_END_DECLS
