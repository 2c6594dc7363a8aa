/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "operation/plans.h"

#include "base/const-cast.h"
#include "lib/check.h"
#include "lib/graph-fixture.h"

#include <qblk/error.h>

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

/* ---- all disks ---- */

static void
each_disk_that_can_be_merged_gets_a_plan(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("read-only");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    const char *const *disks = qblk_snapshot_get_targets(snapshot);
    GError *error = NULL;

    g_autoptr(QblkPlans) plans = qblk_plans_new_pull_all(NULL, snapshot, NULL, NULL, &error);
    assert_no_error(error);
    assert_int_equal(qblk_plans_get_n_plans(plans) + qblk_plans_get_n_skipped(plans),
                     g_strv_length(qblk_const_cast(disks)));
    assert_true(qblk_plans_get_n_skipped(plans) > 0);
    assert_string_equal(qblk_plans_get_skipped_reason(plans, 0), "it is a cdrom");
    assert_null(qblk_plans_get_skipped_target(plans, 1000));
    assert_null(qblk_plans_get_skipped_reason(plans, 1000));
}

static void
a_disk_whose_plan_is_refused_is_an_error(void **state)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("exports");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    g_autoptr(QblkCommitOptions) options = qblk_commit_options_new();
    GError *error = NULL;

    qblk_commit_options_set_end(options, QBLK_COMMIT_PIVOT);
    assert_null(qblk_plans_new_commit_all(NULL, snapshot, options, NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "vda: ");
}

/* ---- as text and JSON ---- */

static QblkPlans *
some_plans(void)
{
    g_autoptr(QblkReplies) replies = graph_fixture_load("drive-5-deep");
    g_autoptr(QblkSnapshot) snapshot = graph_fixture_snapshot(replies);
    QblkPlans *plans = qblk_plans_new_pull_all(NULL, snapshot, NULL, NULL, NULL);

    assert_int_equal(qblk_plans_get_n_plans(plans), 1);
    qblk_plans_skip(plans, "sr0", "it is a cdrom");
    return plans;
}

static void
plans_are_read_as_they_were_written(void **state)
{
    g_autoptr(QblkPlans) plans = some_plans();
    GError *error = NULL;

    g_autofree char *text = qblk_plans_to_json(plans);
    g_autoptr(QblkPlans) read = qblk_plans_from_json(text, NULL, &error);
    assert_no_error(error);
    g_autofree char *again = qblk_plans_to_json(read);
    assert_string_equal(again, text);
    assert_string_equal(qblk_plans_get_skipped_target(read, 0), "sr0");

    g_autofree char *shown = qblk_plans_to_text(plans);
    g_autofree char *one = qblk_plan_to_text(qblk_plans_get_plan(plans, 0));
    assert_string_equal(shown, one);
}

static void
broken_lists_of_plans_are_errors(void **state)
{
    static const struct {
        const char *text;
        int code;
    } cases[] = {
        {"", QBLK_JSON_ERROR_SYNTAX},
        {"{}", QBLK_JSON_ERROR_TYPE},
        {"{\"plans\": {}}", QBLK_JSON_ERROR_TYPE},
        {"{\"plans\": [{}]}", QBLK_JSON_ERROR_TYPE},
        {"{\"plans\": [], \"skipped\": {}}", QBLK_JSON_ERROR_TYPE},
        {"{\"plans\": [], \"skipped\": [{\"target\": \"vda\"}]}", QBLK_JSON_ERROR_TYPE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GError *error = NULL;
        assert_null(qblk_plans_from_json(cases[i].text, NULL, &error));
        assert_error(error, QBLK_JSON_ERROR, cases[i].code, "");
    }
}

static void
two_plans_for_one_disk_are_refused(void **state)
{
    g_autoptr(QblkPlans) plans = some_plans();
    GError *error = NULL;

    qblk_plans_add(plans, qblk_plans_get_plan(plans, 0));
    g_autofree char *text = qblk_plans_to_json(plans);
    assert_null(qblk_plans_from_json(text, NULL, &error));
    assert_error(error, QBLK_BLOCKJOB_ERROR, QBLK_BLOCKJOB_ERROR_REFUSED, "two plans for 'vda'");
}

UNIT_MAIN(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_are_kept_in_order_with_references_of_their_own),
        cmocka_unit_test(the_last_reference_frees_the_plans),
        cmocka_unit_test(each_disk_that_can_be_merged_gets_a_plan),
        cmocka_unit_test(a_disk_whose_plan_is_refused_is_an_error),
        cmocka_unit_test(plans_are_read_as_they_were_written),
        cmocka_unit_test(broken_lists_of_plans_are_errors),
        cmocka_unit_test(two_plans_for_one_disk_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
