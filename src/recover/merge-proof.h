/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Whether the images that an operation has merged or copied still have nothing that its result
 * lacks.
 *
 * A guest may have been started from the old image after qblk was killed: then neither image
 * has all data, and the old one must not be deleted.
 */
#pragma once

#include "blockjob/journal.h"
#include "blockjob/merged-mark-content.h"

/** Returns: TRUE if the guest would see the same data in the active images before and after @plan;
 * FALSE if not, or if it is not known.  Both are read completely. */
gboolean qblk_merge_proof_has_same_content(const QblkPlan *plan);

/**
 * Look at the old active image of the plan of @record, whose guest has left it.
 *
 * @mark: (nullable): of that image
 *
 * Returns: if it was written since, by what the journal and the mark have recorded
 */
QblkOldTopChange qblk_merge_proof_look(const QblkJournalRecord *record, const QblkMergedMark *mark);

/** Returns: (transfer full) (nullable): what is not known of the image @path by @change; NULL if
 * it is known that it was not written. */
char *qblk_merge_proof_describe(QblkOldTopChange change,
                                const char *path) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: the state in which the guest has left the old active image, by the journal or the mark:
 * the one that was recorded last; borrowed */
const QblkOldTop *qblk_merge_proof_find(const QblkJournalRecord *record,
                                        const QblkMergedMark *mark);

/** Set QBLK_BLOCKJOB_ERROR_RESULT: the old active image was written since. */
void qblk_merge_proof_set_written(const QblkJournalRecord *record, GError **error);

/**
 * Check that the images which left the chain by the completed operation of @record were not written
 * since its last stage began: by their times, or by the content of the active images if the time of
 * the old one tells nothing.
 *
 * QBLK_BLOCKJOB_ERROR_RESULT.
 */
gboolean qblk_merge_proof_check(const QblkJournalRecord *record,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
