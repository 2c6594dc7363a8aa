/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Which image a guest has to boot from after a crash: decided from what is on disk, that is the
 * journal, the marks of merged images and the image headers.
 */
#pragma once

#include "base/json.h"
#include "blockjob/journal.h"
#include "blockjob/merged-mark.h"

#include <qblk/image-verdict.h>

struct QblkImageVerdict {
    gatomicrefcount references;
    char *image; /* the image that was asked about */
    char *boot;  /* the image to boot from; NULL: not known */
    QblkVerdictReason reason;
    char *incomplete;     /* an incomplete copy, or NULL */
    GPtrArray *unused;    /* of char, owned: images that are no longer in use */
    GPtrArray *not_known; /* of char, owned: a sentence on each that may have data of its own */
    GPtrArray
        *unreadable;    /* of char, owned: why a journal that may be of the image is unreadable */
    gboolean is_moved;  /* the guest has another active image than before the operation */
    char **unused_list; /* owned, once it is sealed: @unused for programs */
    char **not_known_list; /* owned, likewise */
    char **warnings;       /* owned, likewise: a sentence on each of @unreadable */
};

/** Returns: a verdict on @image, with the image @boot (nullable) to boot from and without any
 * finding. */
QblkImageVerdict *qblk_image_verdict_new(const char *image, const char *boot,
                                         QblkVerdictReason reason) G_GNUC_WARN_UNUSED_RESULT;

/** All findings are known: prepare what programs ask for.  @verdict: (nullable) */
void qblk_image_verdict_seal(QblkImageVerdict *verdict);

/** Drop the images that no longer exist from the list of those that are not in use. */
void qblk_image_verdict_drop_deleted(QblkImageVerdict *verdict);

/** Note what @change, of the image @path that its guest has left, does not tell. */
void qblk_image_verdict_note_change(QblkImageVerdict *verdict, QblkOldTopChange change,
                                    const char *path);

/** Append the members of qblk_image_verdict_to_json() to @object. */
void qblk_image_verdict_add_json(const QblkImageVerdict *verdict, QblkJson *object);

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
