/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Which image a guest has to boot from after a crash of QEMU while an overlay was put over its
 * disk, decided from the journal and from what the file of the overlay contains.
 */
#pragma once

#include "recover/image-verdict.h"

/** Returns: TRUE if @plan puts a new overlay over its disk. */
gboolean qblk_overlay_verdict_is_for(const QblkPlan *plan);

/**
 * Decide on the image @path from the journal @record of such a plan.  A complete overlay has all
 * data, whether the guest has used it or not, unless the image below was written after it: then
 * that one has all if the overlay has no data, and otherwise neither has.
 *
 * Returns: (transfer full): the verdict; NULL with QBLK_BLOCKJOB_ERROR_RESULT if the guest may have
 * written to an overlay that does not exist or is not the planned one.
 */
QblkImageVerdict *qblk_overlay_verdict(const QblkJournalRecord *record, const char *path,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Delete the overlay of @record if it has no data and the guest boots from the image below by
 * @verdict, which no longer lists it then. */
void qblk_overlay_verdict_settle(const QblkJournalRecord *record, QblkImageVerdict *verdict);
