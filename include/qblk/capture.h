/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A capture: the replies of a QEMU, as a file that takes the place of the VM.
 *
 * A capture never changes, and several threads may use it at once.
 */
#pragma once

#include <qblk/client.h>
#include <qblk/image-options.h>
#include <qblk/snapshot-options.h>
#include <qblk/snapshot.h>

G_BEGIN_DECLS

/**
 * QblkCapture:
 *
 * The replies of a QEMU.
 *
 * It never changes, and several threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkCapture QblkCapture;

/**
 * qblk_capture_fetch:
 * @client: connected to a QEMU 5.0 or later
 * @options: (nullable): or NULL for the defaults
 *
 * Send all queries that any function needs, for all devices.  Also replies that no snapshot can be
 * loaded from are captured.
 *
 * Returns: (transfer full): the capture; NULL with an error as those of qblk_snapshot_fetch()
 *
 * Since: 0.1.0
 */
QblkCapture *qblk_capture_fetch(QblkClient *client, const QblkSnapshotOptions *options,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_capture_fetch_image:
 * @path: as for qblk_image_open()
 * @how: (nullable): how to open the image, which is only read; NULL for the defaults
 * @options: (nullable): or NULL for the defaults
 *
 * Open an image with a private daemon, send all queries, and close it again.  If a layer is
 * encrypted and no secret is given, the replies are made from the headers of all layers instead, as
 * by qblk_snapshot_open_image().
 *
 * Returns: (transfer full): the capture; NULL with an error of qblk_image_open() or
 *   qblk_snapshot_fetch()
 *
 * Since: 0.1.0
 */
QblkCapture *qblk_capture_fetch_image(const char *path, QblkImageOptions *how,
                                      const QblkSnapshotOptions *options,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_capture_read:
 * @path: a file of at most 256 MiB; "-" is standard input
 *
 * Returns: (transfer full): the capture; NULL with QBLK_GRAPH_ERROR_FILE, which names the file, if
 *   it cannot be read, is not a capture or has a later format version
 *
 * Since: 0.1.0
 */
QblkCapture *qblk_capture_read(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_capture_parse:
 * @text: (array length=length) (element-type guint8): the content of a file
 * @length: in bytes
 *
 * Most of the text is kept in memory with the capture: qblk_capture_parse_bytes() does not copy it.
 *
 * Returns: (transfer full): the capture; NULL with QBLK_GRAPH_ERROR_FILE
 *
 * Since: 0.1.0
 */
QblkCapture *qblk_capture_parse(const char *text, gsize length,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_capture_parse_bytes:
 * @bytes: the content of a file, to which the capture keeps a reference
 *
 * Returns: (transfer full): the capture; NULL with QBLK_GRAPH_ERROR_FILE
 *
 * Since: 0.1.0
 */
QblkCapture *qblk_capture_parse_bytes(GBytes *bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_capture_ref:
 * @capture: the capture
 *
 * Returns: (transfer full): a further reference to @capture
 *
 * Since: 0.1.0
 */
QblkCapture *qblk_capture_ref(const QblkCapture *capture);

/**
 * qblk_capture_unref:
 * @capture: (nullable) (transfer full): the capture
 *
 * Release a reference; the last one frees the capture.
 *
 * Since: 0.1.0
 */
void qblk_capture_unref(QblkCapture *capture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkCapture, qblk_capture_unref)

/**
 * qblk_capture_to_text_of_vm:
 * @capture: the capture
 * @vm: (nullable): the value of its field "vm"
 *
 * Returns: (transfer full): the text of qblk_capture_to_text(), with the VM that it is of
 *
 * Since: 0.1.0
 */
char *qblk_capture_to_text_of_vm(const QblkCapture *capture,
                                 const char *vm) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_capture_save:
 * @capture: the capture
 * @directory: (type filename): an existing directory
 * @fallback: the name of the file if the guest has no name
 * @taken: (nullable) (array zero-terminated=1): paths that are not used: of files that were saved
 *   before
 * @replace: replace an existing file
 *
 * Write a capture into a file DIRECTORY/NAME.json, all of it or nothing.  NAME is the name of the
 * guest, in which `_` is in place of all characters but letters and digits of ASCII and `-._+@`,
 * with a number at its end if that path is taken.
 *
 * Returns: (transfer full) (type filename): the path of the file; NULL with QBLK_GRAPH_ERROR_FILE
 *
 * Since: 0.1.0
 */
char *qblk_capture_save(const QblkCapture *capture, const char *directory, const char *fallback,
                        const char *const *taken, gboolean replace,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_capture_to_text:
 * @capture: the capture
 *
 * Returns: (transfer full): the content of a file, without secrets.  Unknown fields of a capture
 *   that was read are kept
 *
 * Since: 0.1.0
 */
char *qblk_capture_to_text(const QblkCapture *capture) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_snapshot_load:
 * @capture: the capture
 * @options: (nullable): or NULL for the defaults
 *
 * Returns: (transfer full): the snapshot; NULL with QBLK_GRAPH_ERROR or QBLK_JSON_ERROR_TYPE, as
 *   for qblk_snapshot_fetch(); QBLK_GRAPH_ERROR_CHANGED if the replies are not of one moment
 *
 * Since: 0.1.0
 */
QblkSnapshot *qblk_snapshot_load(const QblkCapture *capture, const QblkSnapshotOptions *options,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- in one call ---- */

/**
 * qblk_capture:
 * @client: connected to a QEMU 5.0 or later
 * @options: (nullable): or NULL for the defaults
 *
 * Returns: (transfer full): the text of qblk_capture_fetch()
 *
 * Since: 0.1.0
 */
char *qblk_capture(QblkClient *client, const QblkSnapshotOptions *options,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_snapshot_read_capture:
 * @path: as for qblk_capture_read()
 * @options: (nullable): or NULL for the defaults
 *
 * Returns: (transfer full): the snapshot; NULL with an error of qblk_capture_read() or
 *   qblk_snapshot_load()
 *
 * Since: 0.1.0
 */
QblkSnapshot *qblk_snapshot_read_capture(const char *path, const QblkSnapshotOptions *options,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_snapshot_open_image:
 * @path: as for qblk_image_open()
 * @how: (nullable): how to open the image, which is only read; NULL for the defaults
 * @options: (nullable): or NULL for the defaults
 *
 * Read an image that no QEMU has open.  A private daemon opens it, and is killed before this
 * function returns.  The disk of the image is "vda" (QBLK_NAME_SOURCE_IMAGE).
 *
 * If a layer is encrypted and @how has no secret for it, no daemon is started, because it would
 * need the key: the snapshot shows what the headers of all layers contain.  That fails with
 * QBLK_GRAPH_ERROR_UNSUPPORTED if a layer has another format than raw, luks, qcow2, qcow and qed.
 *
 * Returns: (transfer full): the snapshot; NULL with an error of qblk_image_open() or
 *   qblk_snapshot_fetch()
 *
 * Since: 0.1.0
 */
QblkSnapshot *qblk_snapshot_open_image(const char *path, QblkImageOptions *how,
                                       const QblkSnapshotOptions *options,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
