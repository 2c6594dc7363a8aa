/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * A mark beside an image that was merged into another one, `IMAGE.qblk-merged`.
 *
 * After an active commit the guest writes to the base, and the overlay is old: a guest that boots
 * from it, or a second commit of it, would roll newer data back.  The image does not show that
 * itself, so the mark is there before the command is sent that makes it true.
 */
#pragma once

#include <glib.h>
#include <qblk/error.h>

typedef struct {
    char *image;      /* the one that must not be booted */
    char *into;       /* the one that has its data */
    gboolean is_done; /* the guest went on with @into; else it may have */
    /* The image is not the file that was marked: it was made anew under that name, or copied. */
    gboolean is_of_another;
} QblkMergedMark;

void qblk_merged_mark_free(QblkMergedMark *mark);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkMergedMark, qblk_merged_mark_free)

/** Mark @image, on disk when this returns.  Where @image is not on this machine nothing is done.
 * QBLK_BLOCKJOB_ERROR_FAILED. */
gboolean qblk_merged_mark_write(const char *image, const char *into, gboolean is_done,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Take the mark away. */
void qblk_merged_mark_remove(const char *image);

/** The mark of @image, NULL where it has none. */
QblkMergedMark *qblk_merged_mark_read(const char *image) G_GNUC_WARN_UNUSED_RESULT;

/** What there is to say of a mark that is of another file. */
char *qblk_merged_mark_describe_other(const QblkMergedMark *mark) G_GNUC_WARN_UNUSED_RESULT;
