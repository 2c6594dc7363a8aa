/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The mark of an image that no guest may be started from: it was merged into another one, or is an
 * incomplete copy.
 *
 * After an active commit the guest writes to the base, and the overlay is stale: a guest that boots
 * from it, or a second commit of it, would roll newer data back.  The image itself does not show
 * that.  The mark is on disk before the command is sent that makes the overlay stale.
 *
 * The file of a copy that was not completed stays, and may look like an image.
 *
 * A mark is of a file, whatever its name.  It is the file `IMAGE.qblk-merged` beside the real file,
 * or a file in the directory `merged` of the state directory, which has the journals as well, if
 * nothing can be written beside the image, and for block devices.  All paths are those of this
 * machine.  A state directory that is NULL has no marks, and cannot get any.
 */
#pragma once

#include "base/file-identity.h"
#include "blockjob/merged-mark-content.h"

#include <qblk/error.h>

/** What is marked.  Everything is borrowed. */
typedef struct {
    const char *image; /* absolute path of the overlay; NULL: it has no name, and gets no mark */
    const char *into;  /* path of the image that it is merged into, or QEMU's name for it */
    QblkFileIdentity file; /* no other file of that name is marked; zero: any */
    const QblkOldTop *old; /* (nullable): @image when its guest had left it */
    gboolean is_copy;      /* @image is an incomplete copy of @into, which has all data */
} QblkMergedImages;

/**
 * Mark an image, and sync the mark.  Nothing is done if the image does not exist on this machine,
 * or if another file has its name.
 *
 * @state_dir: (nullable)
 *
 * QBLK_BLOCKJOB_ERROR_FAILED.
 */
gboolean qblk_merged_mark_write(const QblkMergedImages *images, const char *state_dir,
                                gboolean is_done, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Find out if qblk_merged_mark_write() is possible: write, sync and remove a file where the mark
 * will be.
 *
 * QBLK_BLOCKJOB_ERROR_REFUSED.
 */
gboolean qblk_merged_mark_find_place(const QblkMergedImages *images, const char *state_dir,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Remove the marks of the file that @image leads to; if it does not exist, the one beside it.
 * @image: (nullable): NULL has no mark */
void qblk_merged_mark_remove(const char *image, const char *state_dir);

/** The marks in a state directory, read once. */
typedef struct QblkMergedMarks QblkMergedMarks;

/** Returns: (transfer full): the marks in @state_dir (nullable); those that can be read. */
QblkMergedMarks *qblk_merged_marks_load(const char *state_dir) G_GNUC_WARN_UNUSED_RESULT;
void qblk_merged_marks_free(QblkMergedMarks *marks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkMergedMarks, qblk_merged_marks_free)

/**
 * Find the mark of the file that @image leads to now, beside it or among @marks.  A mark of another
 * file, which had the name before, is not one of it.
 *
 * Returns: (transfer full) (nullable): the mark
 */
QblkMergedMark *qblk_merged_marks_find(const QblkMergedMarks *marks,
                                       const char *image) G_GNUC_WARN_UNUSED_RESULT;

/** Load and find.  @state_dir: (nullable); @image: (nullable) */
QblkMergedMark *qblk_merged_mark_read(const char *image,
                                      const char *state_dir) G_GNUC_WARN_UNUSED_RESULT;

/**
 * Remove those of @marks whose file does not exist, or was replaced.  A block device that does not
 * exist may be inactive, one without a lasting name may have another, and the file system of a file
 * may not be mounted: their marks stay.
 *
 * @removed: of char, owned: a sentence on each is added
 */
void qblk_merged_marks_tidy(const QblkMergedMarks *marks, GPtrArray *removed);

/** Returns: (transfer full) (nullable): the mark beside @image whose file does not exist, or was
 * replaced */
QblkMergedMark *qblk_merged_mark_find_obsolete(const char *image) G_GNUC_WARN_UNUSED_RESULT;

/** Remove the mark beside @image (nullable) in the same way. */
void qblk_merged_mark_tidy_beside(const char *image, GPtrArray *removed);
