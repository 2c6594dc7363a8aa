/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Images that no QEMU has open: a private qemu-storage-daemon opens them.
 */
#pragma once

#include <glib.h>
#include <qblk/error.h>
#include <qblk/image-options.h>

G_BEGIN_DECLS

/**
 * QblkImage:
 *
 * An image that a private qemu-storage-daemon has opened.  It belongs to one thread at a time.
 *
 * Since: 0.1.0
 */
typedef struct QblkImage QblkImage;

/**
 * qblk_image_open:
 * @path: the image
 * @format: (nullable): QEMU's name of its format ("qcow2", "raw"), or NULL if it is not known
 * @timeout_ms: how long the daemon may take to open all files, in milliseconds; 0 or less means
 *   5 seconds
 *
 * Open an image and all its backing files with a qemu-storage-daemon, which is looked up in PATH.
 * All files are opened read-only and without locks: they may be in use, and nothing is written.  In
 * a graph snapshot the disk of the image is "vda" (name source "image").
 *
 * If @format is NULL, the first bytes of the file are not enough to decide, because the guest of a
 * raw image can write them: the magic of a format counts only if the file name has the extension of
 * the same format.  A file without the magic of any format is raw.  A backing file has the format
 * that the header of its overlay specifies; if it specifies none, the same rule applies.  Only
 * local files and block devices are opened.
 *
 * The daemon is ended by qblk_image_unref(), and when the thread that called this function ends.
 *
 * Returns: (transfer full): the image; NULL with one of these errors:
 *   QBLK_GRAPH_ERROR_FILE, which names the file, if a file is missing, is no such image, or if the
 *   chain forms a cycle;
 *   QBLK_GRAPH_ERROR_UNSAFE if the format would have to be guessed or a header names anything but a
 *   local file;
 *   QBLK_GRAPH_ERROR_SPEC if @format is not an image format;
 *   QBLK_GRAPH_ERROR_UNSUPPORTED if an image is encrypted: see qblk_image_open_with();
 *   QBLK_GRAPH_ERROR_LIMIT if the chain is too long;
 *   QBLK_QMP_ERROR_CONNECT if qemu-storage-daemon cannot be started;
 *   QBLK_QMP_ERROR_TIMEOUT
 *
 * Since: 0.1.0
 */
QblkImage *qblk_image_open(const char *path, const char *format, int timeout_ms,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_image_open_with:
 * @path: the image
 * @options: (nullable): how to open it; NULL: the defaults
 *
 * qblk_image_open() with options: with the keys of encrypted images, or for changes.  An image that
 * is opened for changes is opened with QEMU's locks, and one in use is refused.  Each of its layers
 * has a node with a name.
 *
 * The daemon of an image for changes is in a session of its own, so that it does not receive Ctrl-C
 * from a terminal.  qblk_image_unref() lets it close the image before it ends; so does the end of
 * the thread that called this function.
 *
 * Returns: (transfer full): the image; NULL with an error as those of qblk_image_open(), or
 *   QBLK_GRAPH_ERROR_UNSUPPORTED if an image is encrypted and no secret is for it
 *
 * Since: 0.1.0
 */
QblkImage *qblk_image_open_with(const char *path, QblkImageOptions *options,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_image_ref:
 * @image: the image
 *
 * Returns: (transfer full): a further reference to @image
 *
 * Since: 0.1.0
 */
QblkImage *qblk_image_ref(QblkImage *image);

/**
 * qblk_image_unref:
 * @image: (nullable) (transfer full): the image
 *
 * Release a reference; the last one ends the daemon and waits for its end.
 *
 * Since: 0.1.0
 */
void qblk_image_unref(QblkImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkImage, qblk_image_unref)

/**
 * qblk_image_take_fd:
 * @image: the image
 *
 * Take the connected socket of the daemon's monitor, which serves one client, for
 * qblk_client_start_fd().
 *
 * Returns: a descriptor, which the caller closes, or -1 if it was taken before
 *
 * Since: 0.1.0
 */
int qblk_image_take_fd(QblkImage *image) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
