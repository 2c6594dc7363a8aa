/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/recover-result.h"

QblkRecoverResult *
qblk_recover_result_new(const QblkJournalRecord *record, QblkRecoverOutcome outcome)
{
    QblkRecoverResult *result = g_new0(QblkRecoverResult, 1);
    const QblkPlan *plan = record->plan;

    result->journal = g_strdup(record->path);
    result->outcome = outcome;
    if (plan != NULL) {
        result->vm = g_strdup(record->vm.address);
        result->kind = g_strdup(plan->kind);
        result->target = g_strdup(plan->target);
        result->stage = record->stage;
    }
    return result;
}

void
qblk_recover_result_free(QblkRecoverResult *result)
{
    if (result == NULL) {
        return;
    }
    g_clear_error(&result->error);
    g_free(result->journal);
    g_free(result->vm);
    g_free(result->kind);
    g_free(result->target);
    g_free(result->job_state);
    g_free(result->image);
    g_free(result->old_top);
    g_free(result->new_top);
    g_free(result);
}

const char *
qblk_recover_outcome_name(QblkRecoverOutcome outcome)
{
    static const char *const names[] = {
        [QBLK_RECOVER_COMPLETED] = "completed",
        [QBLK_RECOVER_READY] = "ready",
        [QBLK_RECOVER_ROLLED_BACK] = "rolled-back",
        [QBLK_RECOVER_RESTARTED] = "restarted",
        [QBLK_RECOVER_BUSY] = "busy",
        [QBLK_RECOVER_FAILED] = "failed",
        [QBLK_RECOVER_WOULD_COMPLETE] = "would-complete",
        [QBLK_RECOVER_WOULD_ROLL_BACK] = "would-roll-back",
    };
    return names[outcome];
}

gboolean
qblk_recover_result_would_change(const QblkRecoverResult *result)
{
    return result->outcome == QBLK_RECOVER_WOULD_COMPLETE ||
           result->outcome == QBLK_RECOVER_WOULD_ROLL_BACK;
}

static void
free_result(gpointer data)
{
    qblk_recover_result_free(data);
}

GPtrArray *
qblk_recover_results_new(void)
{
    return g_ptr_array_new_with_free_func(free_result);
}

const GError *
qblk_recover_results_error(const GPtrArray *results)
{
    for (guint i = 0; i < results->len; i++) {
        const QblkRecoverResult *result = results->pdata[i];
        if (result->error != NULL) {
            return result->error;
        }
    }
    return NULL;
}
