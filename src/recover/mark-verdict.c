/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verdict on an image by its mark alone. */
#include "recover/image-verdict.h"

#include "recover/chain-files.h"
#include "recover/merge-proof.h"

#include <errno.h>

/* Check that the source of an incomplete copy exists and is the one that was recorded. */
static gboolean
check_source(const QblkMergedMark *mark, const char *image, GError **error)
{
    g_auto(QblkMarkedFile) file = {0};
    if (!qblk_marked_file_read(&file, mark->into)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "'%s' is an incomplete copy of '%s', which cannot be opened: %s", image,
                    mark->into, g_strerror(errno));
        return FALSE;
    }
    if (qblk_marked_file_is_known(&mark->into_file) &&
        !qblk_marked_file_is_same(&mark->into_file, &file)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "'%s' is an incomplete copy of a file that had the name '%s', which another "
                    "file has now: if that is a copy of it, boot from the copy",
                    image, mark->into);
        return FALSE;
    }
    return TRUE;
}

/* Check that the image that @mark leads to exists and is the one that was recorded. */
static gboolean
check_into(const QblkMergedMark *mark, const char *image, GError **error)
{
    g_auto(QblkMarkedFile) file = {0};
    if (!g_path_is_absolute(mark->into)) {
        return TRUE;
    }
    if (!qblk_marked_file_read(&file, mark->into)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "'%s' was merged into '%s', which cannot be opened: %s", image, mark->into,
                    g_strerror(errno));
        return FALSE;
    }
    if (qblk_marked_file_is_known(&mark->into_file) &&
        !qblk_marked_file_is_same(&mark->into_file, &file)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "'%s' was merged into a file that had the name '%s', which another file has "
                    "now: if that is a copy of it, boot from the copy",
                    image, mark->into);
        return FALSE;
    }
    return TRUE;
}

/* @image: a name of the marked file */
static gboolean
check_mark_is_final(const QblkMergedMark *mark, const char *image, GError **error)
{
    if (!qblk_merged_mark_is_final(mark)) {
        g_autofree char *reason = qblk_merged_mark_describe(mark, image);
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "%s, and no journal of the job exists: keep both images and compare their file "
                    "systems",
                    reason);
        return FALSE;
    }
    return mark->is_copy ? check_source(mark, image, error) : check_into(mark, image, error);
}

/* Check that no guest was started from the image that was merged, or note that this is not known.
 */
static gboolean
check_not_written(QblkImageVerdict *verdict, const QblkMergedMark *mark, const char *image,
                  GError **error)
{
    QblkOldTopChange change =
        mark->is_copy ? QBLK_OLD_TOP_UNCHANGED : qblk_old_top_look(&mark->old, image);
    if (change != QBLK_OLD_TOP_WRITTEN) {
        qblk_image_verdict_note_change(verdict, change, image);
        return TRUE;
    }

    g_autofree char *reason = qblk_merged_mark_describe(mark, image);
    g_autofree char *image_time = qblk_old_top_describe_time(image);
    g_autofree char *into_time = qblk_old_top_describe_time(mark->into);
    g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                "%s; '%s' was last written at %s, '%s' at %s: keep both images and compare their "
                "file systems, and remove the mark '%s' if you boot from '%s'",
                reason, image, image_time, mark->into, into_time, mark->place, image);
    return FALSE;
}

/* Add the image of @mark and look at the one that has its data. */
static gboolean
follow_mark(QblkImageVerdict *verdict, const QblkMergedMark *mark, GError **error)
{
    if (!check_mark_is_final(mark, verdict->boot, error) ||
        !check_not_written(verdict, mark, verdict->boot, error)) {
        return FALSE;
    }

    gboolean is_incomplete = mark->is_copy && g_str_equal(verdict->boot, verdict->image);
    if (is_incomplete) {
        verdict->incomplete = g_strdup(verdict->boot);
        verdict->reason = QBLK_VERDICT_JOB_NOT_FINISHED;
    } else {
        g_ptr_array_add(verdict->unused, g_strdup(verdict->boot));
        verdict->reason = QBLK_VERDICT_HAS_ALL_DATA;
    }
    if (qblk_chain_files_have(verdict->unused, mark->into)) {
        g_set_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_RESULT,
                    "the marks of '%s' and '%s' form a cycle", verdict->boot, mark->into);
        return FALSE;
    }

    g_free(verdict->boot);
    verdict->boot = g_strdup(mark->into);
    return TRUE;
}

QblkImageVerdict *
qblk_image_verdict_of_mark(const QblkMergedMark *mark, const char *path,
                           const QblkMergedMarks *marks, GError **error)
{
    g_autoptr(QblkImageVerdict) verdict =
        qblk_image_verdict_new(path, path, QBLK_VERDICT_HAS_ALL_DATA);
    g_autoptr(QblkMergedMark) next = NULL;

    while (mark != NULL) {
        if (!follow_mark(verdict, mark, error)) {
            return NULL;
        }

        g_clear_pointer(&next, qblk_merged_mark_free);
        next = qblk_merged_marks_find(marks, verdict->boot);
        mark = next;
    }
    return g_steal_pointer(&verdict);
}
