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

/** Returns: TRUE if the guest would see the same data in the active images before and after @plan;
 * FALSE if not, or if it is not known.  Both are read completely. */
gboolean qblk_merge_proof_has_same_content(const QblkPlan *plan);

/**
 * Check that the images which left the chain by the completed operation of @record were not written
 * since its last stage began: by their times, or by the content of the active images if the time of
 * the old one tells nothing.
 *
 * QBLK_BLOCKJOB_ERROR_RESULT.
 */
gboolean qblk_merge_proof_check(const QblkJournalRecord *record,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
