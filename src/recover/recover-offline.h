/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Interrupted operations on images that no QEMU has open.
 *
 * The daemon that worked on the images has ended with its qblk, and no guest has written since.  So
 * no job is left to be resumed: the stage in the journal and the headers of the images show what
 * has become of the operation, and it is completed or rolled back without a QEMU.
 */
#pragma once

#include "base/waiter.h"
#include "recover/image-verdict.h"
#include "recover/recover-result.h"

/** Returns: TRUE if the operation of @record was one on an image. */
gboolean qblk_recover_offline_is(const QblkJournalRecord *record);

/** Returns: TRUE if @path is the active image before or after the operation of @record, on an image
 * or a VM, or its copy. */
gboolean qblk_recover_offline_names(const QblkJournalRecord *record, const char *path);

/** Returns: TRUE if the operation of @record was one on the image @path, or names it. */
gboolean qblk_recover_offline_is_of(const QblkJournalRecord *record, const char *path);

/**
 * Check that no process has the active images of @record open, whose journal is not busy.  The
 * daemon is told by the kernel to end when its qblk has ended, and closes its images: it is waited
 * for.  One that does not end is killed, because QEMU may hang then (7.2, 10.0 and 11.1 if they
 * create an image).
 *
 * @waiter: (nullable)
 * @may_kill: FALSE: of a dry run: a daemon that would be killed is not in the way
 *
 * QBLK_BLOCKJOB_ERROR_REFUSED.
 */
gboolean qblk_recover_offline_check_free(const QblkJournalRecord *record, const QblkWaiter *waiter,
                                         gboolean may_kill,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Do what is left to do of the operation of @record, on which @verdict was made: delete the images
 * that it was to delete or, if it is rolled back, the files that it has created, and set the marks.
 * The journal, which the caller has resumed, can end afterwards.
 *
 * @directory: of the marks
 * @problem: (out): receives an error that names the files which were not deleted, if any
 *
 * Returns: FALSE with QBLK_BLOCKJOB_ERROR_FAILED if a mark cannot be written: the journal stays
 */
gboolean qblk_recover_offline_settle(const QblkJournalRecord *record, QblkImageVerdict *verdict,
                                     const char *directory, GError **problem,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** How an operation is recovered.  Everything is borrowed. */
typedef struct {
    const char *directory; /* of the marks, absolute */
    const char *opened; /* the image that the caller has open, or NULL.  Nothing is done if it is no
                           longer the active one after the operation */
    const QblkWaiter *waiter; /* or NULL */
    gboolean dry_run;         /* find out what would be done */
} QblkRecoverOfflineSettings;

/**
 * Recover the operation of @record, whose journal the caller has resumed.
 *
 * @is_over: (out): the journal can end, also with an error
 *
 * Returns: (transfer full): the result; NULL with QBLK_BLOCKJOB_ERROR or QBLK_GRAPH_ERROR
 */
QblkRecoverResult *qblk_recover_offline(const QblkRecoverOfflineSettings *settings,
                                        const QblkJournalRecord *record, gboolean *is_over,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
