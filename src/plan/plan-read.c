/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/plan-read.h"

#include "plan/plan-consistent.h"
#include "plan/plan-json.h"
#include "plan/plan-options.h"

#include <string.h>

/* The path of the layer that the job writes to, to describe its room if the job fails. */
static const char *
find_written(const QblkPlan *plan)
{
    const GPtrArray *const chains[] = {plan->before, plan->after};

    for (gsize i = 0; i < G_N_ELEMENTS(chains); i++) {
        for (guint j = 0; j < chains[i]->len; j++) {
            const QblkExpectation *layer = chains[i]->pdata[j];
            if (g_strcmp0(layer->filename, plan->writes) == 0) {
                return layer->path;
            }
        }
    }
    return NULL;
}

QblkPlan *
qblk_plan_read(const QblkJson *json, const QblkPlanOptions *options, GError **error)
{
    g_autoptr(QblkPlan) plan = qblk_plan_json_read(json, error);
    if (plan == NULL || !qblk_plan_consistent_check(plan, error)) {
        return NULL;
    }

    plan->space.path = plan->writes == NULL ? NULL : g_strdup(find_written(plan));
    plan->is_read = TRUE;
    plan->is_shown_only = options != NULL && options->dry_run;
    plan->is_forced = options != NULL && options->force_managed;
    return g_steal_pointer(&plan);
}
