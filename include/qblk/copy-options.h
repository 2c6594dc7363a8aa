/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Options of a copy of a disk.
 *
 * Setters copy what they are given.
 */
#pragma once

#include <glib.h>
#include <qblk/error.h>

G_BEGIN_DECLS

/**
 * QblkCopyEnd:
 * @QBLK_COPY_STAY: stop when the copy is in sync with the guest
 * @QBLK_COPY_PIVOT: then switch the guest to the copy
 * @QBLK_COPY_FINISH: then end the job; the copy has the data of that moment
 *
 * What a copy does when all data were copied.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_COPY_STAY,
    QBLK_COPY_PIVOT,
    QBLK_COPY_FINISH,
} QblkCopyEnd;

/**
 * QblkCopyOptions:
 *
 * What is copied, and to which image.
 *
 * It belongs to one thread until it is passed on.  After that it does not change, and several
 * threads may use it at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkCopyOptions QblkCopyOptions;

/**
 * qblk_copy_options_new:
 *
 * Returns: (transfer full): options of a full copy that stays in sync with the guest
 *
 * Since: 0.1.0
 */
QblkCopyOptions *qblk_copy_options_new(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_copy_options_ref:
 * @options: the options
 *
 * Returns: (transfer full): a further reference to @options
 *
 * Since: 0.1.0
 */
QblkCopyOptions *qblk_copy_options_ref(QblkCopyOptions *options);

/**
 * qblk_copy_options_unref:
 * @options: (nullable) (transfer full): the options
 *
 * Release a reference; the last one frees the options.
 *
 * Since: 0.1.0
 */
void qblk_copy_options_unref(QblkCopyOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkCopyOptions, qblk_copy_options_unref)

/**
 * qblk_copy_options_set_destination:
 * @options: the options
 * @path: (type filename): the file or block device to copy to, or a name of QEMU for an image that
 *   exists elsewhere: a URL of nbd or iscsi, a string such as `rbd:pool/image`, or `json:{...}`
 *   with the options of any protocol
 *
 * A relative path is relative to the working directory of this process when the plan is made, and
 * is refused then if QEMU runs on another machine.
 *
 * A name of QEMU must not contain a secret, because plans are stored: secrets are objects of QEMU,
 * which `json:{...}` names with "password-secret" or "key-secret"; see
 * qblk_plan_options_add_secret().
 *
 * Returns: TRUE; FALSE with QBLK_BLOCKJOB_ERROR_REFUSED if @path is a name of QEMU that is not
 *   valid, contains a secret, or is of a protocol that is read-only or not supported, or with
 *   QBLK_QMP_ERROR_ARGUMENT if it is empty
 *
 * Since: 0.1.0
 */
gboolean qblk_copy_options_set_destination(QblkCopyOptions *options, const char *path,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_copy_options_set_format:
 * @options: the options
 * @format: (nullable): QEMU's name of the format of the copy; NULL: that of the active layer
 *
 * Since: 0.1.0
 */
void qblk_copy_options_set_format(QblkCopyOptions *options, const char *format);

/**
 * qblk_copy_options_set_encryption:
 * @options: the options
 * @secret: (nullable): id of a secret object of QEMU, or of a secret of
 *   qblk_plan_options_add_secret(), with the key of the copy; NULL: the copy is not encrypted
 *
 * Encrypt the copy with LUKS: in format luks, or the data in a qcow2 image.  Also needed to write
 * to an encrypted image that exists.
 *
 * Since: 0.1.0
 */
void qblk_copy_options_set_encryption(QblkCopyOptions *options, const char *secret);

/**
 * qblk_copy_options_set_block_device:
 * @options: the options
 * @is_block: the destination is a block device
 *
 * Since: 0.1.0
 */
void qblk_copy_options_set_block_device(QblkCopyOptions *options, gboolean is_block);

/**
 * qblk_copy_options_set_reuse:
 * @options: the options
 * @reuse: write into the image or block device that exists at the destination
 *
 * Since: 0.1.0
 */
void qblk_copy_options_set_reuse(QblkCopyOptions *options, gboolean reuse);

/**
 * qblk_copy_options_set_shallow:
 * @options: the options
 * @shallow: copy the active layer only, and share the images below it
 *
 * Since: 0.1.0
 */
void qblk_copy_options_set_shallow(QblkCopyOptions *options, gboolean shallow);

/**
 * qblk_copy_options_set_end:
 * @options: the options
 * @end: how the copy ends; another value is not set
 *
 * Since: 0.1.0
 */
void qblk_copy_options_set_end(QblkCopyOptions *options, QblkCopyEnd end);

/**
 * qblk_copy_options_set_synchronous_writes:
 * @options: the options
 * @synchronous: complete writes of the guest only after they have reached the copy
 *
 * Since: 0.1.0
 */
void qblk_copy_options_set_synchronous_writes(QblkCopyOptions *options, gboolean synchronous);

/**
 * qblk_copy_options_set_granularity:
 * @options: the options
 * @bytes: copy changed data in units of this size, a power of 2 from 512 to 64 MiB; 0: QEMU
 *   chooses it
 *
 * Since: 0.1.0
 */
void qblk_copy_options_set_granularity(QblkCopyOptions *options, gint64 bytes);

/**
 * qblk_copy_options_set_buffer_size:
 * @options: the options
 * @bytes: how much data is in flight at most; 0: QEMU chooses it
 *
 * Since: 0.1.0
 */
void qblk_copy_options_set_buffer_size(QblkCopyOptions *options, gint64 bytes);

G_END_DECLS
