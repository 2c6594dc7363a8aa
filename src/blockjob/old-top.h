/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * The state of an image when its guest had left it for another one, which shows later if it was
 * written since: then a guest was started from it, and neither of the two images has all data.
 *
 * QEMU writes to the image when it closes it (cached tables, reference counts, bitmaps), and so a
 * later time tells nothing of an image that was still open.  The time of the status is not
 * compared: managers change the owner or the label of an image.
 */
#pragma once

#include "blockjob/merged-mark-file.h"

typedef struct {
    QblkMarkedFile file;
    gint64 written;      /* when it was written last, in nanoseconds since 1970; 0: not known */
    gint64 size;         /* in bytes */
    gboolean is_closed;  /* QEMU does not have it open */
    gboolean may_repeat; /* its time has whole seconds, and was that of the moment: a later write
                            may have the same time */
} QblkOldTop;

/** What became of an image since. */
typedef enum {
    QBLK_OLD_TOP_UNKNOWN,      /* not recorded, or not with a time that shows it, or it is another
                                  file now, or a block device */
    QBLK_OLD_TOP_UNCHANGED,    /* or it was deleted */
    QBLK_OLD_TOP_MAY_BE_QEMUS, /* it was written, by QEMU when it closed it, or by a guest */
    QBLK_OLD_TOP_WRITTEN,
} QblkOldTopChange;

/**
 * Read the state of the image @path now.
 *
 * @old: (out): to be cleared with qblk_old_top_clear()
 *
 * Returns: FALSE with errno if there is no such file; EINVAL: it is not a regular file, and does
 * not show when it was written
 */
gboolean qblk_old_top_read(QblkOldTop *old, const char *path,
                           gboolean is_closed) G_GNUC_WARN_UNUSED_RESULT;

void qblk_old_top_clear(QblkOldTop *old);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QblkOldTop, qblk_old_top_clear)

/** Returns: TRUE if a state was recorded. */
gboolean qblk_old_top_is_known(const QblkOldTop *old);

/** Returns: what differs between the state @recorded and the later one @now. */
QblkOldTopChange qblk_old_top_compare(const QblkOldTop *recorded, const QblkOldTop *now);

/** Returns: the same of what is now at @path (nullable). */
QblkOldTopChange qblk_old_top_look(const QblkOldTop *recorded, const char *path);

/** Returns: (transfer full): when the image @path was written last, for people; "an unknown time"
 * if that is not known. */
char *qblk_old_top_describe_time(const char *path) G_GNUC_WARN_UNUSED_RESULT;

/** Returns: (transfer full): a JSON object. */
QblkJson *qblk_old_top_json_new(const QblkOldTop *old) G_GNUC_WARN_UNUSED_RESULT;

/** Read @object (nullable); NULL: not known.  @old: (out): to be cleared */
void qblk_old_top_parse(QblkOldTop *old, const QblkJson *object);
