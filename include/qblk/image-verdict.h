/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which image a guest has to boot from after a crash: decided from what is on disk, that is the
 * journal, the marks of merged images and the image headers.
 */
#pragma once

#include <qblk/recover.h>

G_BEGIN_DECLS

/**
 * QblkVerdictReason:
 * @QBLK_VERDICT_HAS_ALL_DATA: the other image was merged or copied into it
 * @QBLK_VERDICT_JOB_NOT_FINISHED: the guest had not left it
 * @QBLK_VERDICT_CHAIN_BEFORE: it is the active image before and after; its chain is unchanged
 * @QBLK_VERDICT_CHAIN_AFTER: it is the active image before and after; its chain is as planned
 * @QBLK_VERDICT_NO_OPERATION: not known: neither a journal nor a mark names the image
 * @QBLK_VERDICT_NO_OPERATION_HERE: not known, for the same reason, of a block device: its mark is
 *   on the machine on which it was merged
 * @QBLK_VERDICT_NO_READABLE_JOURNAL: not known: no journal that can be read names the image
 *
 * Why the guest has to boot from an image, or why it is not known from which one.
 *
 * Since: 0.1.0
 */
typedef enum {
    QBLK_VERDICT_HAS_ALL_DATA,
    QBLK_VERDICT_JOB_NOT_FINISHED,
    QBLK_VERDICT_CHAIN_BEFORE,
    QBLK_VERDICT_CHAIN_AFTER,
    QBLK_VERDICT_NO_OPERATION,
    QBLK_VERDICT_NO_OPERATION_HERE,
    QBLK_VERDICT_NO_READABLE_JOURNAL,
} QblkVerdictReason;

/**
 * qblk_verdict_reason_to_text:
 * @reason: a reason
 *
 * Returns: half a sentence, as JSON has it in `reason`
 *
 * Since: 0.1.0
 */
const char *qblk_verdict_reason_to_text(QblkVerdictReason reason);

/**
 * QblkImageVerdict:
 *
 * The decision for one image.  It never changes, and may be used by several threads at once.
 *
 * Since: 0.1.0
 */
typedef struct QblkImageVerdict QblkImageVerdict;

/**
 * qblk_recover_image:
 * @path: an image that no process has in use
 * @options: (nullable): the state directory, and if nothing is to be changed; NULL: the defaults
 *
 * Decide from journal, marks and headers which image a guest has to boot from instead of @path
 * after a crash of its QEMU, and settle it: the journal is deleted, and the mark of a merged image
 * becomes final.  With a dry run nothing is changed.  No QEMU is asked.
 *
 * If the operation was one on an image without a QEMU, it is completed or rolled back: images that
 * it was to delete, or files that it has created, are deleted.
 *
 * If neither a journal nor a mark names the image, the verdict has no image to boot from.
 *
 * Returns: (transfer full): the verdict; NULL on error, and then nothing is changed:
 *   QBLK_BLOCKJOB_ERROR_RESULT if it is not known which image has the newest data, the old image
 *   was written after the guest had left it, or that image or @path does not exist or is not an
 *   image; _REFUSED if an image is in use or another process
 *   works on it.  The journal has ended if only a file could not be deleted, with
 *   QBLK_BLOCKJOB_ERROR_RESULT
 *
 * Since: 0.1.0
 */
QblkImageVerdict *qblk_recover_image(const char *path, QblkRecoverOptions *options,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_image_verdict_ref:
 * @verdict: the verdict
 *
 * Returns: (transfer full): a further reference to @verdict
 *
 * Since: 0.1.0
 */
QblkImageVerdict *qblk_image_verdict_ref(QblkImageVerdict *verdict);

/**
 * qblk_image_verdict_unref:
 * @verdict: (nullable) (transfer full): the verdict
 *
 * Release a reference; the last one frees the verdict.
 *
 * Since: 0.1.0
 */
void qblk_image_verdict_unref(QblkImageVerdict *verdict);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkImageVerdict, qblk_image_verdict_unref)

/**
 * qblk_image_verdict_get_image:
 * @verdict: the verdict
 *
 * Returns: the image that was asked about
 *
 * Since: 0.1.0
 */
const char *qblk_image_verdict_get_image(const QblkImageVerdict *verdict);

/**
 * qblk_image_verdict_get_boot:
 * @verdict: the verdict
 *
 * Returns: (nullable): the image to boot from; NULL if it is not known
 *
 * Since: 0.1.0
 */
const char *qblk_image_verdict_get_boot(const QblkImageVerdict *verdict);

/**
 * qblk_image_verdict_get_reason:
 * @verdict: the verdict
 *
 * Returns: why
 *
 * Since: 0.1.0
 */
QblkVerdictReason qblk_image_verdict_get_reason(const QblkImageVerdict *verdict);

/**
 * qblk_image_verdict_get_incomplete:
 * @verdict: the verdict
 *
 * Returns: (nullable): an incomplete copy
 *
 * Since: 0.1.0
 */
const char *qblk_image_verdict_get_incomplete(const QblkImageVerdict *verdict);

/**
 * qblk_image_verdict_get_unused:
 * @verdict: the verdict
 *
 * Returns: (transfer none) (array zero-terminated=1): the images that are no longer in use
 *
 * Since: 0.1.0
 */
const char *const *qblk_image_verdict_get_unused(const QblkImageVerdict *verdict);

/**
 * qblk_image_verdict_get_not_known:
 * @verdict: the verdict
 *
 * An image that was merged or copied may have data that the image to boot from lacks, if a guest
 * was started from it since.  That is not known if the state in which its guest had left it was not
 * recorded, as by an earlier version, or of a block device.
 *
 * Returns: (transfer none) (array zero-terminated=1): a sentence on each such image
 *
 * Since: 0.1.0
 */
const char *const *qblk_image_verdict_get_not_known(const QblkImageVerdict *verdict);

/**
 * qblk_image_verdict_get_warnings:
 * @verdict: the verdict
 *
 * Returns: (transfer none) (array zero-terminated=1): a sentence on each journal that cannot be
 *   read, and may be of this image
 *
 * Since: 0.1.0
 */
const char *const *qblk_image_verdict_get_warnings(const QblkImageVerdict *verdict);

/**
 * qblk_image_verdict_to_text:
 * @verdict: the verdict
 *
 * Returns: (transfer full): the verdict in lines, as `qblk recover` prints it; characters that a
 *   terminal may not show are escaped
 *
 * Since: 0.1.0
 */
char *qblk_image_verdict_to_text(const QblkImageVerdict *verdict) G_GNUC_WARN_UNUSED_RESULT;

/**
 * qblk_image_verdict_to_json:
 * @verdict: the verdict
 *
 * Returns: (transfer full): the text of a JSON object with `boot`, `reason`, `incomplete`, `unused`
 *   and `not-known`, as `qblk recover --json` prints it, without its member `schema`
 *
 * Since: 0.1.0
 */
char *qblk_image_verdict_to_json(const QblkImageVerdict *verdict) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
