/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/merged-mark-content.h"

void
qblk_merged_mark_free(QblkMergedMark *mark)
{
    if (mark != NULL) {
        g_free(mark->place);
        g_free(mark->image);
        g_free(mark->into);
        qblk_marked_file_clear(&mark->file);
        qblk_marked_file_clear(&mark->into_file);
        qblk_old_top_clear(&mark->old);
        g_free(mark);
    }
}

gboolean
qblk_merged_mark_is_final(const QblkMergedMark *mark)
{
    return (mark->is_done || mark->is_copy) && mark->into != NULL;
}

char *
qblk_merged_mark_describe(const QblkMergedMark *mark, const char *image)
{
    if (mark->into == NULL && mark->is_copy) {
        return g_strdup_printf("'%s' is an incomplete copy of an image that its mark '%s' does not "
                               "name",
                               image, mark->place);
    }
    if (mark->into == NULL) {
        return g_strdup_printf("'%s' may be stale: it may have been merged into another image, "
                               "which its mark '%s' does not name",
                               image, mark->place);
    }
    if (mark->is_copy) {
        return g_strdup_printf("'%s' is an incomplete copy of '%s', which has all data", image,
                               mark->into);
    }
    if (mark->is_done && qblk_old_top_look(&mark->old, image) == QBLK_OLD_TOP_WRITTEN) {
        return g_strdup_printf("'%s' was written after it was merged into '%s': both may have data "
                               "that the other lacks",
                               image, mark->into);
    }
    if (mark->is_done) {
        return g_strdup_printf("'%s' is stale: it was merged into '%s', which has newer data",
                               image, mark->into);
    }
    return g_strdup_printf("'%s' may be stale: it may have been merged into '%s', which may "
                           "have newer data",
                           image, mark->into);
}

char *
qblk_merged_mark_describe_removed(const QblkMergedMark *mark, const char *image)
{
    if (mark->into == NULL) {
        return g_strdup_printf("removed '%s': it marked an earlier file '%s'", mark->place, image);
    }
    if (mark->is_copy) {
        return g_strdup_printf("removed '%s': it marked an earlier file '%s', which was an "
                               "incomplete copy of '%s'",
                               mark->place, image, mark->into);
    }
    return g_strdup_printf("removed '%s': it marked an earlier file '%s', which was merged into "
                           "'%s'",
                           mark->place, image, mark->into);
}
