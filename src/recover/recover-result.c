/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recover/recover-result.h"

#include "base/enum.h"

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
        result->lacks_job = !qblk_plan_has_job(plan);
        result->is_repeatable = result->lacks_job && !qblk_plan_changes_chain(plan);
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
    return qblk_enum_name(names, G_N_ELEMENTS(names), (int)outcome);
}

gboolean
qblk_recover_result_would_change(const QblkRecoverResult *result)
{
    return result->outcome == QBLK_RECOVER_WOULD_COMPLETE ||
           result->outcome == QBLK_RECOVER_WOULD_ROLL_BACK;
}

/* ---- what programs ask for ---- */

QblkRecoverOutcome
qblk_recover_result_get_outcome(const QblkRecoverResult *result)
{
    return result->outcome;
}

const char *
qblk_recover_result_get_journal(const QblkRecoverResult *result)
{
    return result->journal;
}

const char *
qblk_recover_result_get_vm(const QblkRecoverResult *result)
{
    return result->vm;
}

const char *
qblk_recover_result_get_kind(const QblkRecoverResult *result)
{
    return result->kind;
}

const char *
qblk_recover_result_get_target(const QblkRecoverResult *result)
{
    return result->target;
}

QblkStage
qblk_recover_result_get_stage(const QblkRecoverResult *result)
{
    return result->stage;
}

const GError *
qblk_recover_result_get_error(const QblkRecoverResult *result)
{
    return result->error;
}

QblkRestart
qblk_recover_result_get_restart(const QblkRecoverResult *result)
{
    return result->restart;
}

const char *
qblk_recover_result_get_image(const QblkRecoverResult *result)
{
    return result->image;
}

const char *
qblk_recover_result_get_old_top(const QblkRecoverResult *result)
{
    return result->old_top;
}

const char *
qblk_recover_result_get_new_top(const QblkRecoverResult *result)
{
    return result->new_top;
}

QblkRecoverFound
qblk_recover_result_get_found(const QblkRecoverResult *result)
{
    if (!qblk_recover_result_would_change(result)) {
        return QBLK_RECOVER_FOUND_NOTHING;
    }
    switch ((int)result->found) {
    case QBLK_RUN_NOT_STARTED:
        return QBLK_RECOVER_FOUND_NO_JOB;
    case QBLK_RUN_JOB_FAILED:
        return QBLK_RECOVER_FOUND_JOB_FAILED;
    case QBLK_RUN_ENDED_WELL:
        return QBLK_RECOVER_FOUND_JOB_SUCCEEDED;
    case QBLK_RUN_CHAIN_AFTER:
        return QBLK_RECOVER_FOUND_CHAIN_AFTER;
    case QBLK_RUN_CHAIN_BEFORE:
        return QBLK_RECOVER_FOUND_CHAIN_BEFORE;
    default:
        break;
    }
    return QBLK_RECOVER_FOUND_JOB;
}

const char *
qblk_recover_result_get_job_state(const QblkRecoverResult *result)
{
    return result->job_state;
}

/* ---- lists ---- */

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
