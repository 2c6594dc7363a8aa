/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Which image a guest has to boot from after a crash: decided from what is on disk, that is the
 * journal, the marks of merged images and the image headers.
 */
#pragma once

#include "blockjob/journal.h"
#include "blockjob/merged-mark.h"

/** Why the guest has to boot from an image. */
typedef enum {
    QBLK_VERDICT_HAS_ALL_DATA,     /* the other image was merged or copied into it */
    QBLK_VERDICT_JOB_NOT_FINISHED, /* the guest had not left it */
    QBLK_VERDICT_CHAIN_BEFORE,     /* it is the active image before and after; headers as before */
    QBLK_VERDICT_CHAIN_AFTER,      /* likewise; headers as planned */
    QBLK_VERDICT_NO_OPERATION,     /* no operation on it was interrupted */
    QBLK_VERDICT_NO_READABLE_JOURNAL, /* no journal that can be read names it */
} QblkVerdictReason;

typedef struct {
    char *boot; /* the image to boot from */
    QblkVerdictReason reason;
    GPtrArray *unused; /* of char, owned: images that are no longer in use */
    GPtrArray
        *unreadable;   /* of char, owned: why a journal that may be of the image is unreadable */
    gboolean is_moved; /* the guest has another active image than before the operation */
} QblkImageVerdict;

/** Returns: a verdict for the image @boot without any finding. */
QblkImageVerdict *qblk_image_verdict_new(const char *boot) G_GNUC_WARN_UNUSED_RESULT;
void qblk_image_verdict_free(QblkImageVerdict *verdict);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkImageVerdict, qblk_image_verdict_free)

/**
 * Decide from the journal @record, whose guest does not run.
 *
 * Returns: (transfer full): the verdict; NULL with QBLK_BLOCKJOB_ERROR_RESULT if it is not known
 * which image has the newest data.
 */
QblkImageVerdict *qblk_image_verdict_of_record(const QblkJournalRecord *record,
                                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Decide from @mark alone.  The marks of the images that it leads to are followed, because those
 * may have been merged as well since.
 *
 * Returns: (transfer full): the verdict; NULL with QBLK_BLOCKJOB_ERROR_RESULT if a mark is not
 * final, is of another file, or the marks form a cycle.
 */
QblkImageVerdict *qblk_image_verdict_of_mark(const QblkMergedMark *mark,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Decide for the image @path, which has no mark, and which no record in @records (of
 * QblkJournalRecord) names.
 *
 * Returns: (transfer full): the verdict; NULL with QBLK_BLOCKJOB_ERROR_RESULT if a journal that
 * cannot be read, or one in which QEMU used relative names, may be of the image.
 */
QblkImageVerdict *qblk_image_verdict_without_record(const GPtrArray *records, const char *path,
                                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
