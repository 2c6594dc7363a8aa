/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan that is accepted can be shown, and is written as it was read. */
#include "fuzz/fuzz.h"

#include <qblk/plan-result.h>
#include <qblk/plans.h>

static void
check_plan(const QblkPlan *plan)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = qblk_plan_to_text(plan);
    g_autofree char *result = qblk_plan_result_to_text(plan, FALSE);
    g_autofree char *json = qblk_plan_to_json(plan);
    g_autoptr(QblkPlan) again = qblk_plan_from_json(json, NULL, &error);

    fuzz_check_shown(text);
    fuzz_check_shown(result);
    g_assert_no_error(error);
    g_autofree char *rewritten = qblk_plan_to_json(again);
    g_assert_cmpstr(rewritten, ==, json);
    g_assert_cmpuint(qblk_plan_get_n_removed(plan), ==, qblk_plan_get_n_removed(again));
    (void)qblk_plan_get_end(plan, NULL);
    (void)qblk_plan_get_active_image(plan);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);
    g_autoptr(GError) error = NULL;

    g_autoptr(QblkPlan) plan = qblk_plan_from_json(text, NULL, &error);
    fuzz_check_error(plan != NULL, error);
    if (plan != NULL) {
        check_plan(plan);
    }

    g_clear_error(&error);
    g_autoptr(QblkPlans) plans = qblk_plans_from_json(text, NULL, &error);
    fuzz_check_error(plans != NULL, error);
    if (plans != NULL) {
        g_autofree char *json = qblk_plans_to_json(plans);
        g_autofree char *shown = qblk_plans_to_text(plans);
        fuzz_check_shown(shown);
    }
    return 0;
}
