/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The mark of an image that was merged into another one: the file `IMAGE.qblk-merged`.
 *
 * After an active commit the guest writes to the base, and the overlay is stale: a guest that boots
 * from it, or a second commit of it, would roll newer data back.  The image itself does not show
 * that.  The mark is on disk before the command is sent that makes the overlay stale.
 */
#pragma once

#include <glib.h>
#include <qblk/error.h>

typedef struct {
    char *image;            /* the one that must not be booted */
    char *into;             /* the one that has its data (nullable) */
    gboolean is_done;       /* the guest has switched to @into; else it may have */
    gboolean is_of_another; /* the image is not the file that was marked: it was created again
                             * under that name, or copied */
} QblkMergedMark;

void qblk_merged_mark_free(QblkMergedMark *mark);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QblkMergedMark, qblk_merged_mark_free)

/** Mark @image, and sync the mark.  Nothing is done if @image does not exist on this machine.
 * QBLK_BLOCKJOB_ERROR_FAILED. */
gboolean qblk_merged_mark_write(const char *image, const char *into, gboolean is_done,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Remove the mark of @image, if it has one. */
void qblk_merged_mark_remove(const char *image);

/** Returns: (transfer full): the mark of @image; NULL if it has none. */
QblkMergedMark *qblk_merged_mark_read(const char *image) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): the message about a mark of another file. */
char *qblk_merged_mark_describe_other(const QblkMergedMark *mark) G_GNUC_WARN_UNUSED_RESULT;
