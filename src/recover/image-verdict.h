/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Which image a guest has to boot from after a crash, from what is on disk: journal, marks and
 * headers.
 */
#pragma once

#include "blockjob/journal.h"

typedef struct {
    const char *boot;  /* borrowed */
    const char *why;   /* constant */
    GPtrArray *unused; /* of char, borrowed: files */
    gboolean is_moved; /* the guest has another active image than before */
} QblkImageVerdict;

/** Each fills @verdict, which borrows from what it is given and has a list for files; FALSE with
 * QBLK_BLOCKJOB_ERROR_RESULT where it is not known. */

/** From the journal @record, whose guest does not run. */
gboolean qblk_image_verdict_of_record(const QblkJournalRecord *record, QblkImageVerdict *verdict,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** From @marks, of QblkMergedMark, alone.  There is one in it, and those that follow are added: the
 * image that one was merged into may have been merged as well since. */
gboolean qblk_image_verdict_of_marks(GPtrArray *marks, QblkImageVerdict *verdict,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** None of @records tells of the image @path; what cannot be read might have, or what QEMU knew by
 * a relative name. */
gboolean qblk_image_verdict_of_silence(const GPtrArray *records, const char *path,
                                       QblkImageVerdict *verdict,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The images of a chain, of QblkExpectation: whether @path is one, and the active one. */
gboolean qblk_image_verdict_has_file(const GPtrArray *layers, const char *path);
const char *qblk_image_verdict_active(const GPtrArray *layers);
