/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * What a mark contains, and what it tells the user.
 */
#pragma once

#include "blockjob/old-top.h"

typedef struct {
    char *place;      /* the file that has the mark */
    char *image;      /* path of the stale image when it was marked; of a file without links */
    char *into;       /* path of the image that has its data: the base, or the source (nullable) */
    gint64 directory; /* inode of the directory of @image; 0: not known */
    QblkMarkedFile file;      /* the stale image; nothing is known of it if the mark is damaged */
    QblkMarkedFile into_file; /* likewise, of @into */
    QblkOldTop old;           /* the stale image when its guest had left it, if that was recorded */
    gboolean is_done;         /* the guest has switched to @into; else it may have */
    gboolean is_copy;         /* @image is an incomplete copy of @into; @is_done is FALSE */
} QblkMergedMark;

void qblk_merged_mark_free(QblkMergedMark *mark);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkMergedMark, qblk_merged_mark_free)

/** Returns: TRUE if the image that has the data is known, and has a name. */
gboolean qblk_merged_mark_is_final(const QblkMergedMark *mark);

/** Describe why @image, a name that leads to the file of @mark, must not be used.  Returns:
 * (transfer full): a sentence without its end. */
char *qblk_merged_mark_describe(const QblkMergedMark *mark,
                                const char *image) G_GNUC_WARN_UNUSED_RESULT;

/** Report that @mark was removed, which was of an earlier file of the name @image.  Returns:
 * (transfer full): a sentence without its end. */
char *qblk_merged_mark_describe_removed(const QblkMergedMark *mark,
                                        const char *image) G_GNUC_WARN_UNUSED_RESULT;
