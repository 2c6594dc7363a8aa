/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "blockjob/run-monitor.h"

static gboolean
carry_out_step(QblkMonitor *monitor, const QblkPlan *plan, const QblkStep *step, GError **error)
{
    if (step->command == NULL) {
        return qblk_monitor_try(monitor, plan->target, error);
    }
    g_autoptr(QblkJson) value = qblk_monitor_call(monitor, step->command, step->arguments, error);
    return value != NULL;
}

/* Roll back the first @count steps, the last one first. */
static gboolean
roll_back(QblkMonitor *monitor, const QblkPlan *plan, guint count, GError **error)
{
    for (guint i = count; i-- > 0;) {
        const QblkStep *step = plan->steps->pdata[i];
        for (guint j = 0; j < step->undo->len; j++) {
            if (!carry_out_step(monitor, plan, step->undo->pdata[j], error)) {
                return FALSE;
            }
        }
    }

    return TRUE;
}

/* Returns: TRUE if the step that failed with @error may have taken effect. */
static gboolean
may_have_effect(const GError *error)
{
    return !g_error_matches(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_REFUSED) &&
           !g_error_matches(error, QBLK_QMP_ERROR, QBLK_QMP_ERROR_NOT_FOUND);
}

static void
handle_failure(QblkMonitor *monitor, const QblkPlan *plan, guint failed, GError **error)
{
    g_autoptr(GError) cause = NULL;
    const QblkStep *step = plan->steps->pdata[failed];
    g_prefix_error(error, "cannot %s: ", step->purpose);
    guint count = failed + (may_have_effect(*error) ? 1 : 0);
    if (!roll_back(monitor, plan, count, &cause)) {
        g_prefix_error(error, "'%s' may still exist and could not be removed (%s): ", plan->job,
                       cause->message);
    }
}

gboolean
qblk_run_monitor(QblkMonitor *monitor, const QblkPlan *plan, GError **error)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        g_autoptr(GError) cause = NULL;
        if (!carry_out_step(monitor, plan, plan->steps->pdata[i], &cause)) {
            handle_failure(monitor, plan, i, &cause);
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
    }

    return TRUE;
}
