/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Images that no QEMU has open: a private qemu-storage-daemon opens them.
 */
#pragma once

#include <glib.h>
#include <qblk/error.h>

G_BEGIN_DECLS

typedef struct QblkImage QblkImage;

/**
 * Open the image @path and all its backing files with a qemu-storage-daemon of its own, found in
 * PATH, read-only and without locks: it may be in use, and nothing is written.  In a snapshot its
 * disk is "vda" (name source "image").
 *
 * @format is QEMU's name of the format ("qcow2", "raw"), or NULL where the user does not say it.
 * What the file begins with is not enough then, since the guest of a raw image writes that: it
 * counts only if the extension of the file name says the same format; a file that begins like no
 * format is raw.  A backing file has the format that the header of its overlay says, and without
 * one is judged in the same way.  Only local files and block devices are opened.
 *
 * The daemon is killed by qblk_image_free(), and by the end of the thread that called this
 * function, however it ends.  @timeout_ms is how long it may take until all is open, 0 or less
 * means 5 seconds.
 *
 * Errors: QBLK_GRAPH_ERROR_FILE with the name of a file that is missing or is no such image, or
 * where its chain goes in a circle; QBLK_GRAPH_ERROR_UNSAFE where the format would have to be
 * guessed or a header names what is no local file; QBLK_GRAPH_ERROR_SPEC for a format there is not;
 * QBLK_GRAPH_ERROR_UNSUPPORTED for encrypted images; QBLK_GRAPH_ERROR_LIMIT; QBLK_QMP_ERROR_CONNECT
 * where there is no qemu-storage-daemon; QBLK_QMP_ERROR_TIMEOUT.
 */
QblkImage *qblk_image_open(const char *path, const char *format, int timeout_ms,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** End the daemon and wait for it. */
void qblk_image_free(QblkImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkImage, qblk_image_free)

/**
 * The address of the daemon's monitor for qblk_client_connect(), which owns the descriptor in it
 * from then on.  There is one monitor for one client: NULL when it was taken before.
 */
char *qblk_image_take_address(QblkImage *image) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
