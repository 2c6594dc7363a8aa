/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * Plans and chains, and the marks of merged images: what a plan will mark, what marks forbid, and
 * which images of a chain are stale.
 */
#pragma once

#include "blockjob/merged-mark.h"
#include "plan/plan.h"

/** Returns: (nullable): the path on this machine of the image of @layer, borrowed; NULL if it is
 * not known. */
const char *qblk_merged_mark_path(const QblkExpectation *layer);

/** Returns: what @plan marks, borrowed from it; nothing if the path of the image is not known. */
QblkMergedImages qblk_merged_mark_of_plan(const QblkPlan *plan);

/** Returns: (nullable): the file that the copy of @plan is written to, borrowed from it; a name as
 * QEMU knows it */
const char *qblk_merged_mark_copy_of_plan(const QblkPlan *plan);

/**
 * Mark the file that the copy of @plan is written to as an incomplete copy of its source, instead
 * of any other mark.  Nothing is done if @plan has no copy, or the paths are not known.
 *
 * QBLK_BLOCKJOB_ERROR_FAILED.
 */
gboolean qblk_merged_mark_write_partial(const QblkPlan *plan, const char *state_dir,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** The job of @plan has succeeded: if it has made an image of its own, remove its marks. */
void qblk_merged_mark_clear_result(const QblkPlan *plan, const char *state_dir);

/**
 * Check that the chain of @plan has no image that was merged into another one, or is an incomplete
 * copy.  Such an image lacks data: a second merge would overwrite newer data with old data.
 *
 * QBLK_BLOCKJOB_ERROR_REFUSED.
 */
gboolean qblk_merged_mark_check(const QblkPlan *plan, const QblkMergedMarks *marks,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Remove the marks beside the images and the copy of @plan that are of earlier files of these
 * names.
 *
 * @removed: of char, owned: a sentence on each is added
 */
void qblk_merged_mark_tidy_plan(const QblkPlan *plan, GPtrArray *removed);

/** A stale image in a chain.  All is owned. */
typedef struct {
    char *disk; /* target */
    char *image;
    guint position; /* in the chain */
    char *text;     /* a sentence for the user */
    QblkMergedMark *mark;
} QblkStaleFile;

void qblk_stale_file_free(QblkStaleFile *stale);

/** Returns: (transfer full): an empty list of QblkStaleFile, which owns them. */
GPtrArray *qblk_merged_mark_stale_new(void) G_GNUC_WARN_UNUSED_RESULT;

/** Add the images of @chain, whose names are those of files of this machine, that were merged into
 * another one to @stale, unless they are in it. */
void qblk_merged_mark_find_stale(const QblkChain *chain, const QblkMergedMarks *marks,
                                 GPtrArray *stale);
