/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changing images that no QEMU has open: a client whose peer is a private qemu-storage-daemon.
 *
 * Planners and operations use such a client as that of a VM.  The disk of the image is "vda".
 */
#pragma once

#include <qblk/client.h>
#include <qblk/image-options.h>

G_BEGIN_DECLS

/**
 * qblk_client_open_image:
 * @path: the image
 * @options: (nullable): how to open it; NULL: the defaults
 *
 * Open an image and all its backing files with a qemu-storage-daemon that belongs to the client,
 * as qblk_image_open() does, and connect to it.  Each image has a node with a name.
 *
 * If the options are not those of a writable image, nothing is written and no lock is taken: such a
 * client is for plans that are only shown.
 *
 * The daemon is ended by qblk_client_close_image(), or with the last reference to the client; one
 * that can write is asked to close its images first.  It also ends when the thread that called this
 * function ends.
 *
 * Returns: (transfer full): the client; NULL with an error as those of
 *   qblk_image_open(), and QBLK_GRAPH_ERROR_UNSAFE, with the name of the process, if the image is
 *   to be writable and another process has it open
 *
 * Since: 0.1.0
 */
QblkClient *qblk_client_open_image(const char *path, QblkImageOptions *options,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_client_get_image_path:
 * @client: the client
 *
 * Returns: (transfer none) (nullable): the absolute path of the image of
 *   qblk_client_open_image(); NULL for the client of a VM.  qblk_client_get_address() returns it
 *   with "image:" in front.
 *
 * Since: 0.1.0
 */
const char *qblk_client_get_image_path(const QblkClient *client);

/**
 * qblk_client_close_image:
 * @client: a client of qblk_client_open_image()
 *
 * Let the daemon close all images, and wait until it has ended.  A change is complete only after
 * that: QEMU writes dirty bitmaps, and the rest of what it has in memory of an image, when it
 * closes it.  The client cannot be used afterwards.
 *
 * Returns: TRUE if the daemon has closed all images without an error; FALSE with
 *   QBLK_GRAPH_ERROR_FILE and what it has reported, QBLK_QMP_ERROR_TIMEOUT if it has not ended
 *   within the time limit, or QBLK_QMP_ERROR_ARGUMENT if @client is not that of an image
 *
 * Since: 0.1.0
 */
gboolean qblk_client_close_image(QblkClient *client, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
