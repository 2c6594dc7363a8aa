/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Which image a guest has to boot from after a crash: decided from what is on disk, that is the
 * journal, the marks of merged images and the image headers.
 */
#pragma once

#include "blockjob/journal.h"
#include "blockjob/merged-mark.h"

/** Why the guest has to boot from an image, or why it is not known from which one. */
typedef enum {
    QBLK_VERDICT_HAS_ALL_DATA,      /* the other image was merged or copied into it */
    QBLK_VERDICT_JOB_NOT_FINISHED,  /* the guest had not left it */
    QBLK_VERDICT_CHAIN_BEFORE,      /* it is the active image before and after; headers as before */
    QBLK_VERDICT_CHAIN_AFTER,       /* likewise; headers as planned */
    QBLK_VERDICT_NO_OPERATION,      /* not known: neither a journal nor a mark names the image */
    QBLK_VERDICT_NO_OPERATION_HERE, /* likewise, of a block device: its mark is on the machine on
                                       * which it was merged */
    QBLK_VERDICT_NO_READABLE_JOURNAL, /* not known: no journal that can be read names the image */
} QblkVerdictReason;

typedef struct {
    char *image; /* the image that was asked about */
    char *boot;  /* the image to boot from; NULL: not known */
    QblkVerdictReason reason;
    char *incomplete;  /* an incomplete copy, or NULL */
    GPtrArray *unused; /* of char, owned: images that are no longer in use */
    GPtrArray
        *unreadable;   /* of char, owned: why a journal that may be of the image is unreadable */
    gboolean is_moved; /* the guest has another active image than before the operation */
} QblkImageVerdict;

/** Returns: a verdict on @image, with the image @boot (nullable) to boot from and without any
 * finding. */
QblkImageVerdict *qblk_image_verdict_new(const char *image, const char *boot,
                                         QblkVerdictReason reason) G_GNUC_WARN_UNUSED_RESULT;
void qblk_image_verdict_free(QblkImageVerdict *verdict);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkImageVerdict, qblk_image_verdict_free)

/** Returns: (nullable): the file that the copy of @plan is written to, borrowed, unless it is a
 * layer of its chain. */
const char *qblk_image_verdict_copy_of(const QblkPlan *plan);

/**
 * Decide on the image @path from the journal @record, whose guest does not run.
 *
 * @marks: the marks in the state directory
 *
 * Returns: (transfer full): the verdict; NULL with QBLK_BLOCKJOB_ERROR_RESULT if it is not known
 * which image has the newest data, or that image does not exist.
 */
QblkImageVerdict *qblk_image_verdict_of_record(const QblkJournalRecord *record, const char *path,
                                               const QblkMergedMarks *marks,
                                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Decide on the image @path from its @mark alone.  The marks of the images that it leads to are
 * followed, because those may have been merged as well since.
 *
 * @marks: the marks in the state directory
 *
 * Returns: (transfer full): the verdict; NULL with QBLK_BLOCKJOB_ERROR_RESULT if a mark is not
 * final, the image with the data does not exist or was replaced, or the marks form a cycle.
 */
QblkImageVerdict *qblk_image_verdict_of_mark(const QblkMergedMark *mark, const char *path,
                                             const QblkMergedMarks *marks,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Decide for the image @path, which has no mark, and which no record in @records (of
 * QblkJournalRecord) names.
 *
 * Returns: (transfer full): the verdict, which is that nothing is known; NULL with
 * QBLK_BLOCKJOB_ERROR_RESULT if a journal that cannot be read, or one in which QEMU used relative
 * names, may be of the image.
 */
QblkImageVerdict *qblk_image_verdict_without_record(const GPtrArray *records, const char *path,
                                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
