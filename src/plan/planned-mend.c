/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/planned-mend.h"

static void
mend_free(gpointer data)
{
    QblkPlannedMend *mend = data;

    g_free(mend->kind);
    g_free(mend->layer);
    g_free(mend->text);
    g_free(mend->image);
    g_free(mend->removes);
    g_free(mend->result);
    g_free(mend->remains_because);
    g_free(mend);
}

QblkPlannedMend *
qblk_planned_mend_new(void)
{
    return g_new0(QblkPlannedMend, 1);
}

GPtrArray *
qblk_planned_mends_new(void)
{
    return g_ptr_array_new_with_free_func(mend_free);
}

void
qblk_planned_mends_add(GPtrArray *mends, const QblkDifference *difference, const char *result,
                       const char *remains_because)
{
    QblkPlannedMend *mend = qblk_planned_mend_new();

    mend->kind = g_strdup(qblk_difference_kind_name(difference->kind));
    mend->layer = g_strdup(difference->layer);
    mend->text = qblk_difference_to_text(difference);
    mend->result = g_strdup(result);
    if (difference->kind == QBLK_DIFFERENCE_MARK && result != NULL) {
        mend->image = g_strdup(difference->name);
    }
    gboolean is_left =
        difference->kind == QBLK_DIFFERENCE_NODE || difference->kind == QBLK_DIFFERENCE_JOB;
    if (is_left && result != NULL) {
        mend->removes = g_strdup(difference->name);
    }
    mend->remains_because = g_strdup(remains_because);
    g_ptr_array_add(mends, mend);
}

gboolean
qblk_planned_mends_any(const GPtrArray *mends)
{
    for (guint i = 0; i < mends->len; i++) {
        const QblkPlannedMend *mend = mends->pdata[i];
        if (mend->result != NULL) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
qblk_planned_mends_remain(const GPtrArray *mends)
{
    for (guint i = 0; i < mends->len; i++) {
        const QblkPlannedMend *mend = mends->pdata[i];
        if (mend->remains_because != NULL) {
            return TRUE;
        }
    }
    return FALSE;
}
