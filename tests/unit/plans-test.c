/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/plans.h"

#include "lib/check.h"

static void
plans_are_kept_in_order_with_references_of_their_own(void **state)
{
    g_autoptr(QblkPlans) plans = qblk_plans_new();
    assert_int_equal(qblk_plans_get_n_plans(plans), 0);
    assert_null(qblk_plans_get_plan(plans, 0));

    const char *const targets[] = {"vda", "vdb"};
    for (guint i = 0; i < G_N_ELEMENTS(targets); i++) {
        g_autoptr(QblkPlan) plan = qblk_plan_new_empty();
        plan->target = g_strdup(targets[i]);
        qblk_plans_add(plans, plan);
    }

    assert_int_equal(qblk_plans_get_n_plans(plans), 2);
    assert_string_equal(qblk_plans_get_plan(plans, 0)->target, "vda");
    assert_string_equal(qblk_plans_get_plan(plans, 1)->target, "vdb");
    assert_null(qblk_plans_get_plan(plans, 2));
}

static void
the_last_reference_frees_the_plans(void **state)
{
    QblkPlans *plans = qblk_plans_new();
    qblk_plans_skip(plans, "sda", "it is a cdrom");
    QblkPlans *other = qblk_plans_ref(plans);
    qblk_plans_unref(plans);

    const QblkSkippedDisk *skipped = other->skipped->pdata[0];
    assert_string_equal(skipped->target, "sda");
    assert_string_equal(skipped->reason, "it is a cdrom");
    qblk_plans_unref(other);
    qblk_plans_unref(NULL);
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_are_kept_in_order_with_references_of_their_own),
        cmocka_unit_test(the_last_reference_frees_the_plans),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
