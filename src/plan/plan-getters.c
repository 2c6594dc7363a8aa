/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan.h"

/* ---- what it is for ---- */

const char *
qblk_plan_get_kind(const QblkPlan *plan)
{
    return plan->kind;
}

const char *
qblk_plan_get_target(const QblkPlan *plan)
{
    return plan->target;
}

const char *
qblk_plan_get_job_id(const QblkPlan *plan)
{
    return plan->job;
}

const char *
qblk_plan_get_fingerprint(const QblkPlan *plan)
{
    return plan->fingerprint;
}

const char *
qblk_plan_get_state_directory(const QblkPlan *plan)
{
    return plan->state_dir;
}

gboolean
qblk_plan_is_for_existing_job(const QblkPlan *plan)
{
    return plan->existing_job;
}

gboolean
qblk_plan_can_run(const QblkPlan *plan)
{
    return !plan->is_shown_only;
}

/* ---- what it does ---- */

guint
qblk_plan_get_n_warnings(const QblkPlan *plan)
{
    return plan->warnings->len;
}

const char *
qblk_plan_get_warning(const QblkPlan *plan, guint index)
{
    return index < plan->warnings->len ? plan->warnings->pdata[index] : NULL;
}

guint
qblk_plan_get_n_steps(const QblkPlan *plan)
{
    return plan->steps->len;
}

static const QblkStep *
get_step(const QblkPlan *plan, guint index)
{
    return index < plan->steps->len ? plan->steps->pdata[index] : NULL;
}

const char *
qblk_plan_get_step_purpose(const QblkPlan *plan, guint index)
{
    const QblkStep *step = get_step(plan, index);
    return step == NULL ? NULL : step->purpose;
}

const char *
qblk_plan_get_step_command(const QblkPlan *plan, guint index)
{
    const QblkStep *step = get_step(plan, index);
    return step == NULL ? NULL : step->command;
}

gboolean
qblk_plan_stays_ready(const QblkPlan *plan)
{
    return plan->stays_ready;
}

gboolean
qblk_plan_keeps_job(const QblkPlan *plan)
{
    return plan->existing_job && plan->stays_ready && qblk_plan_get_step_command(plan, 0) != NULL;
}

/* The command that changes the chain is the way in which the job ends. */
gboolean
qblk_plan_get_end(const QblkPlan *plan, QblkJobAction *action)
{
    static const struct {
        const char *command;
        QblkJobAction action;
    } ends[] = {
        {"job-finalize", QBLK_JOB_WAIT},
        {"job-complete", QBLK_JOB_PIVOT},
        {"block-job-cancel", QBLK_JOB_FINISH},
    };

    for (guint i = 0; i < plan->steps->len; i++) {
        const QblkStep *step = plan->steps->pdata[i];
        for (gsize j = 0; j < G_N_ELEMENTS(ends) && step->is_final; j++) {
            if (g_strcmp0(step->command, ends[j].command) == 0) {
                if (action != NULL) {
                    *action = ends[j].action;
                }
                return TRUE;
            }
        }
    }
    return FALSE;
}

/* ---- images ---- */

const char *
qblk_plan_get_active_image(const QblkPlan *plan)
{
    const QblkExpectation *top = plan->before->len == 0 ? NULL : plan->before->pdata[0];
    if (top == NULL) {
        return NULL;
    }

    gboolean is_lasting = top->path != NULL && !g_str_has_prefix(top->path, "/proc/");
    return is_lasting ? top->path : top->filename;
}

const char *
qblk_plan_get_copy(const QblkPlan *plan)
{
    return plan->copy;
}

const char *
qblk_plan_get_partial_image(const QblkPlan *plan)
{
    return plan->partial;
}

guint
qblk_plan_get_n_removed(const QblkPlan *plan)
{
    return plan->removed->len;
}

static const QblkRemovedImage *
get_removed(const QblkPlan *plan, guint index)
{
    return index < plan->removed->len ? plan->removed->pdata[index] : NULL;
}

const char *
qblk_plan_get_removed_image(const QblkPlan *plan, guint index)
{
    const QblkRemovedImage *image = get_removed(plan, index);
    return image == NULL ? NULL : qblk_plan_removed_name(image);
}

gboolean
qblk_plan_removed_has_path(const QblkPlan *plan, guint index)
{
    const QblkRemovedImage *image = get_removed(plan, index);
    return image != NULL && !qblk_plan_removed_has_no_name(image);
}

gboolean
qblk_plan_removed_will_delete(const QblkPlan *plan, guint index)
{
    const QblkRemovedImage *image = get_removed(plan, index);
    return image != NULL && image->will_delete;
}

/* ---- what it mends ---- */

guint
qblk_plan_get_n_mends(const QblkPlan *plan)
{
    return plan->mends->len;
}

static const QblkPlannedMend *
get_mend(const QblkPlan *plan, guint index)
{
    return index < plan->mends->len ? plan->mends->pdata[index] : NULL;
}

const char *
qblk_plan_get_mend_text(const QblkPlan *plan, guint index)
{
    const QblkPlannedMend *mend = get_mend(plan, index);
    return mend == NULL ? NULL : mend->text;
}

const char *
qblk_plan_get_mend_result(const QblkPlan *plan, guint index)
{
    const QblkPlannedMend *mend = get_mend(plan, index);
    return mend == NULL ? NULL : mend->result;
}

const char *
qblk_plan_get_mend_obstacle(const QblkPlan *plan, guint index)
{
    const QblkPlannedMend *mend = get_mend(plan, index);
    return mend == NULL ? NULL : mend->remains_because;
}

gboolean
qblk_plan_has_remaining(const QblkPlan *plan)
{
    return qblk_planned_mends_remain(plan->mends);
}
